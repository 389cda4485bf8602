-- Administrators who log in: their sessions, and their second factor.

create table sessions (
    id         text primary key,
    admin      text not null references admins (id) on delete cascade,
    secret     text not null unique, -- SHA-256 of what the cookie holds, in hexadecimal
    csrf       text not null,        -- what a change must show beside the cookie
    created_at text not null,
    seen_at    text not null,
    address    text not null,
    agent      text not null
) strict;
create index sessions_by_admin on sessions (admin);

create table second_factors (
    admin      text primary key references admins (id) on delete cascade,
    secret     text not null, -- base32, as authenticators take it
    -- Null: shown, and not yet proved by a code.
    enabled_at text,
    -- The time step of the last code that was taken: each is taken once (RFC 6238 section 5.2).
    last_step  integer not null default 0
) strict;

create table recovery_codes (
    admin text not null references admins (id) on delete cascade,
    hash  text not null, -- SHA-256, in hexadecimal
    primary key (admin, hash)
) strict, without rowid;

-- Where an administrator has logged in from before: others' failures do not keep them out from there.
create table known_addresses (
    admin   text not null references admins (id) on delete cascade,
    address text not null,
    seen_at text not null,
    primary key (admin, address)
) strict, without rowid;
