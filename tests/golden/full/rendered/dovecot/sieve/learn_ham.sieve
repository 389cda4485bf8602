# Teaches Rspamd that a message is no spam. Read and run by Dovecot's imap after somebody has moved or copied it out of
# Junk; to throw spam away says nothing about it.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

if environment :matches "imap.mailbox" "*" {
    set "mailbox" "${1}";
}
if string "${mailbox}" "Trash" {
    stop;
}
pipe :copy "learn-ham";
