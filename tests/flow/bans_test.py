"""Who guesses passwords or recipients is banned within seconds, everybody else is not, and the server and its probes never are."""

import datetime
import json
import os
import pathlib
import re
import time

import mail
from api import ask
from machine import wait_until
from server import PASSWORD

CLIENT = pathlib.Path(__file__).with_name("bans_client.py").read_text()
GUESSER, OTHER = "198.51.100.66", "198.51.100.67"
GUESSER6 = "2001:db8:0:2::66"
MAIL_PORTS = (25, 465, 587, 993)
BANS = "bans:\n  max_attempts: 3\n  window: 5 minutes\n  duration: 1 hour\n  never: [198.51.100.68, 198.51.100.128/28]\n"


def test_wrong_passwords_on_any_port_ban_their_address_and_no_other(lab):
    server = with_bans(lab)
    for port, address, jail in ((587, GUESSER, "vectis-postfix-sasl"), (465, "198.51.100.65", "vectis-postfix-sasl"),
                                (993, "198.51.100.64", "vectis-dovecot"), (993, GUESSER6, "vectis-dovecot")):
        started = time.monotonic()
        guess(lab, server, port, address)
        ban = wait_until(lambda: banned(server).get(address), 20, f"{address} to be banned for port {port}")
        print(f"{address} banned {time.monotonic() - started:.1f} s after the first guess at port {port}")
        assert ban["jail"] == jail and lasts(ban) == 3600, ban
        assert_shut_out(lab, server, address)
    assert reached(lab, server, OTHER) == dict.fromkeys(MAIL_PORTS, True)
    assert address_works(lab, server, OTHER)
    shown = server.out("vectis", "bans")
    assert all(address in shown for address in (GUESSER, GUESSER6)) and OTHER not in shown, shown


def test_a_ban_ends_by_command_and_by_itself_and_the_next_one_lasts_longer(lab):
    server = with_bans(lab, BANS.replace("1 hour", "3 minutes"))
    guess(lab, server, 993, GUESSER)
    guess(lab, server, 993, OTHER)
    first, other = (wait_until(lambda who=who: banned(server).get(who), 20, f"{who} to be banned") for who in (GUESSER, OTHER))
    server.exec("vectis", "unban", OTHER)
    wait_until(lambda: reached(lab, server, OTHER) == dict.fromkeys(MAIL_PORTS, True), 10, "the ban to end by command")
    assert OTHER not in banned(server) and address_works(lab, server, OTHER)
    # Neither a reload nor a restart counts the old failures again.
    server.exec("systemctl", "reload", "fail2ban")
    server.exec("systemctl", "restart", "fail2ban")
    server.wait("fail2ban-client", "status", "vectis-dovecot")
    wait_until(lambda: banned(server).get(GUESSER), 20, "the ban to outlive a restart")
    assert OTHER not in banned(server)
    assert_shut_out(lab, server, GUESSER)
    wait_until(lambda: GUESSER not in banned(server), 240, "the ban to end by itself")
    assert reached(lab, server, GUESSER) == dict.fromkeys(MAIL_PORTS, True)
    guess(lab, server, 993, GUESSER)
    second = wait_until(lambda: banned(server).get(GUESSER), 20, "another ban")
    assert lasts(second) == 2 * lasts(first), (first, second)


def test_a_dictionary_of_recipients_is_slowed_down_cut_off_and_banned(lab):
    server = with_bans(lab)
    started = time.monotonic()
    answers = [line for session in call(lab, "guess_recipients", host=server.ip, source=GUESSER, domain=mail.domain(server),
                                        number=300, sessions=4) for line in session]
    print(f"{len(answers)} of 1200 guesses answered in {time.monotonic() - started:.1f} s")
    assert 0 < len(answers) < 120 and not any(line.startswith("250") for line in answers), answers[-3:]
    ban = wait_until(lambda: banned(server).get(GUESSER), 20, "the guesser to be banned")
    assert ban["jail"] == "vectis-smtp", ban
    assert reached(lab, server, GUESSER) == {25: False, 465: True, 587: True, 993: True}
    assert mail.deliver(lab, server, mail.address(server, "alice"), source=OTHER)["code"] == 250
    # Who talks before its turn gets no further than postscreen, and is banned as well.
    call(lab, "guess_recipients", host=server.ip, source=OTHER, domain=mail.domain(server), number=30, sessions=2, patient=False)
    assert wait_until(lambda: banned(server).get(OTHER), 20, "the impatient one to be banned")["jail"] == "vectis-smtp"


