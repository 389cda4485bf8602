-- Passwords that a mailbox's owner gives to one program each. The first 8 characters of one find its row, so that Dovecot compares
-- one hash at a login, however many there are.
create table app_passwords (
    id         text primary key,
    mailbox    text not null references mailboxes (id) on delete cascade,
    name       text not null,
    lookup     text not null,
    hash       text not null, -- {ARGON2ID}$argon2id$..., of all of it
    protocols  text not null, -- ' imap smtp ': each between spaces, as Dovecot names them
    created_at text not null,
    unique (mailbox, name),
    unique (mailbox, lookup)
) strict;
