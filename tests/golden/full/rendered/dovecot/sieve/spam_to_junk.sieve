# Files what Rspamd has marked as spam into Junk. Read and run by Dovecot's LMTP for every delivery,
# before the user's own script.
require ["fileinto", "mailbox"];

if header :is "X-Spam" "Yes" {
    fileinto :create "Junk";
    stop;
}
