-- vectis.db: everything that belongs to the API. Here: who may administer this server.

create table admins (
    id                   text primary key,
    email                text not null unique, -- in lower case
    -- {ARGON2ID}$argon2id$...
    password             text not null,
    -- 1: the password was made for them; nothing else is allowed until they have chosen another.
    must_change_password integer not null default 0 check (must_change_password in (0, 1)),
    role                 text not null check (role in ('super_admin')),
    created_at           text not null,
    -- When a made password was shown to somebody. Null: nobody has seen it, so setup may make another.
    announced_at         text
) strict;
