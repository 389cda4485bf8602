# Teaches Rspamd that a message is spam. Read and run by Dovecot's imap after somebody has moved or copied it into Junk.
require ["vnd.dovecot.pipe", "copy", "imapsieve"];

pipe :copy "learn-spam";
