-- What messages are made of again and again, and the links by which their readers get no more of them.

create table templates (
    id          text primary key,
    domain      text,          -- the only one that sends by it; null: every domain may
    name        text not null, -- of no other one of the same domain
    description text not null,
    subject     text not null, -- mustache, as are the other two
    text        text,          -- null: it has none
    html        text,
    created_at  text not null,
    updated_at  text not null,
    check (text is not null or html is not null)
) strict;
create unique index templates_by_name on templates (coalesce(domain, ''), name);

alter table messages add column unsubscribe_url text;    -- of this server, up to the recipient's token; null: it has none
alter table messages add column unsubscribe_mailto text; -- a mailto: URL that stands beside it; null: none does
