"""Passwords that people change: through webmail's socket, as Roundcube's own driver speaks on it, and by the administrator.
What was changed counts at once, survives a power cut, and is not undone by an apply or a rollback."""

import base64
import json

import mail
from server import PASSWORD

SOCKET = "/run/vectis-password.sock"
NEW = "a new staple for the horse"
OTHER = "another battery, correct"
NO_BANS = "bans:\n  enabled: false\n"

# Says lines to the socket (base64 on standard input as JSON) and prints what comes back until the other end closes.
CLIENT = f"""
import base64, contextlib, json, socket, sys
gone = contextlib.suppress(BrokenPipeError, ConnectionResetError)     # it hangs up while a long line is under way
s = socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect({SOCKET!r})
with s, s.makefile("rb") as answers:
    told, rest = [answers.readline().decode()], ""
    for line in json.load(sys.stdin):
        with gone:
            s.sendall(base64.b64decode(line))
        told.append("")
        if not base64.b64decode(line).endswith(b"\\n"):
            s.shutdown(socket.SHUT_WR)
        with gone:
            told[-1] = answers.readline().decode()
    with contextlib.suppress(OSError):
        s.shutdown(socket.SHUT_WR)
        rest = answers.read().decode()
print(json.dumps([told, rest]))
"""

# Changes a password by the driver that Roundcube's plugin `password` loads, in Roundcube's own surroundings.
ROUNDCUBE = """
define('INSTALL_PATH', '/usr/share/roundcube/');
define('RCMAIL_CONFIG_DIR', '/tmp/roundcube');
require INSTALL_PATH . 'program/include/iniset.php';
require INSTALL_PATH . 'plugins/password/password.php';
require INSTALL_PATH . 'plugins/password/drivers/poppassd.php';
list($user, $old, $new) = json_decode(stream_get_contents(STDIN));
$config = rcmail::get_instance()->config;
$config->set('password_pop_host', 'unix:///run/vectis-password.sock');
$config->set('password_pop_port', 0);
$result = (new rcube_poppassd_password())->save($old, $new, $user);
echo json_encode(is_array($result) ? $result : ['code' => $result, 'message' => '']);
"""


def test_a_password_changed_in_webmail_counts_at_once_and_stays(lab):
    server = fresh(lab)
    alice = mail.address(server, "alice")
    assert talk(server, f"user {alice}", f"pass {PASSWORD}", f"newpass {NEW}", "quit") == ["200", "300", "200", "200", "200"]
    assert_password(lab, server, NEW)
    assert server.out("systemctl", "list-units", "--all", "--plain", "--no-legend", "vectis-password@*") == ""

    # Nothing is to be done, and an apply of something else leaves it alone.
    assert server.exec("vectis", "plan").returncode == 0
    server.exec("vectis", "config", "set", "rspamd.reject", "14")
    server.exec("vectis", "apply", "--yes")
    assert_password(lab, server, NEW)
    # Going back does not bring the old one back.
    server.exec("vectis", "rollback", "--yes")
    assert_password(lab, server, NEW)
    # Another one in config.yaml is what the administrator wants now.
    config = server.read("/etc/vectis/config.yaml")
    declared = next(line for line in config.splitlines() if "password_hash" in line)
    hashed = server.out("vectis", "hash-password", "--password-stdin", input=OTHER + "\n")
    server.write("/etc/vectis/config.yaml", config.replace(declared, f'        password_hash: "{hashed}"', 1))
    server.exec("vectis", "apply", "--yes")
    assert_password(lab, server, OTHER)


def test_roundcubes_own_driver_changes_it_and_shows_why_not(lab):
    server = fresh(lab)
    alice = mail.address(server, "alice")
    assert roundcube(server, alice, "wrong password", NEW)["code"] != 0
    assert_password(lab, server, PASSWORD)
    refused = roundcube(server, alice, PASSWORD, "short")
    assert refused["code"] != 0 and "8" in refused["message"], refused
    strange = "Grüße, \"日本語\" \\ ' 🦉 "
    assert roundcube(server, alice, PASSWORD, strange) == {"code": 0, "message": ""}
    assert talk(server, f"user {alice}", f"pass {strange}") == ["200", "300", "200"]     # imaplib sends ASCII alone
    assert_password(lab, server, None)
    assert roundcube(server, alice, strange, PASSWORD)["code"] == 0
    assert_password(lab, server, PASSWORD)


