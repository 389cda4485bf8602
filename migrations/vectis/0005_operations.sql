-- What the supervisor does for longer than a request waits: begun by the API, and how it ended.

create table operations (
    id          text primary key,
    kind        text not null check (kind in ('apply', 'rollback', 'probes')),
    argument    text not null, -- the plan, the generation, the set of probes
    status      text not null check (status in ('running', 'done', 'failed', 'interrupted')),
    result      text,          -- JSON; null: it is not done
    error       text,          -- JSON; null: it has not failed
    started_by  text not null, -- their name at that time
    started_at  text not null,
    finished_at text
) strict;
create index operations_by_kind on operations (kind, started_at);
