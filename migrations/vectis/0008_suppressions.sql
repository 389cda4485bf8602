-- To whom a domain sends nothing more. One row for an address of each domain; what is past expires_at counts for nothing.

create table suppressions (
    id         text primary key,
    domain     text not null, -- that sends
    address    text not null, -- in lower case
    reason     text not null check (reason in ('bounce', 'complaint', 'unsubscribe', 'manual')),
    source     text not null, -- the message's id, or the name of that time of whoever said so
    created_at text not null,
    expires_at text,          -- null: never
    unique (domain, address)
) strict;
