-- To how many recipients who may send in an hour.

alter table api_keys add column recipients integer; -- null: as config.yaml says

-- Counted in the transaction of what is sent; older than an hour it is of no use.
create table sent_counts (
    kind       text not null check (kind in ('key', 'domain', 'mailbox')),
    name       text not null, -- a key's id, a domain, an address
    minute     integer not null, -- since 1970
    recipients integer not null,
    primary key (kind, name, minute)
) strict, without rowid;
