"""Size: what 1,000, 10,000 and 100,000 mailboxes cost, and how little one change touches among them.

Each mailbox brings its share along: a hundred to a domain, one alias to five. The times are processor times, and ratios to
yaml-cpp reading the same file in the same run (yaml_events.cpp), since machines are shared and differ. Nothing asserts a time.
"""

import io
import json
import os
import pathlib
import time

import build
import runner
from config_gen import write
from host import SOURCE, run

mail = runner.load(SOURCE / "tests/flow/mail.py")

SIZES = (1_000, 10_000, 100_000)
CONFIG = "/etc/vectis/config.yaml"
SUPERVISOR = "vectis-supervisor.service"
UNITS = ("unbound.service", "redis-server@vectis.service", "rspamd.service", "dovecot.service", "postsrsd.service",
         "postfix-mta-sts-resolver.service", "vectis-webmail.service", "nginx.service", "fail2ban.service")
HERE = pathlib.Path(__file__).parent

# Runs a command and ends its standard error with a line of processor seconds and peak kilobytes, as wait4 (61) tells them.
METER = r"""
    defined($pid = fork) or die; if (!$pid) { exec @ARGV or die }
    ($status, $usage) = (pack('i', 0), "\0" x 144);
    syscall(61, $pid, $status, 0, $usage) == $pid or die;
    @u = unpack('q5', $usage);
    printf STDERR "\n%f %d\n", $u[0] + $u[2] + ($u[1] + $u[3]) / 1e6, $u[4];
    exit(unpack('i', $status) >> 8);"""


def test_an_idle_supervisor_is_small(lab):
    server = lab.vectis()
    rows = []
    server.exec("systemctl", "restart", SUPERVISOR)
    rows.append(("after start", memory(server)))
    server.exec("vectis", "status")
    rows.append(("after a status", memory(server)))
    server.exec("vectis", "config", "set", "rspamd.reject", "14")
    assert server.exec("vectis", "plan", check=False).returncode == 2
    server.exec("vectis", "apply", "--yes")
    rows.append(("after a plan and an apply", memory(server)))
    table("supervisor's memory, kB", ("RSS", "anonymous", "file", "PSS", "shared with nobody"),
          [(name, *found) for name, found in rows])


def test_every_step_grows_with_the_mailboxes_and_not_faster(lab):
    server = lab.vectis()
    limit_program(server)
    rows, steps = [], {}
    for mailboxes in SIZES:
        grow(server, mailboxes)
        limit, _ = metered(server, "/root/yaml_events", CONFIG)
        load = metered(server, "vectis", "config", "check")
        with supervisor(server) as bringing:
            client, steps[mailboxes] = applied(server)
        with supervisor(server) as working:
            nothing = metered(server, "vectis", "plan")
        offline = metered(server, "vectis", "plan", "--offline", "--config", CONFIG)
        for what, (seconds, peak) in (
                ("yaml-cpp alone", (limit, 0)), ("config check", load), ("plan --offline", offline),
                ("plan: supervisor", working.used), ("plan: command", nothing),
                ("apply: supervisor", bringing.used), ("apply: command", client)):
            rows.append((f"{what}, {mailboxes:,}", f"{seconds:.2f}", f"{seconds / limit:.2f}",
                         f"{seconds / mailboxes * 1e6:.1f}", f"{peak / 1024:.0f}"))
    table("size", ("CPU s", "x yaml-cpp", "us a mailbox", "peak MB"), sorted_by_what(rows))
    names = list(dict.fromkeys(name for size in reversed(SIZES) for name in steps[size]))
    table("seconds of each apply (the wall clock's)", [f"{size:,}" for size in SIZES],
          [(name, *(f"{steps[size].get(name, 0):.2f}" for size in SIZES)) for name in names])


def test_one_more_among_a_hundred_thousand_touches_its_row_alone(lab):
    server = lab.vectis()
    grow(server, SIZES[-1])
    applied(server)
    before = running(server, "InvocationID")
    hashed = server.out("vectis", "hash-password", "--password-stdin", input=mail.PASSWORD + "\n")
    text = server.read(CONFIG).replace(
        "    mailboxes:\n", f"    mailboxes:\n      - name: newcomer\n        password_hash: \"{hashed}\"\n", 1)
    server.write(CONFIG, text)
    plan = json.loads(server.exec("vectis", "plan", "--json", check=False).stdout)
    changed = {kind: [(row["key"], row["change"]) for row in rows] for kind, rows in plan["rows"].items()}
    assert changed == {"domains": [], "mailboxes": [("newcomer@d0.example.test", "added")], "aliases": []}, changed
    with supervisor(server) as working:
        _, steps = applied(server)
    assert running(server, "InvocationID") == before, "a unit was touched"
    assert mail.call(lab.outside, "login", host=server.ip, user="newcomer@d0.example.test", password=mail.PASSWORD)
    seconds, peak = working.used
    table("one mailbox among 100,000", ("",), [
        ("rows changed", 1), ("units touched", 0), ("CPU s of the supervisor", f"{seconds:.2f}"),
        ("its peak MB", f"{peak / 1024:.0f}"), ("its MB when idle again", f"{memory(server)[0] / 1024:.0f}"),
        *((f"{name}, s", f"{took:.2f}") for name, took in steps.items())])


