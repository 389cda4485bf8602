-- directory.db: who has mail here. Written by the supervisor alone; read by Postfix and Dovecot at every lookup.
-- Addresses and names are stored in lower case; a lookup is one indexed read of one of the views below.

create table meta (
    key   text primary key,
    value text not null
) strict;

create table domains (
    id         text primary key,
    name       text not null unique,
    -- An alias domain names the domain whose addresses it repeats; it has no mailboxes of its own.
    alias_of   text references domains (name) deferrable initially deferred,
    catch_all  text,
    active     integer not null default 1 check (active in (0, 1)),
    managed_by text not null check (managed_by in ('config', 'api', 'system'))
) strict;

create table mailboxes (
    id                text primary key,
    address           text not null unique,
    domain            text not null references domains (name) deferrable initially deferred,
    local_part        text not null,
    display_name      text not null default '',
    -- A Dovecot password with its scheme, for example {ARGON2ID}$argon2id$...; null: nobody can log in.
    password          text,
    -- What config.yaml declared when it last set `password`; a change by the user leaves it as it is.
    declared_password text,
    -- Bytes; 0 is unlimited.
    quota             integer not null default 0 check (quota >= 0),
    -- 0: suspended, neither receives nor logs in; its mail stays.
    active            integer not null default 1 check (active in (0, 1)),
    managed_by        text not null check (managed_by in ('config', 'api', 'system'))
) strict;
create index mailboxes_domain on mailboxes (domain);

create table aliases (
    id         text primary key,
    address    text not null unique,
    domain     text not null references domains (name) deferrable initially deferred,
    active     integer not null default 1 check (active in (0, 1)),
    managed_by text not null check (managed_by in ('config', 'api', 'system'))
) strict;
create index aliases_domain on aliases (domain);

create table alias_destinations (
    alias_id    text not null references aliases (id) on delete cascade,
    destination text not null,
    primary key (alias_id, destination)
) strict, without rowid;