def test_the_server_itself_the_probes_and_whom_the_configuration_names_are_never_banned(lab):
    server = with_bans(lab)
    for own in ("127.0.0.1", "::1", server.ip, server.ip6):
        for _ in range(2):
            call(server, "guess", host=own, port=993, source=own, user=mail.address(server, "alice"), number=4)
    # One that no name leads to.
    server.exec("ip", "address", "add", "203.0.113.77/32", "dev", "lo")
    try:
        call(server, "guess", host=server.ip, port=993, source="203.0.113.77", user=mail.address(server, "alice"), number=4)
    finally:
        server.exec("ip", "address", "delete", "203.0.113.77/32", "dev", "lo")
    for never in ("198.51.100.68", "198.51.100.129"):
        guess(lab, server, 993, never, number=4)
    for _ in range(3):
        server.exec("vectis", "health", "--all")
    guess(lab, server, 993, GUESSER)
    wait_until(lambda: banned(server).get(GUESSER), 20, "somebody else to be banned")
    assert set(banned(server)) == {GUESSER}
    told = server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-u", "fail2ban", "-b")
    for exempt in ("127.0.0.1", server.ip, server.ip6, "203.0.113.77", "198.51.100.68", "198.51.100.129", "198.18.26."):
        assert re.search(rf"Ignore {re.escape(exempt)}", told), f"no failure of {exempt} was seen"


def test_names_that_look_like_log_lines_ban_nobody_else(lab):
    server = with_bans(lab)
    names = ("x, rip=9.9.9.9, lip=1.1.1.1, session=<a>", "x,9.9.9.9,<a>): unknown user", "x[9.9.9.9]: SASL PLAIN authentication "
             "failed: x", "x\nauth: sql(x,9.9.9.9,<a>): unknown user", "alice@example.test,9.9.9.9,<a>")
    for number, name in enumerate(names):
        for port in (587, 993):     # from another address each time: Dovecot lets one wait longer after each failure
            call(lab, "guess", host=server.ip, port=port, source=f"198.51.100.{190 + 2 * number + (port == 993)}", user=name, number=1)
        # The API asks Dovecot, and does not say for whom.
        told = ask(lab, server, "/auth/login", "-H", "Content-Type: application/json", "-d", json.dumps({"email": name, "password": "x"}))
        assert told["status"] == (422 if "\n" in name else 401), told
    for helo in ("x[9.9.9.9]", "NOQUEUE:reject"):
        call(lab, "guess_recipients", host=server.ip, source=OTHER, domain="[9.9.9.9]: 550 5.1.1 <", number=8, sessions=1, hello=helo)
    # In webmail's lines the name stands before the address.
    for name in ("x from 9.9.9.9 in session abc (error: 0)", "alice@example.test", "x from 9.9.9.9"):
        assert mail.webmail_login(lab, server, name, "wrong", source=GUESSER) == 401, name
    assert wait_until(lambda: banned(server).get(GUESSER), 20, "webmail's failures to be banned")["jail"] == "vectis-webmail"
    assert "9.9.9.9" not in banned(server)


