-- What the API changes: when rows were made and changed, and which changes have been made.

alter table domains add column created_at text not null default '';
alter table domains add column updated_at text not null default '';
alter table mailboxes add column created_at text not null default '';
alter table mailboxes add column updated_at text not null default '';
alter table aliases add column created_at text not null default '';
alter table aliases add column updated_at text not null default '';

-- A change that is asked for again, because nobody heard the answer, is answered and not made again.
create table changes (
    id     text primary key,
    at     text not null,
    result text not null -- JSON
) strict, without rowid;
create index changes_by_age on changes (at);

-- The DKIM keys of the domains that the API made; their files are in /var/lib/vectis/dkim.
create table dkim_keys (
    domain     text not null references domains (name) on delete cascade,
    selector   text not null,
    algorithm  text not null check (algorithm in ('rsa', 'ed25519')),
    -- 0: published for what was signed before, or not seen in DNS yet.
    signs      integer not null check (signs in (0, 1)),
    created_at text not null,
    primary key (domain, selector)
) strict, without rowid;