def test_one_score_reloads_rspamd_alone(lab):
    server = lab.vectis()
    pids, loads = running(server, "MainPID"), running(server, "InvocationID")
    rspamd = rspamd_reloads(server)
    server.exec("vectis", "config", "set", "rspamd.reject", "13")
    plan = json.loads(server.exec("vectis", "plan", "--json", check=False).stdout)
    actions = {unit["unit"]: unit["action"] for unit in plan["units"]}
    assert {unit: action for unit, action in actions.items() if action != "untouched"} == {"rspamd.service": "reload"}, actions
    assert actions.keys() >= {*UNITS, server.postfix}
    applied(server)
    assert running(server, "MainPID") == pids and running(server, "InvocationID") == loads, "a unit was restarted"
    assert rspamd_reloads(server) == rspamd + 1
    assert "reject = 13" in server.out("rspamadm", "configdump", "actions")
    table("one score changed", ("",), [("units reloaded", 1), ("main pids changed", 0)])


# What is measured

class supervisor:
    """`used` is what the supervisor has taken in the meantime: processor seconds, and the peak of its memory in kB."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.pid = self.server.out("systemctl", "show", "-P", "MainPID", SUPERVISOR)
        self.server.write(f"/proc/{self.pid}/clear_refs", "5\n")
        self.before = self.seconds()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.server.out("systemctl", "show", "-P", "MainPID", SUPERVISOR) == self.pid, "it was restarted"
            self.used = self.seconds() - self.before, status(self.server, self.pid)["VmHWM"]

    def seconds(self):
        fields = self.server.read(f"/proc/{self.pid}/stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def metered(server, *command):
    """Runs a command in the server: its processor seconds and its peak of memory in kB."""
    done = server.exec("perl", "-e", METER, *command, check=False)
    assert done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}"
    seconds, peak = done.stderr.split()[-2:]
    return float(seconds), int(peak)


def applied(server):
    """Applies: what the command took, and the seconds of each step from its start to its end."""
    started, steps, first = {}, {}, time.monotonic()
    process = server.spawn("perl", "-e", METER, "vectis", "apply", "--json", stdout=-1, stderr=-1, text=True)
    for line in process.stdout:
        event, at = json.loads(line), time.monotonic()
        if event.get("state") == "started":
            started[event["step"]] = at
            steps.setdefault("the command's own plan", at - first)
        elif event.get("state") == "done":
            steps[event["step"]] = at - started[event["step"]]
    told = process.stderr.read()
    assert process.wait() == 0, told
    steps["whole"] = time.monotonic() - first
    seconds, peak = told.split()[-2:]
    return (float(seconds), int(peak)), steps


def memory(server):
    pid = server.out("systemctl", "show", "-P", "MainPID", SUPERVISOR)
    found, rollup = status(server, pid), figures(server.read(f"/proc/{pid}/smaps_rollup"))
    return (found["VmRSS"], found["RssAnon"], found["RssFile"], rollup["Pss"],
            rollup["Private_Clean"] + rollup["Private_Dirty"])


def status(server, pid):
    return figures(server.read(f"/proc/{pid}/status"))


def figures(text):
    """The lines that are in kB."""
    return {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if line.endswith(" kB")}


def running(server, property):
    return {unit: server.out("systemctl", "show", "-P", property, unit) for unit in (*UNITS, server.postfix)}


def rspamd_reloads(server):
    return server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-u", "rspamd.service").count("Reloaded ")


# What is done

def grow(server, mailboxes):
    text = io.StringIO()
    write(text, mailboxes // 100, mailboxes, mailboxes // 5)
    server.write(CONFIG, text.getvalue())


def limit_program(server):
    build.install_build_dependencies()
    program = build.BUILD / "bench/yaml_events"
    program.parent.mkdir(parents=True, exist_ok=True)
    # With yaml-cpp in it: the server may have another release's.
    flags = run("pkg-config", "--cflags", "yaml-cpp").stdout.split()
    run("c++", "-std=c++20", "-O2", "-o", program, HERE / "yaml_events.cpp", *flags, "-static-libstdc++", "-l:libyaml-cpp.a")
    server.push(program, "/root/yaml_events", mode="755")


# What is shown

def sorted_by_what(rows):
    whats = list(dict.fromkeys(row[0].partition(",")[0] for row in rows))
    return sorted(rows, key=lambda row: whats.index(row[0].partition(",")[0]))


def table(title, columns, rows):
    width = max(len(str(row[0])) for row in [(title,), *rows])
    print(f"\n{title:<{width}}" + "".join(f"  {column:>12}" for column in columns))
    for name, *values in rows:
        print(f"{name:<{width}}" + "".join(f"  {value:>12}" for value in values), flush=True)