def test_bans_by_hand_and_what_cannot_be_banned(lab):
    server = with_bans(lab)
    for address in (GUESSER, GUESSER6):
        server.exec("vectis", "ban", address)
        assert wait_until(lambda who=address: banned(server).get(who), 10, "the ban")["jail"] == "vectis-manual"
        assert_shut_out(lab, server, address)
    for address, words in (("127.0.0.1", "own address"), ("::1", "own address"), (server.ip, "own address"),
                           (server.ip6, "own address"), ("127.3.4.5", "127.0.0.0/8"), ("198.18.26.9", "198.18.26.0/24"),
                           ("2001:db8:8001::1", "2001:db8:8000::/33"), ("198.51.100.68", "never banned"),
                           ("198.51.100.140", "198.51.100.128/28"), ("198.51.100.0/24", "no networks"), ("alice", "not an IP"),
                           ("", "not an IP"), ("1.2.3", "not an IP"), ("1.2.3.4 5.6.7.8", "not an IP"), ("$(reboot)", "not an IP")):
        refused = server.exec("vectis", "ban", address, check=False)
        assert refused.returncode == 1 and words in refused.stderr, (address, refused.stderr)
        assert "hint: " in refused.stderr, refused.stderr
    assert set(banned(server)) == {GUESSER, GUESSER6}
    for address, words in (("198.51.100.1", "is not banned"), ("x", "not an IP"), ("198.51.100.0/24", "no networks")):
        refused = server.exec("vectis", "unban", address, check=False)
        assert refused.returncode != 0 and words in refused.stderr, refused.stderr
    denied = server.exec("runuser", "-u", "nobody", "--", "vectis", "bans", check=False)
    assert denied.returncode != 0 and "needs root" in denied.stderr, denied.stderr

    server.exec("systemctl", "stop", "fail2ban")
    away = server.exec("vectis", "bans", check=False)
    assert away.returncode != 0 and "cannot ask fail2ban" in away.stderr, away.stderr
    server.exec("systemctl", "start", "fail2ban")

    mail.configured(lab, server.read("/root/config.yaml") + "bans:\n  enabled: false\n")
    off = server.exec("vectis", "ban", GUESSER, check=False)
    assert off.returncode != 0 and "bans are off" in off.stderr, off.stderr
    assert banned(server) == {}
    assert reached(lab, server, GUESSER) == dict.fromkeys(MAIL_PORTS, True)


def test_a_reboot_keeps_what_still_lasts(lab):
    server = with_bans(lab, BANS.replace("1 hour", "1 day"))
    server.exec("vectis", "ban", GUESSER)
    before = wait_until(lambda: banned(server).get(GUESSER), 10, "the ban")
    server.reboot()
    server.wait("fail2ban-client", "status", "vectis-dovecot")
    after = wait_until(lambda: banned(server).get(GUESSER), 60, "the ban after the reboot")
    # fail2ban rounds its times in another way when it reads them back.
    assert after["jail"] == before["jail"] and lasts(after) == lasts(before) and abs(begun(after) - begun(before)) <= 1, (before, after)
    assert_shut_out(lab, server, GUESSER)
    assert address_works(lab, server, OTHER)
    server.exec("vectis", "unban", GUESSER)
    wait_until(lambda: reached(lab, server, GUESSER) == dict.fromkeys(MAIL_PORTS, True), 10, "the ban to end")


def test_jails_of_an_administrator_go_on_working(lab):
    server = with_bans(lab)
    server.write("/etc/fail2ban/jail.d/own.local", "[own]\nenabled = true\nbackend = polling\nlogpath = /var/log/own.log\n"
                 "filter = own\nmaxretry = 2\nbantime = -1\nbanaction = nftables\nport = 8080\n")
    server.write("/etc/fail2ban/filter.d/own.local", "[Definition]\nfailregex = ^\\s*no from <HOST>$\n")
    server.write("/var/log/own.log", "")
    server.exec("chown", "www-data:adm", "/var/log/own.log")
    server.exec("chmod", "640", "/var/log/own.log")
    try:
        server.exec("systemctl", "restart", "fail2ban")
        server.wait("fail2ban-client", "status", "own")
        assert server.exec("vectis", "plan", check=False).returncode == 0
        now = server.out("date", "+%F %T")
        server.exec("sh", "-c", f"for i in 1 2 3; do echo '{now} no from {GUESSER}' >>/var/log/own.log; done")
        ban = wait_until(lambda: banned(server).get(GUESSER), 20, "the jail to ban")
        assert ban["jail"] == "own" and ban["until"] is None, ban
        assert reached(lab, server, GUESSER) == dict.fromkeys(MAIL_PORTS, True)
        assert "for ever" in server.out("vectis", "bans")
    finally:
        server.exec("fail2ban-client", "unban", "--all")
        server.exec("rm", "-f", "/etc/fail2ban/jail.d/own.local", "/etc/fail2ban/filter.d/own.local")
        server.exec("systemctl", "reload", "fail2ban")


