"""Each readiness probe is green on a good server, red for its own fault and green again afterwards, and leaves nothing behind."""

import contextlib
import json
import os

import mail
from machine import wait_until

LIB = "/var/lib/vectis"
MIB = 1 << 20
# In a queue file the time of arrival is a record: T, a byte with the length, "seconds" and perhaps " microseconds".
# Written in place: a queue file is named after its inode.
BACKDATE = """
import re, sys
with open(sys.argv[1], "r+b") as file:
    came = re.search(rb"T[\\x0a-\\x14]([0-9]{10})", file.read())
    file.seek(came.start(1))
    file.write(str(int(came[1]) - int(sys.argv[2])).encode())
"""


def rows(server):
    """Runs every probe; returns {name: row}."""
    return {row["probe"]: row for row in
            json.loads(server.exec("vectis", "health", "--all", "--json", check=False).stdout)["probes"]}


def probe(server, *names):
    """The same, once, with the exit status that belongs to it. With names: these are red."""
    done = server.exec("vectis", "health", "--all", "--json", check=False)
    rows = {row["probe"]: row for row in json.loads(done.stdout)["probes"]}
    red = {name for name, row in rows.items() if not row["passed"]}
    assert done.returncode == (1 if red else 0), done.stdout
    if names:
        assert set(names) <= red, f"expected {names} red, saw {sorted(red)}: {done.stdout}"
    return rows


def alone_red(server, name):
    """Runs every probe, of which this one is red and no other; its detail."""
    rows = probe(server, name)
    assert [row["probe"] for row in rows.values() if not row["passed"]] == [name], rows
    return rows[name]["detail"]


def assert_green(server):
    rows = probe(server)
    assert all(row["passed"] for row in rows.values()), [row for row in rows.values() if not row["passed"]]
    return rows


@contextlib.contextmanager
def stopped(server, unit):
    """Masked at run time as well: the supervisor would start it again."""
    server.exec("systemctl", "mask", "--runtime", "--now", unit)
    try:
        yield
    finally:
        server.exec("systemctl", "unmask", "--runtime", unit)
        server.exec("systemctl", "start", unit)


@contextlib.contextmanager
def edited(server, path, reload, *expressions):
    """A file of a daemon edited by hand, with sed."""
    path = server.out("readlink", "-f", path)
    before = server.read(path)
    server.exec("sed", "-i", *(word for each in expressions for word in ("-e", each)), path)
    try:
        assert server.read(path) != before
        server.exec(*reload)
        yield
    finally:
        server.write(path, before)
        server.exec(*reload)


def postfix_with(server, *expressions, file="main.cf"):
    return edited(server, f"/etc/postfix/{file}", ("postfix", "reload"), *expressions)


def dovecot_with(server, *expressions, file="/etc/dovecot/dovecot.conf"):
    """A restart: a reload is over before the auth processes of before have gone. As often as tests like."""
    return edited(server, file, ("systemctl reset-failed dovecot.service && systemctl restart dovecot.service",), *expressions)


@contextlib.contextmanager
def moved_away(server, path):
    server.exec("mv", path, path + ".away")
    try:
        yield
    finally:
        server.exec("mv", path + ".away", path)


def test_every_probe_is_green_on_a_good_server(lab):
    rows = assert_green(lab.vectis())
    assert set(rows) == {"passwords", "mail", "gtube", "directory", "relay", "relay_local", "inbound", "certificate", "queue",
                         "resolver", "delivery", "dkim", "webmail"}


def test_run_after_run_is_green_on_a_good_server(lab):
    server = lab.vectis()
    for number in range(int(os.environ.get("VECTIS_HEALTHY_RUNS", "5"))):
        rows = probe(server)
        assert all(row["passed"] for row in rows.values()), (number, [row for row in rows.values() if not row["passed"]])


def test_the_wrong_passwords_of_a_run_come_from_addresses_of_their_own(lab):
    """Dovecot would answer the second one from the same address seconds later, and the right one after it."""
    server = lab.vectis()
    server.exec("systemctl", "restart", "dovecot.service")      # forgets who failed
    server.wait("vectis", "health")
    held_against = [line.split()[:2] for line in server.out("doveadm", "penalty").splitlines()[1:]]
    assert [penalty for _, penalty in held_against] == ["1", "1"], held_against
    assert len({address for address, _ in held_against}) == 2, held_against


def test_probes_leave_no_message_behind_also_when_two_run_at_once(lab):
    server = lab.vectis()
    mailbox = f"vectis-probe@{server.hostname}"
    folders = [folder for folder in server.out("doveadm", "mailbox", "list", "-u", mailbox).split("\n")]
    server.exec("doveadm", "expunge", "-u", mailbox, "mailbox", "*", "all")
    learned = mail.learned(server)
    first, second = (server.spawn("vectis", "health", "--all", stdout=-1) for _ in range(2))
    assert (first.wait(60), second.wait(60)) == (0, 0), first.stdout.read() + second.stdout.read()
    for folder in folders:
        assert server.out("doveadm", "mailbox", "status", "-u", mailbox, "messages", folder).endswith("messages=0"), folder
    assert mail.learned(server) == learned


