-- Who may use the API, what they did, and what they were answered.

-- More roles; their domains; a second factor.
create table admins_2 (
    id                   text primary key,
    email                text not null unique, -- in lower case
    name                 text not null default '',
    -- {ARGON2ID}$argon2id$...
    password             text not null,
    -- 1: the password was made for them; nothing else is allowed until they have chosen another.
    must_change_password integer not null default 0 check (must_change_password in (0, 1)),
    role                 text not null check (role in ('super_admin', 'admin', 'domain_admin')),
    -- JSON list of the domains that a domain_admin may see and change; of the others it is empty.
    domains              text not null default '[]',
    suspended            integer not null default 0 check (suspended in (0, 1)),
    created_at           text not null,
    updated_at           text not null,
    -- When a made password was shown to somebody. Null: nobody has seen it, so setup may make another.
    announced_at         text
) strict;
insert into admins_2 (id, email, password, must_change_password, role, created_at, updated_at, announced_at)
    select id, email, password, must_change_password, role, created_at, created_at, announced_at from admins;
drop table admins;
alter table admins_2 rename to admins;

create table api_keys (
    id           text primary key,
    name         text not null unique,
    -- Whose rights it never exceeds; null: made by an administrator of this host, on the administrators' socket.
    admin        text references admins (id) on delete cascade,
    secret       text not null, -- SHA-256 of it, in hexadecimal
    -- After a rotation: the secret of before, and until when it is taken.
    old_secret   text,
    old_until    text,
    role         text not null check (role in ('super_admin', 'admin', 'domain_admin')),
    scopes       text not null, -- JSON list
    domains      text,          -- JSON list; null: every domain of its role
    networks     text,          -- JSON list; null: from everywhere
    rate         integer not null check (rate > 0), -- requests a minute
    expires_at   text,
    created_at   text not null,
    updated_at   text not null
) strict;

-- Written to, never changed. Each row holds the hash of the one before it, and the head that of the last.
create table audit (
    seq        integer primary key,
    at         text not null,
    actor      text not null, -- their name at that time
    actor_id   text,
    credential text not null, -- socket, key
    address    text not null, -- where they came from; empty on the administrators' socket
    action     text not null, -- admin.create
    target     text not null, -- what it was done to, by name
    target_id  text,
    before     text,          -- JSON; null: it was not there
    after      text,          -- JSON; null: it is no more
    request_id text not null,
    hash       text not null
) strict;
create table audit_head (
    one  integer primary key check (one = 1),
    seq  integer not null,
    hash text not null
) strict;
insert into audit_head (one, seq, hash) values (1, 0, '');
create trigger audit_is_not_changed before update on audit begin select raise(abort, 'audit is only added to'); end;
create trigger audit_is_not_shortened before delete on audit begin select raise(abort, 'audit is only added to'); end;

-- What an Idempotency-Key was answered, for a day.
create table idempotency (
    actor      text not null, -- the credential's id
    key        text not null,
    request    text not null, -- SHA-256 of method, path and body
    answer     text not null, -- JSON
    created_at text not null,
    primary key (actor, key)
) strict, without rowid;
create index idempotency_by_age on idempotency (created_at);
