-- Whose mail is kept back, and by what one finds out whose should be.

alter table messages add column key text; -- the id of the API key that sent it; null: no key did

-- Kept back: whoever sent it is held (holds). It is queued all the same.
alter table recipients add column held integer not null default 0 check (held in (0, 1));
drop index recipients_to_hand_over;
create index recipients_to_hand_over on recipients (due_at) where status = 'queued' and held = 0;
create index recipients_held on recipients (message) where status = 'queued' and held = 1;

create table holds (
    id         text primary key,
    kind       text not null check (kind in ('key', 'mailbox')),
    name       text not null, -- a key's id; an address, in lower case
    sender     text not null, -- as people call it: the key's name of that time, the address
    domain     text not null, -- that it sends for; empty: not known
    reason     text not null check (reason in ('spike', 'bounces', 'complaints', 'manual')),
    detail     text not null, -- the same in a sentence; empty: whoever held it has said nothing
    held_by    text not null,
    created_at text not null,
    ending     text check (ending in ('release', 'discard')), -- what becomes of its mail; null: it waits
    unique (kind, name)
) strict;

-- Who is left alone for a while, since somebody has just judged it or was told of it.
create table left_alone (
    kind  text not null,
    name  text not null,
    until text not null,
    primary key (kind, name)
) strict, without rowid;

-- What each sender did in an hour, counted in the transaction of each event.
create table sender_hours (
    kind       text not null check (kind in ('key', 'mailbox')),
    name       text not null,
    hour       text not null, -- when it begins
    domain     text not null, -- that it sent for last
    recipients integer not null default 0, -- accepted from it
    bounced    integer not null default 0,
    complained integer not null default 0,
    primary key (kind, name, hour)
) strict, without rowid;
create index sender_hours_by_time on sender_hours (hour);
