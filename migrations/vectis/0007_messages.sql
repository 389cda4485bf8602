-- What applications send through the API, and what became of it for each recipient.

create table messages (
    id          text primary key,
    domain      text not null, -- of the address in From
    sent_by     text not null, -- the key's or the administrator's name of that time
    sender      text not null, -- the address in From
    subject     text not null,
    message_id  text not null, -- without its angle brackets
    tags        text not null, -- JSON list
    metadata    text not null, -- JSON object
    size        integer not null,
    created_at  text not null,
    send_at     text           -- null: at once
) strict;
create index messages_by_domain on messages (domain, id);
create index messages_by_message_id on messages (message_id);

-- As it goes out; kept until Postfix has it for every recipient.
create table message_contents (
    message text primary key references messages (id) on delete cascade,
    content blob not null
) strict;

create table recipients (
    id         integer primary key, -- the token in the envelope sender names it
    message    text not null references messages (id) on delete cascade,
    address    text not null,
    status     text not null check (status in
        ('queued', 'sent', 'delivered', 'deferred', 'bounced', 'expired', 'suppressed', 'canceled')),
    queue_id   text,             -- Postfix's; null: Postfix does not have it
    attempts   integer not null default 0, -- to hand it to Postfix
    due_at     text not null,    -- of those that are queued: when it is handed to Postfix
    code       text,             -- the enhanced status code of the last answer (RFC 3463)
    answer     text,             -- the last answer itself: strangers' text
    relay      text,             -- who gave it
    updated_at text not null
) strict;
create index recipients_of_message on recipients (message);
create index recipients_by_queue_id on recipients (queue_id) where queue_id is not null;
create index recipients_to_hand_over on recipients (due_at) where status = 'queued';

-- Each change of a recipient's state. Written once, never changed.
create table events (
    seq       integer primary key,
    id        text not null unique,
    at        text not null,
    type      text not null, -- message.delivered; surface/events
    domain    text not null,
    message   text not null,
    recipient text not null,
    data      text not null  -- JSON
) strict;
create index events_of_message on events (message);

-- Made by this server for itself.
create table own_secrets (
    name  text primary key, -- bounce: what signs the tokens in envelope senders
    value text not null     -- hexadecimal
) strict;

-- Where the journal was read to; it changes with what was read.
create table tracking (
    one    integer primary key check (one = 1),
    cursor text not null
) strict;
