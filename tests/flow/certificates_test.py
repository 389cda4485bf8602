"""Certificates from an ACME authority (pebble): for every name that points here, shown by all daemons, renewed in passing."""

import json

import mail
from server import PASSWORD

AUTHORITY = "https://acme.outside.test:14000/dir"
ACME = f"\ntls:\n  mode: acme\n  acme_server: {AUTHORITY}\n"
NAMES = {"mail.example.test", "autoconfig.example.test", "autodiscover.example.test", "mta-sts.example.test"}
# A client of each daemon that stays connected: it says something every few seconds, and says whether the line was kept. After a
# reload Dovecot gives what is left of its processes 6 seconds.
STAY = """
import select, socket, ssl, sys, time
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
def connect(port):
    return context.wrap_socket(socket.create_connection((sys.argv[1], port)), server_hostname=sys.argv[2])
imap, smtp, web = connect(993), connect(465), connect(443)
for each in (imap, smtp):
    each.recv(1000)
imap.sendall(f'a LOGIN {sys.argv[3]} "{sys.argv[4]}"\\r\\n'.encode()); assert imap.recv(1000).startswith(b"a OK"), "login"
get = f"GET /mail/config-v1.1.xml HTTP/1.1\\r\\nHost: {sys.argv[2]}\\r\\n\\r\\n".encode()
web.sendall(get); assert b"200 OK" in web.recv(65536)
print("connected", flush=True)
def say_something():
    imap.sendall(b"a NOOP\\r\\n"); assert imap.recv(1000).startswith(b"a OK"), "imap"
    smtp.sendall(b"NOOP\\r\\n"); assert smtp.recv(1000).startswith(b"250"), "smtp"
while not select.select([sys.stdin], [], [], 5)[0]:
    say_something()
time.sleep(8)
say_something()
print("kept", flush=True)
"""


def with_acme(lab):
    server = lab.vectis()
    text = server.read("/root/config.yaml") + ACME
    if server.read("/etc/vectis/config.yaml") != text:
        mail.configured(lab, text)
        records = json.loads(server.out("vectis", "dns", "--json"))["records"]
        lab.dns.publish("\n".join(record["zone_line"] for record in records if not record["elsewhere"]))
        server.exec("vectis", "certificates", "renew", timeout=300)
    return server


def certificates(server):
    done = server.exec("vectis", "certificates", "list", "--json", check=False)
    return {row["name"]: row for row in json.loads(done.stdout)["certificates"]}


def shown(lab, server, port, name):
    """The certificate that a daemon shows for a name, verified against the authority's root: subject names and public key."""
    starttls = {25: ["-starttls", "smtp"], 587: ["-starttls", "smtp"]}.get(port, [])
    lab.outside.exec("sh", "-c", "curl -sf https://acme.outside.test:15000/roots/0 >/tmp/acme-root.pem")
    done = lab.outside.exec("openssl", "s_client", "-connect", f"{server.ip}:{port}", "-servername", name, "-CAfile",
                            "/tmp/acme-root.pem", "-verify_return_error", "-verify_hostname", name, *starttls, check=False)
    assert "Verify return code: 0 (ok)" in done.stdout, (port, name, done.stdout[-600:], done.stderr[-300:])
    lab.outside.write("/tmp/shown.pem", done.stdout)
    return lab.outside.out("openssl", "x509", "-in", "/tmp/shown.pem", "-noout", "-serial", "-pubkey")


def test_every_name_that_points_here_gets_one_and_every_daemon_shows_it(lab):
    server = with_acme(lab)
    rows = certificates(server)
    assert set(rows) == NAMES and all(row["issued"] and not row["error"] for row in rows.values()), rows
    for port in (25, 465, 587, 993, 443):
        shown(lab, server, port, server.hostname)
    for name in NAMES:
        shown(lab, server, 443, name)
    assert "self-signed" not in server.exec("vectis", "status").stdout
    assert server.exec("vectis", "plan").returncode == 0
    assert server.exec("vectis", "health", "--all", check=False).returncode == 0


def test_the_policy_for_other_servers_is_there(lab):
    server = with_acme(lab)
    shown(lab, server, 443, "mta-sts.example.test")
    policy = lab.outside.exec("curl", "-s", "--cacert", "/tmp/acme-root.pem",
                              "https://mta-sts.example.test/.well-known/mta-sts.txt").stdout
    assert policy.splitlines() == ["version: STSv1", "mode: testing", f"mx: {server.hostname}", "max_age: 86400"], policy
    assert lab.outside.out("dig", "+short", "TXT", "_mta-sts.example.test").startswith('"v=STSv1; id=')


