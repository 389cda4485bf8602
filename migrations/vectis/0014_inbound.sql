-- What came in by a route of directory.db, as it came.

create table inbound (
    id         text primary key,
    -- Postfix's: what it hands over twice, since it did not hear the first answer, is here once.
    queue_id   text not null,
    recipient  text not null, -- of the envelope
    sender     text not null, -- of the envelope; empty: a bounce
    domain     text not null,
    route      text not null, -- its id, and the two below as they were then
    format     text not null check (format in ('native', 'postmark')),
    webhook    text,
    subject    text not null,
    message_id text not null, -- without its angle brackets
    size       integer not null,
    spam       integer not null check (spam in (0, 1)),
    event      text not null, -- its id
    created_at text not null,
    unique (queue_id, recipient)
) strict;
create index inbound_by_domain on inbound (domain, id);
create index inbound_by_route on inbound (route, id);
create index inbound_by_event on inbound (event);
create index inbound_by_time on inbound (created_at);

create table inbound_contents (
    inbound text primary key references inbound (id) on delete cascade,
    content blob not null
) strict;
