"""Each readiness probe is green on a good server, red for its own fault and green again afterwards, and leaves nothing behind."""

import contextlib
import json

LIB = "/var/lib/vectis"


def probe(server, *names):
    """Runs every probe; returns {name: row}. With names: these are red."""
    done = server.exec("vectis", "health", "--all", "--json", check=False)
    rows = {row["probe"]: row for row in json.loads(done.stdout)["probes"]}
    red = {name for name, row in rows.items() if not row["passed"]}
    assert done.returncode == (1 if red else 0), done.stdout
    if names:
        assert set(names) <= red, f"expected {names} red, saw {sorted(red)}: {done.stdout}"
    return rows


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
def postfix_with(server, *expressions):
    """main.cf edited by hand where it is rendered."""
    path = server.out("readlink", "-f", "/etc/postfix/main.cf")
    before = server.read(path)
    server.exec("sed", "-i", *(word for each in expressions for word in ("-e", each)), path)
    assert server.read(path) != before
    server.exec("postfix", "reload")
    try:
        yield
    finally:
        server.write(path, before)
        server.exec("postfix", "reload")


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
                         "resolver", "delivery", "dkim"}


def test_quick_probes_take_under_five_seconds(lab):
    server = lab.vectis()
    assert_green(server)
    rows = json.loads(server.exec("vectis", "health", "--json").stdout)["probes"]
    assert max(row["milliseconds"] for row in rows) < 5000, rows


def test_probes_leave_no_message_behind_also_when_two_run_at_once(lab):
    server = lab.vectis()
    mailbox = f"vectis-probe@{server.hostname}"
    folders = [folder for folder in server.out("doveadm", "mailbox", "list", "-u", mailbox).split("\n")]
    server.exec("doveadm", "expunge", "-u", mailbox, "mailbox", "*", "all")
    first, second = (server.spawn("vectis", "health", "--all", stdout=-1) for _ in range(2))
    assert (first.wait(60), second.wait(60)) == (0, 0), first.stdout.read() + second.stdout.read()
    for folder in folders:
        assert server.out("doveadm", "mailbox", "status", "-u", mailbox, "messages", folder).endswith("messages=0"), folder
    assert server.out("rspamc", "-h", "/run/rspamd/controller.sock", "stat").count("learned: 0") >= 1


def test_dovecot_stopped_makes_mail_red(lab):
    server = lab.vectis()
    with stopped(server, "dovecot.service"):
        probe(server, "mail", "passwords", "directory")
    assert_green(server)


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
    assert_green(server)