def test_every_scheme_is_known_and_a_suspended_mailbox_is_refused(lab):
    server = fresh(lab)
    bob = mail.address(server, "bob")
    for number, scheme in enumerate(("BLF-CRYPT", "SHA512-CRYPT", "SSHA256")):
        config = server.read("/root/config.yaml") + NO_BANS
        at = config.index("password_hash", config.index("name: bob"))
        hashed = server.out("doveadm", "pw", "-s", scheme, "-p", f"imported {number}")
        server.write("/etc/vectis/config.yaml", config[:at] + f'password_hash: "{hashed}"' + config[config.index("\n", at):])
        server.exec("vectis", "apply", "--yes")
        assert talk(server, f"user {bob}", f"pass imported {number}", f"newpass {NEW}")[-1] == "200", scheme
        assert mail.login(lab, server, "bob", NEW) and not mail.login(lab, server, "bob", f"imported {number}")
    without = config[:config.index("      - name: bob")] + config[config.index("    aliases:"):]
    server.write("/etc/vectis/config.yaml", without)
    server.exec("vectis", "apply", "--yes")
    assert talk(server, f"user {bob}", f"pass {NEW}") == ["200", "300", "500"]
    assert "no" in set_by_administrator(server, bob, OTHER)


def test_the_administrator_gives_a_mailbox_another_one(lab):
    server = fresh(lab)
    alice = mail.address(server, "alice")
    assert set_by_administrator(server, alice.upper(), NEW) == "yes"
    assert_password(lab, server, NEW)
    for address, password in ((mail.address(server, "nobody"), NEW), (mail.address(server, "info"), NEW),
                              (f"vectis-probe@{server.hostname}", NEW), ("", NEW), ("a\nb", NEW), ("x" * 400, NEW),
                              (alice, "short"), (alice, alice), (alice, ""), (alice, "tab\tin it")):
        assert set_by_administrator(server, address, password).startswith("no: vectis: cannot"), (address, password)
    assert_password(lab, server, NEW)
    # Only root and the user vectis reach the supervisor at all.
    for user in ("vectis-webmail", "www-data", "nobody"):
        refused = server.exec("runuser", "-u", user, "--", "vectis", "mailbox", "password", alice, "--password-stdin",
                              input=OTHER + "\n", check=False)
        assert refused.returncode == 1 and "only root" in refused.stderr, refused
    assert_password(lab, server, NEW)


def test_what_was_answered_with_200_survives_a_power_cut(lab):
    server = fresh(lab)
    alice = mail.address(server, "alice")
    old = PASSWORD
    for number in range(3):
        new = f"password number {number}"
        assert talk(server, f"user {alice}", f"pass {old}", f"newpass {new}")[-1] == "200"
        cut = server.power_cut("cut")
        try:
            assert mail.call(cut, "login", host="127.0.0.1", user=alice, password=new)
            assert not mail.call(cut, "login", host="127.0.0.1", user=alice, password=old)
            assert cut.exec("vectis", "plan").returncode == 0
        finally:
            cut.destroy()
        old = new


def test_only_webmail_may_connect(lab):
    server = fresh(lab)
    for user in ("www-data", "nobody", "vectis", "vmail", "_rspamd"):
        refused = server.exec("runuser", "-u", user, "--", "python3", "-c", CLIENT, input="[]", check=False)
        assert "PermissionError" in refused.stderr, (user, refused)
    assert talk(server, "quit", run_as="root") == ["200", "200"]
    # What reads the strangers' lines may do little else.
    assert mail.call(server, "login", host="127.0.0.1", user=mail.address(server, "alice"), password=PASSWORD)


def test_bad_input_is_refused_and_changes_nothing(lab):
    server = fresh(lab)
    user, password = f"user {mail.address(server, 'alice')}", f"pass {PASSWORD}"
    for lines in ([""], ["\0"], ["help"], [password], [user, user], [user, f"newpass {NEW}"], [user, password, user],
                  [user, password, password], ["user " + "x" * 65536], [user, "pass " + "x" * 65536],
                  [user, password, "newpass " + "x" * 65536], [user, password, "newpass " + "x" * 600],
                  [user, password, "newpass a new\rpassword"], [user, password, "newpass a new\0password"],
                  [user, password, "newpass short"], [user, password, "newpass " + mail.address(server, "alice")],
                  [user, password, f"newpass {PASSWORD}"], ["user \u2028"], ["user nobody@example.test", password],
                  ["user ' or 1=1 --", password], ["user alice", password], ["user *", password]):
        assert talk(server, *lines)[-1] == "500", lines
    for raw in (b"user \xff\xfe\r\n", b"\xff" * 70000 + b"\n", b"\r\n"):
        assert talk(server, raw)[-1] == "500", raw
    assert talk(server, user, password, b"newpass \xe4\xf6\xfc\xe4\xf6\xfc\xe4\xf6\xfc\r\n")[-1] == "500"
    # The end without a line's end, at any place, is no line.
    for lines in ([user[:7].encode()], [user, password[:8].encode()], [user, password, f"newpass {NEW}".encode()]):
        assert talk(server, *lines)[-1] == "", lines
    assert_password(lab, server, PASSWORD)
    journal = server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-t", "vectis")
    assert PASSWORD not in journal and NEW not in journal


