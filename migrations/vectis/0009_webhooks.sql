-- Who is told of events by HTTP, and what became of each telling.

create table webhooks (
    id               text primary key,
    domain           text,             -- whose events; null: those of every domain, and the server's own
    url              text not null,
    description      text not null,
    events           text not null,    -- JSON list of types; "*" for all
    secret           text not null,    -- whsec_...
    old_secret       text,             -- the one before, which signs beside it
    old_secret_until text,
    enabled          integer not null check (enabled in (0, 1)),
    disabled_because text,             -- what this server had against it; null: nothing
    delivered_at     text,             -- when it took something last
    created_at       text not null,
    updated_at       text not null
) strict;

-- One for each webhook that wants an event, made in the transaction that makes the event.
create table webhook_deliveries (
    seq          integer primary key,
    id           text not null unique,
    webhook      text not null references webhooks (id) on delete cascade,
    event        text not null references events (id) on delete cascade, -- receivers see it as webhook-id
    type         text not null,
    message      text not null,    -- empty: about none
    status       text not null check (status in ('pending', 'delivered', 'dead')),
    attempts     integer not null default 0, -- since it was made or replayed
    due_at       text not null,    -- of those that are pending
    created_at   text not null,
    updated_at   text not null,
    code         integer,          -- the HTTP status of the last attempt; null: there was no answer
    fault        text,             -- why not (web: fault_name); null: there was one
    detail       text,
    milliseconds integer
) strict;
create index webhook_deliveries_to_make on webhook_deliveries (webhook, due_at) where status = 'pending';
create index webhook_deliveries_of_message on webhook_deliveries (webhook, message) where status = 'pending';
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook, id);
create index webhook_deliveries_of_event on webhook_deliveries (event);

-- The log of deliveries. Written once, never changed.
create table webhook_attempts (
    delivery     text not null references webhook_deliveries (id) on delete cascade,
    at           text not null,
    code         integer,
    fault        text,
    detail       text not null,
    milliseconds integer not null
) strict;
create index webhook_attempts_of_delivery on webhook_attempts (delivery);
create index events_by_time on events (at);