def test_dovecot_stopped_makes_mail_red(lab):
    server = lab.vectis()
    with stopped(server, "dovecot.service"):
        probe(server, "mail", "passwords", "directory")
    assert_green(server)


def test_submission_answers_as_soon_as_dovecot_is_back(lab):
    """A process of Postfix's that starts meanwhile can ask nobody for passwords, and ends; Postfix waits before the next one."""
    server = lab.vectis()
    server.exec("systemctl", "restart", server.postfix)     # no process of before is left
    since = server.out("date", "+@%s")
    with stopped(server, "dovecot.service"):
        greeting(server, 3)
        wait_until(lambda: "throttling" in server.out("journalctl", "-q", "-o", "cat", "-u", server.postfix, "--since", since), 30, "Postfix to wait")
    assert greeting(server, 20).startswith("220 ")
    assert_green(server)


def greeting(server, seconds):
    return server.exec("bash", "-c", f"read -t {seconds} line < <(timeout {seconds} openssl s_client -quiet -connect 127.0.0.1:465 2>&1 "
                                     '</dev/null | grep --line-buffered "^220"); echo "$line"', check=False).stdout


def test_an_open_relay_is_red_from_outside_and_from_this_host(lab):
    server = lab.vectis()
    with postfix_with(server, "s|^mynetworks =.*|mynetworks = 198.18.25.0/29 127.0.0.0/8|",
                      "s|^smtpd_relay_restrictions = |smtpd_relay_restrictions = permit_mynetworks, |"):
        rows = probe(server, "relay", "relay_local")
        assert "250" in rows["relay"]["detail"] and "open relay" in rows["relay"]["detail"], rows["relay"]
    assert_green(server)


def test_unfiltered_and_unsigned_mail_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s|^smtpd_milters =.*|smtpd_milters =|"):
        rows = probe(server, "gtube", "mail")
        assert "GTUBE was answered with '250" in rows["gtube"]["detail"], rows["gtube"]
        assert "no valid DKIM signature" in rows["mail"]["detail"], rows["mail"]
    assert_green(server)


def test_rspamd_stopped_makes_mail_red(lab):
    server = lab.vectis()
    with stopped(server, "rspamd.service"):
        probe(server, "mail", "gtube")
    # Its start job ends before its socket listens.
    server.wait("vectis", "health")
    assert_green(server)


def test_a_missing_or_unreadable_dkim_key_is_red(lab):
    server = lab.vectis()
    key = f"{LIB}/dkim/{server.hostname}/e1.key"
    with moved_away(server, key):
        rows = probe(server, "mail", "dkim")
        assert "ed25519-sha256" in rows["mail"]["detail"], rows["mail"]
        assert key in rows["dkim"]["detail"], rows["dkim"]
    server.exec("chmod", "0600", key)
    probe(server, "dkim")
    server.exec("chmod", "0640", key)
    assert_green(server)


def test_a_directory_that_the_daemons_cannot_open_is_red(lab):
    server = lab.vectis()
    with moved_away(server, f"{LIB}/directory/directory.db-shm"):
        rows = probe(server, "directory")
        assert "directory.db-shm" in rows["directory"]["detail"], rows["directory"]
    server.exec("chmod", "0644", f"{LIB}/directory/directory.db")
    probe(server, "directory")
    server.exec("chmod", "0640", f"{LIB}/directory/directory.db")
    assert_green(server)


def test_unbound_stopped_makes_resolver_red(lab):
    server = lab.vectis()
    with stopped(server, "unbound.service"):
        probe(server, "resolver")
    assert_green(server)


def test_another_certificate_than_the_configured_one_is_red(lab):
    server = lab.vectis()
    with moved_away(server, f"{LIB}/tls/self_signed.crt"):
        server.exec("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=other.test", "-keyout", "/dev/null", "-out", f"{LIB}/tls/self_signed.crt")
        probe(server, "certificate")
    # An smtpd that was started meanwhile has the certificate without its key for as long as it lives.
    server.exec("systemctl", "reload", server.postfix)
    assert_green(server)


# What lets any password in: everywhere, and where the service that asks is imap.
ANYWHERE = {
    "2.3": ("/^passdb {/,/^}/ s/driver = .*/driver = static/", "/^passdb {/,/^}/ s/args = .*/args = nopassword=y/"),
    "2.4": (r"/^passdb sql {/,/^}/ c passdb static {\n  fields {\n    nopassword = yes\n  }\n}",)}