def test_guessing_is_slow_and_many_connections_disturb_nobody_for_long(lab):
    server = fresh(lab)
    alice = mail.address(server, "alice")
    crowd = f"""
import socket, sys, time
open_ones, refused = [], 0
for number in range(400):
    s = socket.socket(socket.AF_UNIX); s.settimeout(20)
    try:
        s.connect({SOCKET!r})
    except BlockingIOError:
        refused += 1; continue
    open_ones.append(s)
served = 0
for s in open_ones:
    try:
        served += bool(s.recv(3))
    except (ConnectionResetError, TimeoutError):
        pass
print(served, refused, len(open_ones))
"""
    served = int(server.out("runuser", "-u", "vectis-webmail", "--", "python3", "-c", crowd).split()[0])
    print(f"of 400 connections at once {served} were served")
    assert 1 <= served <= 16
    server.wait("systemctl", "is-active", "vectis-password.socket")
    # Two at once for one mailbox: one waits for Dovecot's answer, the other is told so. Failures take seconds.
    guess = f"""
import socket, time
def start():
    s = socket.socket(socket.AF_UNIX); s.connect({SOCKET!r}); f = s.makefile("rwb", buffering=0); f.readline()
    f.write(b"user {alice}\\r\\n"); f.readline(); return f
first, second = start(), start()
began = time.monotonic()
for f in (first, second):
    f.write(b"pass wrong\\r\\n")
answers = [f.readline().decode().strip() for f in (first, second)]
print(round(time.monotonic() - began, 1), answers)
"""
    told = server.wait("runuser", "-u", "vectis-webmail", "--", "python3", "-c", guess).stdout
    print(told)
    assert float(told.split()[0]) >= 3 and told.count("500") == 2 and "already" in told
    assert talk(server, f"user {alice}", f"pass {PASSWORD}", f"newpass {NEW}")[-1] == "200"


def fresh(lab):
    """The server of its setup, its people's passwords as declared there. Nobody is banned for all the old ones that are tried."""
    server = mail.configured(lab, lab.vectis().read("/root/config.yaml") + NO_BANS)
    for name in ("alice", "bob"):
        assert set_by_administrator(server, mail.address(server, name), PASSWORD) == "yes"
    return server


def talk(server, *lines, run_as="vectis-webmail"):
    """The codes that the lines are answered with, the greeting's first; "" where there was no answer. Bytes go as they are."""
    raw = [base64.b64encode(line if isinstance(line, bytes) else line.encode() + b"\r\n").decode() for line in lines]
    done = server.exec("runuser", "-u", run_as, "--", "python3", "-c", CLIENT, input=json.dumps(raw))
    told, rest = json.loads(done.stdout)
    assert not rest, rest
    return [line[:3] for line in told]


def roundcube(server, user, old, new):
    # A configuration of its own, since the packaged one is for the web server's user alone.
    server.exec("sh", "-c", """mkdir -p /tmp/roundcube && cp /etc/roundcube/defaults.inc.php /tmp/roundcube/ &&
        echo '<?php $config["db_dsnw"] = "sqlite:////tmp/roundcube/db"; $config["log_driver"] = "syslog";' \\
            > /tmp/roundcube/config.inc.php && chown -R vectis-webmail /tmp/roundcube""")
    done = server.exec("runuser", "-u", "vectis-webmail", "--", "php", "-r", ROUNDCUBE,
                       input=json.dumps([user, old, new]))
    return json.loads(done.stdout)


def set_by_administrator(server, address, password):
    """"yes", or "no: " and why."""
    done = server.exec("vectis", "mailbox", "password", address, "--password-stdin", input=password + "\n", check=False)
    return "yes" if done.returncode == 0 else "no: " + done.stderr


def assert_password(lab, server, password):
    """alice's is this one and none of the others; None: one that is not among them."""
    for each in {PASSWORD, NEW, OTHER, password} - {None}:
        assert mail.login(lab, server, "alice", each) == (each == password), each
