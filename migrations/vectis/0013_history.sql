-- What is searched, counted and, after a while, forgotten.

-- The order in which messages came, for the index of their subjects. Whoever adds or removes a message does so there, too
-- (store/messages): a trigger may not, since this schema is not trusted.
alter table messages add column seq integer;
update messages set seq = rowid;
create unique index messages_by_seq on messages (seq);
create virtual table message_subjects using fts5 (subject, content = 'messages', content_rowid = 'seq',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
insert into message_subjects (rowid, subject) select seq, subject from messages;

create table message_tags (
    tag     text not null,
    message text not null references messages (id) on delete cascade,
    primary key (tag, message)
) strict, without rowid;
create index message_tags_of_message on message_tags (message);
insert or ignore into message_tags (tag, message) select each.value, messages.id from messages, json_each(messages.tags) as each;

create index recipients_by_address on recipients (address collate nocase, message);
-- Most recipients are delivered: those are found without an index.
create index recipients_by_status on recipients (status, message) where status <> 'delivered';

-- How often what happened, counted in the transaction of its event.
create table counts (
    span   text not null check (span in ('hour', 'day')),
    at     text not null, -- when it begins
    domain text not null,
    kind   text not null check (kind in ('all', 'provider', 'tag')),
    name   text not null, -- the provider's or the tag; empty: all
    what   text not null, -- delivered, bounced.hard; bytes; within.NN: delivered in that step of time (store/counts)
    number integer not null,
    primary key (span, domain, kind, name, at, what)
) strict, without rowid;
create index counts_by_time on counts (span, kind, at);
insert into counts (span, at, domain, kind, name, what, number)
    select 'hour', substr(at, 1, 13) || ':00:00.000Z', domain, 'all', '', substr(type, 9), count(*) from events
        where type like 'message.%' group by 2, 3, 6
    union all
    select 'day', substr(at, 1, 10) || 'T00:00:00.000Z', domain, 'all', '', substr(type, 9), count(*) from events
        where type like 'message.%' group by 2, 3, 6;
