-- The owners of mailboxes log in, too: a session is an administrator's or a mailbox's.

create table sessions_2 (
    id         text primary key,
    admin      text references admins (id) on delete cascade,
    mailbox    text, -- its id in directory.db: whether it is still there, that says
    -- Of the mailbox's password, as it was at the login, and this session's secret: SHA-256, in hexadecimal. Another password has
    -- another, and ends the session.
    password   text,
    secret     text not null unique, -- SHA-256 of what the cookie holds, in hexadecimal
    csrf       text not null,        -- what a change must show beside the cookie
    created_at text not null,
    seen_at    text not null,
    address    text not null,
    agent      text not null,
    check ((admin is null) <> (mailbox is null)),
    check ((mailbox is null) = (password is null))
) strict;
insert into sessions_2 (id, admin, secret, csrf, created_at, seen_at, address, agent)
    select id, admin, secret, csrf, created_at, seen_at, address, agent from sessions;
drop table sessions;
alter table sessions_2 rename to sessions;
create index sessions_by_admin on sessions (admin);
create index sessions_by_mailbox on sessions (mailbox);

-- From where somebody has logged in before: others' failures do not keep them out from there.
create table known_addresses_2 (
    admin   text references admins (id) on delete cascade,
    mailbox text,
    address text not null,
    seen_at text not null,
    check ((admin is null) <> (mailbox is null)),
    unique (admin, address),
    unique (mailbox, address)
) strict;
insert into known_addresses_2 (admin, address, seen_at) select admin, address, seen_at from known_addresses;
drop table known_addresses;
alter table known_addresses_2 rename to known_addresses;
create index known_addresses_by_age on known_addresses (seen_at);