BY_IMAP = {"2.3": ("%s", f"{LIB}/current/dovecot/directory.conf"), "2.4": ("%{protocol}", "/etc/dovecot/dovecot.conf")}


def test_a_server_that_lets_any_password_in_is_red(lab):
    server = lab.vectis()
    with dovecot_with(server, *ANYWHERE[server.dovecot]):
        detail = alone_red(server, "passwords")
        assert "a wrong password at port 587 was answered with '235 " in detail, detail
    service, file = BY_IMAP[server.dovecot]
    with dovecot_with(server, f"s/coalesce(p.hash, m.password) as password from/case '{service}' when 'imap' then null else m.password end as password, "
                              f"case '{service}' when 'imap' then 'y' end as nopassword from/", file=file):
        detail = alone_red(server, "passwords")
        assert "a wrong password at port 993 was answered with 'OK'" in detail, detail
    assert_green(server)


def test_port_25_that_takes_passwords_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s/^smtpd_sasl_auth_enable = no/smtpd_sasl_auth_enable = yes/"):
        assert "port 25 offers AUTH" in alone_red(server, "inbound")
    assert_green(server)


def test_mail_accepted_for_nobody_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s/^smtpd_reject_unlisted_recipient = yes/smtpd_reject_unlisted_recipient = no/",
                      r"/^ *reject_unlisted_recipient,\?$/d"):
        detail = alone_red(server, "inbound")
        assert "vectis-nobody-" in detail and "was answered with '250 " in detail and "expected 550" in detail, detail
    assert_green(server)


def test_mail_from_outside_refused_for_a_mailbox_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s/^smtpd_recipient_restrictions = /&reject, /"):
        rows = probe(server, "inbound", "delivery")
        assert f"RCPT TO:<vectis-probe@{server.hostname}> was answered with '554 " in rows["inbound"]["detail"], rows["inbound"]
        assert rows["mail"]["passed"], rows["mail"]
    assert_green(server)


def test_port_25_without_tls_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s/^smtpd_tls_security_level = may/smtpd_tls_security_level = none/"):
        rows = probe(server, "inbound", "certificate", "delivery")
        assert "STARTTLS was answered with '5" in rows["inbound"]["detail"], rows["inbound"]
    assert_green(server)


def test_port_25_that_refuses_every_message_from_outside_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s/^smtpd  *pass .*/&\\n    -o smtpd_data_restrictions=reject/", file="master.cf"):
        detail = alone_red(server, "delivery")
        assert "an ordinary message was answered with '554 " in detail and "port 25" in detail, detail
    assert_green(server)


def test_mail_that_is_accepted_and_thrown_away_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s/^virtual_transport = .*/virtual_transport = discard:/"):
        rows = probe(server, "delivery", "mail", "gtube")
        assert "port 25 was in neither INBOX nor Junk" in rows["delivery"]["detail"], rows["delivery"]
    assert_green(server)


def test_mail_that_changes_on_its_way_is_red(lab):
    server = lab.vectis()
    with postfix_with(server, "$ a body_checks = static:{REPLACE something else}"):
        rows = probe(server, "delivery", "mail")
        for name in ("delivery", "mail"):
            assert "the body changed on its way" in rows[name]["detail"], rows[name]
            assert "something else" in rows[name]["detail"], rows[name]
    assert_green(server)


def test_postfix_stopped_makes_queue_red(lab):
    server = lab.vectis()
    with stopped(server, server.postfix):
        rows = probe(server, "queue", "mail", "gtube", "relay", "relay_local", "inbound", "certificate", "delivery", "passwords")
        assert "postqueue -j" in rows["queue"]["detail"] and "down" in rows["queue"]["detail"], rows["queue"]
        assert "port 25: Connection refused" in rows["inbound"]["detail"], rows["inbound"]
    assert_green(server)


def test_a_disk_that_is_nearly_full_makes_queue_red(lab):
    server = lab.vectis()
    free = int(server.out("df", "--output=avail", "-B1", "/var/spool/postfix").split()[-1])
    # Postfix itself refuses mail below 75 MiB: 1.5 times message_size.
    server.exec("fallocate", "-l", str(free - 90 * MIB), "/var/filler")
    try:
        detail = alone_red(server, "queue")
        assert "MiB free, expected at least 100 MiB" in detail, detail
    finally:
        server.exec("rm", "/var/filler")
    assert_green(server)


def test_a_queue_manager_that_hangs_makes_queue_red(lab):
    server = lab.vectis()
    qmgr = server.out("pgrep", "-x", "qmgr")
    server.exec("kill", "-STOP", qmgr)
    try:
        name = waiting_since(server, "incoming", 600)
        rows = probe(server, "queue", "mail", "delivery")
        assert f"message {name} has been in queue 'incoming' for 6" in rows["queue"]["detail"], rows["queue"]
    finally:
        server.exec("kill", "-CONT", qmgr)
    server.wait("sh", "-c", f"! postqueue -j | grep -q {name}", what="the message to leave the queue")
    assert_green(server)


