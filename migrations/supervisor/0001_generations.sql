-- supervisor.db: what the supervisor did and has to finish. Only the supervisor opens it.

-- The configurations that were made. The files live in generations/<number>; the bytes here are what they were when
-- they were written, so that a file edited by hand is found and can be put back.
create table generations (
    number        integer primary key,
    made_at       text not null,
    config_sha256 text not null,
    summary       text not null
) strict;

create table contents (
    sha256 text primary key,
    bytes  text not null
) strict, without rowid;

create table generation_files (
    generation integer not null references generations (number) on delete cascade,
    path       text not null,
    sha256     text not null references contents (sha256),
    mode       integer not null,
    owner      text not null,
    grp        text not null,
    services   text not null,
    primary key (generation, path)
) strict, without rowid;

-- The journal of applies and rollbacks. `outcome` is null while one runs: at start such a row is finished or undone.
create table applies (
    id          text primary key,
    kind        text not null check (kind in ('apply', 'rollback')),
    from_number integer not null,
    to_number   integer not null,
    undoing     integer not null default 0 check (undoing in (0, 1)),
    started_at  text not null,
    finished_at text,
    outcome     text check (outcome in ('confirmed', 'undone', 'discarded')),
    error       text
) strict;

-- Which configuration each running unit has read: a kill between the switch and a reload leaves a digest that differs.
create table loaded (
    unit          text primary key,
    invocation_id text not null,
    digest        text not null
) strict, without rowid;

-- Events that arise here and that others take and acknowledge (unit failures, updates).
create table outbox (
    id   text primary key,
    at   text not null,
    type text not null,
    data text not null
) strict;
