"""The supervisor in a real server: units kept running, callers told apart, hangs ended."""

import json

import build
from machine import wait_until

SUPERVISOR = "vectis-supervisor.service"
CERTIFICATE = "/var/lib/vectis/tls/self_signed.crt"


def show(server, unit, property):
    return server.out("systemctl", "show", "-P", property, unit)


def pid(server, unit):
    return show(server, unit, "MainPID")


def events(server, unit):
    """What the supervisor has logged about a unit, oldest first."""
    return server.out("journalctl", "-q", "--no-pager", "-o", "cat", "--output-fields=VECTIS_EVENT",
                      "-t", "vectis", f"VECTIS_UNIT={unit}", check=False).split()


def test_systemd_is_driven_as_the_library_says(lab):
    """tests/unit/systemd/machine_test.cpp: jobs, re-execution of systemd, sandboxed programs, the journal."""
    server = lab.vectis()
    server.push(build.unit_program(server.suite), "/root/unit", mode="755")
    done = server.exec("/root/unit", "[machine]", check=False, timeout=300)
    assert done.returncode == 0, done.stdout


def test_killed_unit_is_noticed_and_runs_again(lab):
    server = lab.vectis()
    before = pid(server, "dovecot.service")
    seen = len(events(server, "dovecot.service"))
    server.exec("systemctl", "kill", "-s", "KILL", "dovecot.service")
    wait_until(lambda: pid(server, "dovecot.service") not in ("0", before), 20, "dovecot runs again")
    wait_until(lambda: events(server, "dovecot.service")[seen:][:1] == ["unit.failed"], 10, "the failure is told")
    wait_until(lambda: events(server, "dovecot.service")[-1] == "unit.recovered", 20, "the recovery is told")


def test_unit_that_keeps_failing_is_given_up_and_reported(lab):
    server = lab.vectis()
    seen = len(events(server, "unbound.service"))
    # Without a restart of systemd's own, and with a start that fails.
    server.exec("mkdir", "-p", "/run/systemd/system/unbound.service.d")
    server.write("/run/systemd/system/unbound.service.d/zz-broken.conf",
                 "[Service]\nType=simple\nRestart=no\nExecStartPre=\nExecStartPre=/bin/false\n")
    server.exec("systemctl", "daemon-reload")
    try:
        server.exec("systemctl", "kill", "-s", "KILL", "unbound.service")
        wait_until(lambda: "unit.given_up" in events(server, "unbound.service")[seen:], 60, "the unit is given up")
        assert events(server, "unbound.service")[seen:].count("unit.starting") == 3
        assert "unbound.service" in show(server, SUPERVISOR, "StatusText")
    finally:
        server.exec("rm", "-r", "/run/systemd/system/unbound.service.d")
        server.exec("systemctl", "daemon-reload")
        server.exec("systemctl", "restart", "unbound.service")
    wait_until(lambda: events(server, "unbound.service")[-1] == "unit.recovered", 10, "the recovery is told")


def test_unit_that_somebody_stopped_stays_stopped(lab):
    server = lab.vectis()
    before = len(events(server, "rspamd.service"))
    server.exec("systemctl", "stop", "rspamd.service")
    try:
        # The supervisor has seen the stop once it has seen something that came after it.
        server.exec("systemctl", "kill", "-s", "KILL", "dovecot.service")
        seen = len(events(server, "dovecot.service"))
        wait_until(lambda: len(events(server, "dovecot.service")) > seen, 20, "a later failure is told")
        assert show(server, "rspamd.service", "ActiveState") == "inactive"
        assert "unit.starting" not in events(server, "rspamd.service")[before:]
    finally:
        server.exec("systemctl", "start", "rspamd.service")


def test_supervisor_that_hangs_is_replaced(lab):
    server = lab.vectis()
    before = pid(server, SUPERVISOR)
    server.exec("kill", "-STOP", before)
    wait_until(lambda: pid(server, SUPERVISOR) not in ("0", before)
               and show(server, SUPERVISOR, "ActiveState") == "active", 60, "another supervisor runs")
    assert server.exec("vectis", "status", check=False).returncode == 0


def test_only_root_and_vectis_may_call(lab):
    server = lab.vectis()

    def call(user):
        return server.exec("setpriv", f"--reuid={user}", "--clear-groups", "busctl", "call", "org.vectis.Supervisor1",
                           "/org/vectis/Supervisor1", "org.vectis.Supervisor1", "Version", check=False)
    assert call("root").returncode == 0
    assert call("vectis").returncode == 0
    for user in ("nobody", "postfix", "www-data"):
        assert call(user).returncode != 0
    # The service's own check stands behind the bus's policy.
    server.write("/etc/dbus-1/system.d/zz-test.conf", "<busconfig><policy context='mandatory'>"
                 "<allow send_destination='org.vectis.Supervisor1'/></policy></busconfig>")
    server.exec("systemctl", "reload", "dbus")
    try:
        denied = call("nobody")
        assert denied.returncode != 0 and "cannot let user" in denied.stderr, denied.stderr
        assert call("vectis").returncode == 0
    finally:
        server.exec("rm", "/etc/dbus-1/system.d/zz-test.conf")
        server.exec("systemctl", "reload", "dbus")


def test_methods_take_no_paths_and_no_units(lab):
    server = lab.vectis()
    for method, argument in (("Restart", "ssh.service"), ("Restart", "../../etc"), ("Apply", "/etc/shadow"),
                             ("Health", "everything")):
        done = server.exec("busctl", "call", "org.vectis.Supervisor1", "/org/vectis/Supervisor1",
                           "org.vectis.Supervisor1", method, "s", argument, check=False)
        assert done.returncode != 0, (method, argument)


def test_supervisor_outlives_the_bus_and_systemd(lab):
    server = lab.vectis()
    before = pid(server, SUPERVISOR)
    server.exec("systemctl", "daemon-reexec")
    server.wait("vectis", "status")
    server.exec("systemctl", "restart", "dbus.service")
    server.wait("vectis", "status")
    assert pid(server, SUPERVISOR) == before


def test_status_says_what_is_in_force_and_what_cannot_be_asked(lab):
    server = lab.vectis()

    def status():
        told = json.loads(server.out("vectis", "status", "--json"))
        for service in told["services"]:
            del service["memory"]
        return told
    found = status()
    assert found["hostname"] == server.hostname and found["queue"] == {"messages": 0}, found
    assert found["certificate"]["path"] == CERTIFICATE and found["certificate"]["days_left"] > 300, found
    # Neither a program that is missing nor a file that is no certificate keeps the rest from being told.
    for file, part, word in (("/usr/sbin/postconf", "certificate", "postconf"), ("/usr/sbin/postqueue", "queue", "postqueue"),
                             (CERTIFICATE, "certificate", "missing")):
        server.exec("mv", file, f"{file}.away")
        try:
            broken = status()
        finally:
            server.exec("mv", f"{file}.away", file)
        assert word in broken[part]["error"], (file, broken)
        assert broken["services"] == found["services"] and broken["last_apply"] == found["last_apply"], (file, broken)
    assert status() == found


def test_idle_supervisor_is_small(lab):
    server = lab.vectis()
    server.exec("vectis", "status")
    status = server.read(f"/proc/{pid(server, SUPERVISOR)}/status")
    resident, own = (next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) for name in ("VmRSS", "RssAnon"))
    # Of some 18.5 MB 15 are pages of shared libraries; what this watches for is memory that a call leaves behind.
    assert own < 5 * 1024 and resident < 20 * 1024, f"{own} kB of {resident} kB"
