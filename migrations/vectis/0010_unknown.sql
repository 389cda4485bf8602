-- A recipient whose message Postfix no longer has, and whose end its log does not tell, is 'unknown'. SQLite changes no
-- check: the table is made anew. No other table refers to it.

create table new_recipients (
    id         integer primary key, -- the token in the envelope sender names it
    message    text not null references messages (id) on delete cascade,
    address    text not null,
    status     text not null check (status in
        ('queued', 'sent', 'delivered', 'deferred', 'bounced', 'expired', 'suppressed', 'canceled', 'unknown')),
    queue_id   text,             -- Postfix's; null: Postfix does not have it
    attempts   integer not null default 0, -- to hand it to Postfix
    due_at     text not null,    -- of those that are queued: when it is handed to Postfix
    code       text,             -- the enhanced status code of the last answer (RFC 3463)
    answer     text,             -- the last answer itself: strangers' text
    relay      text,             -- who gave it
    updated_at text not null
) strict;
insert into new_recipients (id, message, address, status, queue_id, attempts, due_at, code, answer, relay, updated_at)
    select id, message, address, status, queue_id, attempts, due_at, code, answer, relay, updated_at from recipients;
drop table recipients;
alter table new_recipients rename to recipients;
create index recipients_of_message on recipients (message);
create index recipients_by_queue_id on recipients (queue_id) where queue_id is not null;
create index recipients_to_hand_over on recipients (due_at) where status = 'queued';
create index recipients_at_postfix on recipients (updated_at) where status in ('sent', 'deferred');