def test_mail_of_the_system_that_nobody_picks_up_makes_queue_red(lab):
    server = lab.vectis()
    with postfix_with(server, "s/^pickup /#&/", file="master.cf"):
        name = waiting_since(server, "maildrop", 600)
        detail = alone_red(server, "queue")
        assert f"message {name} has been in queue 'maildrop' for 6" in detail, detail
    server.wait("sh", "-c", f"! postqueue -j | grep -q {name}", what="the message to leave the queue")
    assert_green(server)


def test_a_continued_line_in_main_cf_that_kills_the_queue_manager_is_red(lab):
    """Postfix goes on taking mail; nobody delivers it."""
    server = lab.vectis()
    with postfix_with(server, "$ a qmgr_message_active_limit = 20000\\n    bounce"):
        rows = probe(server, "mail", "delivery", "gtube")
        assert rows["inbound"]["passed"], rows["inbound"]
    # Postfix's master waits a minute before it starts a program again that could not start.
    server.wait("vectis", "health", timeout=150)
    assert_green(server)


def rspamd_with(server, file, *expressions):
    return edited(server, f"/etc/rspamd/local.d/{file}", ("systemctl reset-failed rspamd; systemctl restart rspamd",), *expressions)


def test_rspamd_that_refuses_everything_is_red(lab):
    server = lab.vectis()
    refuse = ("rspamd_config:register_symbol({name = 'LAB', type = 'prefilter', callback = function(task) "
              "task:set_pre_result('reject', 'no mail today') end})")
    with rspamd_with(server, "rspamd.lua", f"$ a {refuse}"):
        wait_until(lambda: "no mail today" in rows(server)["gtube"]["detail"], 60, "everything to be refused")
        probe(server, "mail", "delivery", "gtube")
    server.wait("vectis", "health")
    assert_green(server)


def test_rspamd_that_lets_everything_through_is_red(lab):
    server = lab.vectis()
    with rspamd_with(server, "worker-proxy.inc", "s/^discard_on_reject = false/discard_on_reject = true/"):
        wait_until(lambda: "GTUBE was answered with '250" in rows(server)["gtube"]["detail"], 60, "spam to be let through")
        alone_red(server, "gtube")
    server.wait("vectis", "health")
    assert_green(server)


def test_lmtp_that_refuses_is_red(lab):
    server = lab.vectis()
    with dovecot_with(server, "s/^protocols = lmtp/protocols =/"):
        probe(server, "mail", "delivery")
    server.exec("postqueue", "-f")
    server.wait("vectis", "health", timeout=120)
    assert_green(server)


def test_webmail_that_answers_500_is_red(lab):
    server = lab.vectis()
    with edited(server, f"{LIB}/current/webmail/config.inc.php", ("systemctl", "reload", "vectis-webmail"), "$ a throw new Exception('lab');"):
        assert "500" in alone_red(server, "webmail")
    assert_green(server)


def test_php_stopped_makes_webmail_red(lab):
    server = lab.vectis()
    with stopped(server, "vectis-webmail.service"):
        assert "502" in alone_red(server, "webmail")
    assert_green(server)


def test_an_expired_certificate_is_red(lab):
    server = lab.vectis()
    daemons = ("systemctl", "reload", "nginx", "dovecot", server.postfix)
    with moved_away(server, f"{LIB}/tls/self_signed.crt"):
        server.exec("sh", "-c", f"cd {LIB}/tls && openssl req -new -key self_signed.key -subj /CN={server.hostname} -addext "
                    f"subjectAltName=DNS:{server.hostname} -out /tmp/r.csr && openssl x509 -req -in /tmp/r.csr -signkey self_signed.key "
                    "-copy_extensions copy -days 0 -out self_signed.crt")
        server.exec(*daemons)
        detail = probe(server, "certificate")["certificate"]["detail"]
        assert "the certificate is valid from " in detail and " and now is " in detail, detail
    server.exec(*daemons)
    server.wait("vectis", "health")
    assert_green(server)


# What the tests share

def waiting_since(server, queue, seconds):
    """A message that stays in this queue and says that it came so many seconds ago; its queue id."""
    server.exec("sendmail", "-f", "root", "root", input="Subject: waiting\n\nwaiting\n")
    name = server.wait("sh", "-c", f"ls /var/spool/postfix/{queue} | grep .").stdout.split()[0]
    server.exec("python3", "-c", BACKDATE, f"/var/spool/postfix/{queue}/{name}", str(seconds))
    return name
