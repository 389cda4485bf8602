-- Which mail is told to webhooks. A route has the name of what it is for: an address, or a domain.

create table inbound_routes (
    id         text primary key,
    name       text not null unique,
    domain     text not null references domains (name) deferrable initially deferred,
    -- address: that address and its sub-addresses; all: everything of the domain; domain: what nobody else there gets.
    match      text not null check (match in ('address', 'domain', 'all')),
    -- 0: the mail goes to the API alone; 1: it is delivered as it would be without the route, and the API has a copy.
    keep_copy  integer not null check (keep_copy in (0, 1)),
    format     text not null check (format in ('native', 'postmark')),
    webhook    text, -- its id in vectis.db; null: those of the domain that want such events
    created_at text not null,
    updated_at text not null
) strict;
create index inbound_routes_domain on inbound_routes (domain);