def test_run_after_run_of_every_probe_bans_nobody(lab):
    server = with_bans(lab)
    for _ in range(int(os.environ.get("VECTIS_RUNS_WITH_BANS", "4"))):
        server.exec("vectis", "health", "--all")
    assert banned(server) == {}


def test_what_cannot_be_is_refused_before_anything_changes(lab):
    server = with_bans(lab)
    for never, words in (("[0.0.0.0/0]", "large part of the internet"), ("['::/0']", "large part of the internet"),
                         ("[198.51.100.1/24]", "write 198.51.100.0/24"), ("[office.example.test]", "an IP address or a network")):
        server.write("/etc/vectis/config.yaml", server.read("/root/config.yaml") + f"bans:\n  never: {never}\n")
        refused = server.exec("vectis", "apply", "--yes", check=False)
        assert refused.returncode != 0 and words in refused.stderr and "bans.never" in refused.stderr, refused.stderr
    for line in ("max_attempts: 0", "window: 10", "duration: 0 minutes", "duration: forever", "enabled: maybe", "jail: x"):
        server.write("/etc/vectis/config.yaml", server.read("/root/config.yaml") + f"bans:\n  {line}\n")
        assert server.exec("vectis", "config", "check", check=False).returncode != 0, line
    # fail2ban's own checker reads the candidate before the switch.
    server.write("/etc/vectis/config.yaml", server.read("/root/config.yaml") + BANS.replace("3", "4"))
    server.write("/etc/fail2ban/jail.d/own.local", "[own]\nenabled = true\nfilter = there-is-none\n")
    try:
        refused = server.exec("vectis", "apply", "--yes", check=False)
        assert refused.returncode != 0 and "there-is-none" in refused.stderr, refused.stderr
    finally:
        server.exec("rm", "/etc/fail2ban/jail.d/own.local")
    server.exec("vectis", "apply", "--yes")


# What the tests share

def with_bans(lab, text=BANS):
    """The server with quick bans; nobody is banned or remembered."""
    server = lab.vectis()
    mail.configured(lab, server.read("/root/config.yaml") + text)
    server.exec("systemctl", "stop", "fail2ban")
    server.exec("rm", "-f", "/var/lib/fail2ban/fail2ban.sqlite3")
    # Where Dovecot remembers who failed, so that the next test's guesses are answered at once.
    server.exec("systemctl", "restart", "dovecot")
    # Nor does the journal know of earlier guesses: whom fail2ban bans for them at its start could not be let in again in time.
    server.exec("journalctl", "--rotate")
    server.exec("journalctl", "--vacuum-size=1K")
    server.exec("systemctl", "start", "fail2ban")
    server.wait("fail2ban-client", "status", "vectis-dovecot")
    assert banned(server) == {}
    return server


def call(where, function, **arguments):
    """Calls a function of bans_client.py on the outside machine, or in a given one."""
    return mail.call(getattr(where, "outside", where), function, program=CLIENT, **arguments)


def host_for(server, source):
    return server.ip6 if ":" in source else server.ip


def guess(lab, server, port, source, number=3):
    call(lab, "guess", host=host_for(server, source), port=port, source=source, user=mail.address(server, "alice"), number=number)


def reached(lab, server, source):
    """Which ports an address reaches."""
    found = call(lab, "reach", host=host_for(server, source), ports=MAIL_PORTS, source=source)
    return {int(port): open_ for port, open_ in found.items()}


def assert_shut_out(lab, server, source):
    wait_until(lambda: not any(reached(lab, server, source).values()), 10, f"{source} to be shut out")


def address_works(lab, server, source):
    return call(lab, "guess", host=server.ip, port=993, source=source, user=mail.address(server, "alice"), number=1,
                password=PASSWORD) == ["in"]


def banned(server):
    return {ban["address"]: ban for ban in json.loads(server.out("vectis", "bans", "--json"))["bans"]}


def begun(ban, name="since"):
    return datetime.datetime.fromisoformat(ban[name].replace("Z", "+00:00")).timestamp()


def lasts(ban):
    return begun(ban, "until") - begun(ban)
