<?php
// Roundcube's settings. Read by Roundcube at each request, over Debian's defaults in /etc/roundcube/defaults.inc.php; Vectis renders
// it from /etc/vectis/config.yaml. Do not edit: `vectis plan` shows a change made here as drift and `vectis apply` takes it back.

$config = [];

// Contacts, settings and sessions; mail and filters are Dovecot's.
$config['db_dsnw'] = 'sqlite:////var/lib/vectis-webmail/roundcube.db?mode=0600';
$config['temp_dir'] = '/var/lib/vectis-webmail/tmp';
// Encrypts the password that a session needs to talk to Dovecot.
$config['des_key'] = trim((string) file_get_contents('/var/lib/vectis-webmail/key'));

// --- The servers: this host, where no certificate has to be checked ------------------------------------------------------
$here = ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]];
$config['imap_host'] = 'ssl://127.0.0.1:993';
$config['imap_conn_options'] = $here;
$config['smtp_host'] = 'ssl://127.0.0.1:465';

$config['smtp_conn_options'] = $here;
$config['smtp_user'] = '%u';
$config['smtp_pass'] = '%p';
$config['smtp_helo_host'] = "mail.example.test";
$config['useragent'] = null;
$config['mail_domain'] = '%d';
$config['username_domain'] = "example.test";
$config['max_message_size'] = "52428800";

// --- Logging in ------------------------------------------------------------------------------------------------------------
$config['log_driver'] = 'syslog';
$config['syslog_id'] = 'roundcube';
$config['log_logins'] = true;
$config['login_rate_limit'] = 10;
$config['session_lifetime'] = 60;
$config['session_samesite'] = 'Strict';
$config['use_https'] = true;
$config['display_product_info'] = 0;
$config['product_name'] = 'Webmail';
$config['support_url'] = '';
$config['enable_installer'] = false;

// --- What people can do ----------------------------------------------------------------------------------------------------
$config['plugins'] = ['archive', 'managesieve', 'markasjunk', 'newmail_notifier', 'password'];
$config['skin'] = 'elastic';
$config['enable_spellcheck'] = false;
// Dovecot makes and announces the special folders.
$config['create_default_folders'] = false;
$config['drafts_mbox'] = 'Drafts';
$config['junk_mbox'] = 'Junk';
$config['sent_mbox'] = 'Sent';
$config['trash_mbox'] = 'Trash';
$config['archive_mbox'] = 'Archive';
// Moving a message there teaches Rspamd; nothing more is to be done.
$config['markasjunk_learning_driver'] = null;
$config['markasjunk_spam_mbox'] = 'Junk';

$config['managesieve_host'] = 'tls://127.0.0.1:4190';
$config['managesieve_conn_options'] = $here;
$config['managesieve_vacation'] = 1;
$config['managesieve_forward'] = 1;

$config['password_driver'] = 'poppassd';
$config['password_pop_host'] = 'unix:///run/vectis-password.sock';
$config['password_pop_port'] = 0;
$config['password_confirm_current'] = true;
$config['password_minimum_length'] = 8;
