-- What the supervisor was asked to do and nobody knows yet whether it did: asked again with the same id, it does nothing twice.

create table errands (
    id              text primary key,
    at              text not null,
    who             text not null, -- JSON: who asked, for the audit log
    credential_id   text not null,
    request_id      text not null,
    idempotency_key text,
    request         text not null, -- SHA-256 of method, path and body
    action          text not null, -- mailbox.create
    change          text not null, -- JSON, for the supervisor
    answer          text not null  -- JSON: how the answer is made of its result
) strict;
create unique index errands_by_key on errands (credential_id, idempotency_key);
