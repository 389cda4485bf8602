-- What readers do with a message, where whoever sent it asked to know.

alter table messages add column track_opens integer not null default 0;  -- 0 or 1
alter table messages add column track_clicks integer not null default 0;

-- The HTML of a message of which each recipient gets another, as it was given. Kept as long as the content that it is a
-- part of.
create table tracked_html (
    message text primary key references message_contents (message) on delete cascade,
    html    text not null,
    pixel   integer,          -- where in it the picture goes that tells of an opening; null: there is none
    base    text not null,    -- what the links of this server begin with
    at      integer not null, -- of its part in the content
    length  integer not null
) strict;

-- Where a link of ours leads to; nowhere else does any.
create table tracked_links (
    message text not null references messages (id) on delete cascade,
    number  integer not null, -- in the message
    url     text not null,
    at      integer not null, -- of what it replaces in the HTML
    length  integer not null,
    primary key (message, number)
) strict, without rowid;

-- How often somebody opened a message or followed its links, as far as it was written down.
create table readings (
    recipient integer not null references recipients (id) on delete cascade,
    kind      text not null check (kind in ('opened', 'clicked')),
    first_at  text not null,
    events    integer not null,
    primary key (recipient, kind)
) strict, without rowid;
