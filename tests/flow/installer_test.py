"""Preflight and setup on real servers: what is wrong is named, what is right is left alone, a power cut is finished."""

import json
import random
import time

import server

NAME = "fresh"
HOSTNAME = "mail.fresh.test"
DOMAIN = "fresh.test"
CONFIG = f"""hostname: {HOSTNAME}
admin: anna@{DOMAIN}
domains:
  - name: {DOMAIN}
    alias_domains: [fresh-shop.test]
    mailboxes:
      - name: anna
"""
# Everything that setup may change.
STATE = "find /etc /var/lib/vectis -xdev \\( -type f -o -type l \\) -printf '%p %m %u %g %s %l\\n' | sort"


def preflight(machine, expect=None):
    """{name of the check: the check}; the exit status must say whether one failed."""
    done = machine.exec("vectis", "preflight", "--json", check=False)
    report = json.loads(done.stdout)
    assert done.returncode == (1 if report["failed"] else 0), done.returncode
    checks = {check["name"]: check for check in report["checks"]}
    for check in checks.values():
        assert check["verdict"] == "pass" or (check["expected"] and check["hint"]), check
    return checks


def refused(machine, *words, code=1):
    """Runs a command that must fail and change nothing; returns what it said."""
    before = machine.out(STATE)
    done = machine.exec(*words, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert machine.out(STATE) == before, "something was changed"
    return done.stderr


def test_preflight_of_a_good_server_finds_its_names_and_addresses(lab):
    machine = lab.bare(NAME)
    server.install(machine, lab.deb())
    checks = preflight(machine)
    assert not [check for check in checks.values() if check["verdict"] == "fail"], checks
    for name in ("release", "init", "memory", "ports", "exim4", "hostname", "resolver", "address_record", "ipv6",
                 "reverse_dns", "blocklists"):
        assert checks[name]["verdict"] == "pass", checks[name]
    assert checks["hostname"]["found"] == HOSTNAME
    assert machine.ip in checks["address_record"]["found"]
    assert "PASS  release" in machine.out("vectis", "preflight")


def test_preflight_names_who_has_a_port(lab):
    machine = lab.machine(NAME)
    machine.exec("systemd-run", "--unit=squatter", "python3", "-m", "http.server", "--bind", "127.0.0.1", "465")
    machine.wait("ss -Hltn 'sport = :465' | grep -q 465")
    check = preflight(machine)["ports"]
    assert check["verdict"] == "fail" and "squatter.service" in check["found"], check
    assert "465" in refused_setup(machine)
    machine.exec("systemctl", "stop", "squatter")
    assert preflight(machine)["ports"]["verdict"] == "pass"


def refused_setup(machine):
    machine.write("/root/config.yaml", CONFIG)
    return refused(machine, "vectis", "setup", "--unattended", "--config", "/root/config.yaml")


def test_preflight_sees_dns_that_does_not_fit(lab):
    machine = lab.machine(NAME)
    pointer = ".".join(reversed(machine.ip.split("."))) + ".in-addr.arpa"
    lab.dns.set(pointer, "PTR", ["vps-4711.outside.test."])
    lab.dns.set(HOSTNAME, "A", ["198.51.100.99"])
    checks = preflight(machine)
    assert checks["reverse_dns"]["verdict"] == "warn" and "vps-4711.outside.test" in checks["reverse_dns"]["found"]
    assert checks["address_record"]["verdict"] == "warn" and "198.51.100.99" in checks["address_record"]["found"]
    lab.dns.set(HOSTNAME, "A", [])
    assert preflight(machine)["address_record"]["verdict"] == "warn"
    lab.dns.add_server(HOSTNAME, machine.ip, machine.ip6)
    checks = preflight(machine)
    assert (checks["reverse_dns"]["verdict"], checks["address_record"]["verdict"]) == ("pass", "pass")


def test_preflight_asks_blocklists_that_work_and_no_others(lab):
    machine = lab.machine(NAME)
    lab.dns.list_address(machine.ip, answer="127.0.0.4")
    check = preflight(machine)["blocklists"]
    assert check["verdict"] == "warn" and "zen.spamhaus.org" in check["found"] and "127.0.0.4" in check["found"], check
    # A list that refuses to answer, or that lists everything, says nothing about us (RFC 5782).
    lab.dns.list_address("127.0.0.2", answer="127.255.255.254")
    check = preflight(machine)["blocklists"]
    assert check["verdict"] == "pass" and "127.255.255.254" in check["found"], check
    lab.dns.list_address("127.0.0.2", answer="127.0.0.2")
    lab.dns.list_address("127.0.0.1", answer="127.0.0.2")
    assert preflight(machine)["blocklists"]["verdict"] == "pass"
    lab.dns.list_address("127.0.0.1", answer=None)
    lab.dns.list_address(machine.ip, answer=None)
    assert preflight(machine)["blocklists"]["verdict"] == "pass"


def test_preflight_tries_port_25_of_others(lab):
    machine = lab.machine(NAME)
    assert preflight(machine)["outbound_25"]["verdict"] == "warn", "no domain to try exists in the lab yet"
    lab.dns.add_zone("gmail.com", signed=False)
    lab.dns.set("gmail.com", "MX", ["5 mx.outside.test."])
    check = preflight(machine)["outbound_25"]
    assert check["verdict"] == "pass" and "mx.outside.test" in check["found"], check
    lab.dns.set("gmail.com", "MX", ["5 resolver.outside.test."])     # nobody listens there
    check = preflight(machine)["outbound_25"]
    assert check["verdict"] == "fail" and "resolver.outside.test" in check["found"], check
    lab.dns.set("gmail.com", "MX", ["5 mx.outside.test."])


def test_preflight_without_dns_says_so_once_and_in_time(lab):
    machine = lab.machine(NAME)
    resolver = machine.read("/etc/resolv.conf")
    machine.write("/etc/resolv.conf", "nameserver 203.0.113.250\n")
    started = time.monotonic()
    checks = preflight(machine)
    assert time.monotonic() - started < 30
    assert checks["resolver"]["verdict"] == "fail"
    assert [name for name, check in checks.items() if check["verdict"] == "fail"] == ["resolver"]
    machine.write("/etc/resolv.conf", resolver)
    assert preflight(machine)["resolver"]["verdict"] == "pass"


def test_preflight_knows_exim_by_what_it_left(lab):
    machine = lab.machine(NAME)
    machine.write("/var/spool/exim4/input/1abcde-000000-AA-H", "stuck\n")
    check = preflight(machine)["exim4"]
    assert check["verdict"] == "warn" and "1 " in check["found"], check
    machine.exec("rm", "-r", "/var/spool/exim4")


def test_bad_input_changes_nothing(lab):
    machine = lab.machine(NAME)
    setup = ("vectis", "setup", "--unattended")
    assert "--config" in refused(machine, *setup)
    refused(machine, *setup, "--config", "/root/missing.yaml")
    machine.write("/root/bad.yaml", "hostname: mail\nadmin: anna\ndomians: []\n")
    said = refused(machine, *setup, "--config", "/root/bad.yaml")
    assert "/root/bad.yaml:1:" in said and "domains" in said, said
    machine.write("/root/bad.yaml", CONFIG + "tls:\n  mode: files\n  certificate: /root/no.pem\n  key: /root/no.key\n")
    assert "/root/no.pem" in refused(machine, *setup, "--config", "/root/bad.yaml")
    machine.write("/root/config.yaml", CONFIG)
    assert "ports" in refused(machine, *setup, "--config", "/root/config.yaml", "--ignore", "prots")
    as_user = machine.exec("runuser", "-u", "nobody", "--", "vectis", "setup", "--unattended", check=False)
    assert as_user.returncode == 1 and "root" in as_user.stderr


def test_setup_gives_records_that_make_mail_work(lab):
    machine = lab.machine(NAME)
    machine.write("/root/config.yaml", CONFIG)
    done = machine.exec("vectis", "setup", "--unattended", "--config", "/root/config.yaml", "--json")
    report = json.loads(done.stdout)
    assert report["changed"] and report["config_written"] and report["applied"]["generation"] == 1, report
    assert report["first_admin"] == f"anna@{DOMAIN}" and len(report["one_time_password"]) == 20
    assert report["one_time_password"] not in machine.out("journalctl -q --no-pager")
    names = {(record["name"], record["type"]) for record in report["records"]}
    for wanted in ((HOSTNAME, "A"), (HOSTNAME, "AAAA"), (DOMAIN, "MX"), (DOMAIN, "TXT"), (f"_dmarc.{DOMAIN}", "TXT"),
                   (f"r1._domainkey.{DOMAIN}", "TXT"), (f"e1._domainkey.{DOMAIN}", "TXT"),
                   ("fresh-shop.test", "MX"), ("e1._domainkey.fresh-shop.test", "TXT")):
        assert wanted in names, wanted
    lab.dns.add_zone("fresh-shop.test")
    lab.dns.publish("\n".join(record["zone_line"] for record in report["records"]))
    # What is published is the key that Rspamd signs with.
    for selector in ("r1", "e1"):
        published = lab.outside.out("dig", "+short", f"{selector}._domainkey.{DOMAIN}", "TXT")
        value = next(record["value"] for record in report["records"]
                     if record["name"] == f"{selector}._domainkey.{DOMAIN}")
        assert "".join(published.split('"')[1::2]) == value
    assert not [check for check in preflight(machine).values() if check["verdict"] == "fail"]


def test_first_administrator_is_kept_where_nobody_else_reads(lab):
    machine = lab.machine(NAME)
    assert machine.out("stat", "-c", "%U %G %a", "/var/lib/vectis/api/vectis.db") == "vectis vectis 600"
    assert machine.out("stat", "-c", "%U %G %a", "/var/lib/vectis/api") == "vectis vectis 700"
    assert machine.out("stat", "-c", "%U %G %a", "/etc/vectis/config.yaml") == "root vectis 640"


def test_second_setup_changes_nothing_and_says_so(lab):
    machine = lab.machine(NAME)
    pids = ("systemctl show -p MainPID -p ExecMainStartTimestampMonotonic dovecot rspamd unbound redis-server@vectis vectis-supervisor "
            + machine.postfix)
    before = machine.out(STATE), machine.out(pids), machine.out("vectis", "generations", "--json")
    for words in (("--config", "/root/config.yaml"), ()):
        report = json.loads(machine.out("vectis", "setup", "--unattended", *words, "--json"))
        assert report["changed"] is False and report["one_time_password"] is None, report
    assert "nothing was changed" in machine.out("vectis", "setup", "--unattended")
    assert (machine.out(STATE), machine.out(pids), machine.out("vectis", "generations", "--json")) == before
    machine.write("/root/other.yaml", CONFIG + "message_size: 10 MiB\n")
    refused(machine, "vectis", "setup", "--unattended", "--config", "/root/other.yaml")


def test_records_are_printed_again(lab):
    machine = lab.machine(NAME)
    text = machine.out("vectis", "dns")
    assert f"{DOMAIN}. 3600 IN MX 10 {HOSTNAME}." in text
    assert "198.18." not in text and " 2001:2:" not in text, f"the readiness probes' own network is published: {text}"
    assert len(json.loads(machine.out("vectis", "dns", "--json"))["records"]) > 12


def test_setup_waits_for_a_change_that_is_under_way(lab):
    machine = lab.machine(NAME)
    # Longer than the supervisor lets a call wait for its turn.
    machine.write(f"/run/systemd/system/{machine.postfix}.d/slow.conf", "[Service]\nExecReload=/bin/sleep 15\n")
    machine.exec("systemctl", "daemon-reload")
    machine.exec("vectis", "config", "set", "message_size", "11 MiB")
    apply = machine.spawn("vectis", "apply", "--yes", stdout=-3, stderr=-3)
    machine.wait(f"systemctl is-active {machine.postfix} | grep -q reloading")
    done = machine.exec("vectis", "setup", "--unattended", "--json")
    assert "waiting for another change" in done.stderr, done.stderr
    assert json.loads(done.stdout)["changed"] is False, done.stdout
    assert apply.wait(timeout=120) == 0
    machine.exec("rm", f"/run/systemd/system/{machine.postfix}.d/slow.conf")
    machine.exec("systemctl", "daemon-reload")


def test_answers_on_a_terminal_set_a_server_up(lab):
    machine = lab.bare("asked")
    server.install(machine, lab.deb())
    script = """
import os, pty, sys
answers = [b"not a name", b"", b"", b""]    # a bad name first, then what is offered
log = b""
pid, fd = pty.fork()
if pid == 0:
    os.execvp("vectis", ["vectis", "setup"])
while True:
    try:
        piece = os.read(fd, 4096)
    except OSError:
        break
    log += piece
    if log.endswith(b": ") and answers:
        os.write(fd, answers.pop(0) + b"\\n")
print(log.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    machine.write("/root/answer.py", script)
    done = machine.exec("timeout", "600", "python3", "/root/answer.py", check=False)
    assert done.returncode == 0, done.stdout
    config = machine.read("/etc/vectis/config.yaml")
    assert "mail.asked.test" in config and "admin@asked.test" in config.replace("'", "") and "#message_size" in config
    password = done.stdout.partition("One-time password:")[2].split()[0]
    assert machine.exec("doveadm", "auth", "test", "admin@asked.test", password, check=False).returncode == 0
    machine.destroy()


def test_power_cut_in_setup_is_finished_by_the_next(lab):
    """The disk as it was at random instants of a setup, booted again."""
    machine = lab.bare("cut")
    server.install(machine, lab.deb())
    config = CONFIG.replace("fresh", "cut")
    machine.write("/root/config.yaml", config)
    machine.exec("sync")
    words = ("vectis", "setup", "--unattended", "--config", "/root/config.yaml", "--json")
    chance = random.Random(20)
    setup = machine.spawn(*words, stdout=-3, stderr=-3)
    cuts = []
    for number in range(3):
        time.sleep(chance.uniform(0.1, 2.0))
        cuts.append(machine.power_cut(f"cut{number}", boot=False))
    assert setup.wait(timeout=300) == 0
    for cut in cuts:
        cut.boot()
        report = json.loads(cut.out(*words))
        assert report["applied"]["generation"] >= 1, report
        assert json.loads(cut.out(*words))["changed"] is False
        assert cut.read("/etc/vectis/config.yaml") == config
        assert cut.exec("vectis", "health", check=False).returncode == 0
        cut.destroy()
    machine.destroy()
