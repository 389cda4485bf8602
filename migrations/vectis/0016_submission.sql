-- What people send by submission (ports 587 and 465) is followed beside what programs send by the API.

-- Of what came by submission there is no subject, no content and no tag: only the log tells of it.
alter table messages add column origin text not null default 'api' check (origin in ('api', 'submission'));
create index messages_by_origin on messages (origin, id);

-- The address that the sender gave, where an alias led from there to this one; null: it is this one.
alter table recipients add column original_to text;

-- By which ways in the messages came that a webhook is told of: JSON list.
alter table webhooks add column origins text not null default '["api"]';

-- The queue ids under which Postfix has had mail that came by submission. They stay as long as the message does: a line of
-- the log that is read once more makes no second one.
create table submissions (
    queue_id   text primary key,
    message    text references messages (id) on delete cascade, -- null: it is on its way in
    mailbox    text not null, -- whose login it was
    message_id text not null, -- without its angle brackets; empty: not known
    at         text not null  -- when Postfix began to take it
) strict, without rowid;
create index submissions_of_message on submissions (message);
create index submissions_on_their_way on submissions (at) where message is null;