def test_renewal_keeps_keys_and_connections(lab):
    """The authority of the lab issues for 20 days, so that everything is always due."""
    server = with_acme(lab)
    before = {port: shown(lab, server, port, server.hostname) for port in (465, 993, 443)}
    client = lab.outside.spawn("python3", "-c", STAY, server.ip, server.hostname, mail.address(server, "alice"), PASSWORD,
                               stdin=-1, stdout=-1, stderr=-1, text=True)
    assert client.stdout.readline() == "connected\n", client.stderr.read()
    pids = server.out("systemctl", "show", "-P", "MainPID", "nginx", "dovecot", server.postfix)
    server.exec("vectis", "certificates", "renew")
    for port, old in before.items():
        new = shown(lab, server, port, server.hostname)
        assert new.splitlines()[0] != old.splitlines()[0], f"port {port} shows the same certificate"
        assert new.splitlines()[1:] == old.splitlines()[1:], f"port {port} has another key"
    out, err = client.communicate("\n", timeout=60)
    assert out == "kept\n", err
    assert server.out("systemctl", "show", "-P", "MainPID", "nginx", "dovecot", server.postfix) == pids
    assert server.exec("vectis", "plan").returncode == 0


def test_a_name_that_cannot_be_had_blocks_no_other(lab):
    server = with_acme(lab)
    serial = shown(lab, server, 443, "autoconfig.example.test").splitlines()[0]
    try:
        lab.dns.set("autodiscover.example.test", "CNAME", [])
        lab.dns.set("autodiscover.example.test", "A", ["198.51.100.80"])
        lab.dns.set("mta-sts.example.test", "CNAME", [])
        server.exec("vectis", "certificates", "renew", check=False)
        rows = certificates(server)
        assert "198.51.100.80" in rows["autodiscover.example.test"]["error"], rows
        assert "no address" in rows["mta-sts.example.test"]["error"], rows
        assert not rows["autoconfig.example.test"]["error"] and not rows[server.hostname]["error"], rows
        assert shown(lab, server, 443, "autoconfig.example.test").splitlines()[0] != serial
        # What was issued before stays in use.
        shown(lab, server, 443, "mta-sts.example.test")
    finally:
        lab.dns.set("autodiscover.example.test", "A", [])
        for name in ("autodiscover", "mta-sts"):
            lab.dns.set(f"{name}.example.test", "CNAME", [f"{server.hostname}."])


def test_a_resolver_that_is_away_is_not_taken_for_names_without_addresses(lab):
    server = with_acme(lab)
    server.exec("systemctl", "mask", "--runtime", "--now", "unbound")
    try:
        server.exec("vectis", "certificates", "renew", check=False, timeout=300)
        row = certificates(server)["autoconfig.example.test"]
        assert "cannot look 'autoconfig.example.test' up" in row["error"] and row["issued"] and row["points_here"], row
    finally:
        server.exec("systemctl", "unmask", "--runtime", "unbound")
        server.exec("systemctl", "start", "unbound")
    server.wait("vectis", "health")


def test_an_authority_that_refuses_or_is_away_is_told(lab):
    server = with_acme(lab)
    serial = shown(lab, server, 465, server.hostname)
    lab.outside.exec("systemctl", "stop", "pebble")
    try:
        server.exec("vectis", "certificates", "renew", check=False, timeout=600)
        rows = certificates(server)
        assert all(row["error"] for row in rows.values()), rows
        assert all(row["issued"] for row in rows.values()), "what was issued before is still in use"
    finally:
        lab.outside.exec("systemctl", "start", "pebble")
    assert serial, "the certificate was shown before"
    assert server.exec("vectis", "health", check=False).returncode == 0


def test_the_account_and_keys_are_closed_to_others(lab):
    server = with_acme(lab)
    for path in ("/var/lib/vectis-acme/certbot", f"/var/lib/vectis/tls/acme/{server.hostname}/key.pem"):
        assert server.exec("runuser", "-u", "nobody", "--", "sh", "-c", f"ls {path}/* || cat {path}", check=False).stdout == "", path


def test_after_a_boot_certificates_are_looked_after_and_webmail_answers(lab):
    server = with_acme(lab)
    server.reboot()
    assert server.out("systemctl", "is-active", "vectis-acme.timer", "vectis-webmail", "nginx", "fail2ban").split() == ["active"] * 4
    server.wait("vectis", "health")
