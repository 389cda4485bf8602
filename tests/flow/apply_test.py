"""Plan, apply, drift, rollback; and the promise that a kill or a power cut leaves the old or the new, wholly.

ROUNDS and CUTS are what `./dev test` runs; `./dev soak apply` sets the large numbers.
"""

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import tempfile
import time

import mail

ROUNDS = int(os.environ.get("VECTIS_KILLS", "4"))
CUTS = int(os.environ.get("VECTIS_CUTS", "2"))
UNITS = ("unbound.service", "redis-server@vectis.service", "rspamd.service", "dovecot.service", "fail2ban.service")
DIRECTORY = "/var/lib/vectis/directory/directory.db"
DROP_IN = "/etc/systemd/system/dovecot.service.d/vectis-version.conf"


def test_only_the_daemon_that_reads_the_change_is_reloaded(lab):
    server = mail.configured(lab)
    before = runs(server)
    server.exec("vectis", "config", "set", "rspamd.reject", "14")
    planned = server.exec("vectis", "plan", check=False)
    assert planned.returncode == 2 and "-reject = 15;" in planned.stdout and "+reject = 14;" in planned.stdout
    server.exec("vectis", "apply", "--yes")
    assert runs(server) == before, "a unit was restarted"
    assert server.exec("vectis", "plan", check=False).returncode == 0
    assert "14" in server.out("rspamadm", "configdump", "actions")


def test_a_new_mailbox_touches_no_unit_and_can_log_in_at_once(lab):
    server = mail.configured(lab)
    before = runs(server)
    add_mailbox(server, "carol")
    plan = json.loads(server.exec("vectis", "plan", "--json", check=False).stdout)
    assert [row["key"] for row in plan["rows"]["mailboxes"]] == [f"carol@{mail.domain(server)}"]
    assert not plan["files"] and all(unit["action"] == "untouched" for unit in plan["units"])
    server.exec("vectis", "apply", "--yes")
    assert runs(server) == before
    assert mail.login(lab, server, "carol")


def test_drift_is_shown_taken_back_and_kept_aside(lab):
    server = mail.configured(lab)
    generation = current(server)
    files, rows = contents(server), config_rows(server)
    server.exec("sh", "-c", "echo '# by hand' >> /var/lib/vectis/current/rspamd/local.d/actions.conf")
    server.exec("postconf", "-e", "smtpd_banner = by hand")
    server.exec("systemctl", "stop", "dovecot")
    shown = server.exec("vectis", "plan", check=False)
    assert shown.returncode == 2
    for part in ("EDITED BY HAND", "/etc/postfix/main.cf: a plain file", "start  (it is inactive)"):
        assert part in shown.stdout, part
    server.exec("vectis", "apply", "--yes")
    assert contents(server) == files and config_rows(server) == rows
    assert server.exec("vectis", "plan", check=False).returncode == 0
    assert "# by hand" in server.out("cat", f"/var/lib/vectis/edited/{generation}/rspamd/local.d/actions.conf")

    # Back to the generation that was edited: what was written, not what it was edited to.
    server.exec("vectis", "config", "set", "rspamd.reject", "13")
    server.exec("vectis", "apply", "--yes")
    server.exec("vectis", "rollback", str(generation), "--yes")
    assert current(server) == generation
    assert contents(server) == files and config_rows(server) == rows
    assert server.exec("vectis", "plan", check=False).returncode == 0


def test_a_stale_plan_is_refused(lab):
    server = mail.configured(lab)
    server.exec("vectis", "config", "set", "rspamd.reject", "12")
    plan = json.loads(server.exec("vectis", "plan", "--json", check=False).stdout)["plan_id"]
    server.exec("vectis", "config", "set", "rspamd.reject", "11")
    generation = current(server)
    server.exec("busctl", "call", "org.vectis.Supervisor1", "/org/vectis/Supervisor1",
                "org.vectis.Supervisor1", "Apply", "s", plan)
    done = server.exec("vectis", "plan", check=False)   # waits for the call before it
    assert done.returncode == 2 and current(server) == generation, f"the stale plan was applied: {done}"
    server.exec("vectis", "apply", "--yes")


def test_what_a_daemons_checker_refuses_is_never_switched_to(lab):
    server = mail.configured(lab)
    generation, files = current(server), contents(server)
    with template(server, f"dovecot/{server.dovecot}/dovecot.conf.mustache", "$ a no_such_setting = 1"):
        refused = server.exec("vectis", "apply", "--yes", check=False)
    assert refused.returncode == 1 and "no_such_setting" in refused.stderr, refused.stderr
    assert current(server) == generation and contents(server) == files
    assert server.exec("vectis", "plan", check=False).returncode == 0


def test_a_unit_that_cannot_start_brings_the_old_generation_back(lab):
    server = mail.configured(lab)
    generation, files, rows = current(server), contents(server), config_rows(server)
    add_mailbox(server, "dora")
    with template(server, "redis/redis-vectis.conf.mustache", "$ a maxmemory nonsense"):
        refused = server.exec("vectis", "apply", "--yes", check=False)
    assert refused.returncode == 1 and f"generation {generation} is back" in refused.stderr, refused.stderr
    assert current(server) == generation and contents(server) == files and config_rows(server) == rows
    assert all(active(server).values()), active(server)
    server.exec("vectis", "apply", "--yes")


def test_a_change_after_which_no_mail_arrives_brings_the_old_generation_back(lab):
    server = mail.configured(lab)
    assert_undone(lab, server, lambda: server.exec("vectis", "apply", "--yes", check=False))


def test_a_daemon_that_is_only_starting_does_not_excuse_the_change(lab):
    server = mail.configured(lab)

    def apply_while_mail_is_red():
        with unfiltered(server):
            applying = server.spawn("vectis", "apply", "--yes", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            ended = server.out("journalctl", "-q", "--no-pager", "-n", "0", "--show-cursor").rpartition("cursor: ")[2]
            server.wait("sh", "-c", f"journalctl -q --no-pager -o cat --after-cursor='{ended}' | "
                                    "grep -q 'vectis-run-probe-mail-.*: Failed'")
        out, err = applying.communicate(timeout=300)
        return subprocess.CompletedProcess(applying.args, applying.returncode, out, err)
    assert_undone(lab, server, apply_while_mail_is_red)


def test_a_probe_that_turns_green_in_time_undoes_nothing(lab):
    server = mail.configured(lab)
    generation = current(server)
    server.exec("vectis", "config", "set", "message_size", "40 MiB")
    red = []
    with contextlib.ExitStack() as fault:
        for event in applying(server):
            step = event.get("step"), event.get("state")
            if step == ("switch", "started"):
                fault.enter_context(unfiltered(server))
            if step == ("probe", "red"):
                red.append(event["detail"])
                fault.close()
    assert red and event["event"] == "done", (red, event)
    assert current(server) > generation
    assert_mail_works(lab, server)
    assert server.exec("vectis", "plan", check=False).returncode == 0


def test_what_a_generation_no_longer_has_is_given_back(lab):
    server = mail.configured(lab)
    with one_drop_in_more(server, ""):
        server.exec("vectis", "apply", "--yes")
        assert server.exec("test", "-e", DROP_IN, check=False).returncode == 1
        server.write(DROP_IN, "# the administrator's\n")
        with one_drop_in_more(server, "# ours\n"):
            server.exec("vectis", "apply", "--yes")
            assert "# ours" in server.read(DROP_IN)
            with one_drop_in_more(server, ""), template(server, "redis/redis-vectis.conf.mustache", "$ a maxmemory nonsense"):
                refused = server.exec("vectis", "apply", "--yes", check=False)
            assert "is back" in refused.stderr and "# ours" in server.read(DROP_IN), refused.stderr
            assert server.exec("vectis", "plan", check=False).returncode == 0
        shown = server.exec("vectis", "plan", check=False)
        assert f"! {DROP_IN}: from generation {current(server)}, will be given back" in shown.stdout, shown.stdout
        server.exec("vectis", "apply", "--yes")
        assert server.read(DROP_IN) == "# the administrator's\n"
        server.exec("rm", DROP_IN)
    server.exec("vectis", "apply", "--yes")
    assert server.exec("vectis", "plan", check=False).returncode == 0


def test_a_power_cut_while_files_are_given_back_or_placed_loses_none(lab):
    server = mail.configured(lab)
    chance = random.Random(1125)
    with one_drop_in_more(server, ""):
        server.exec("vectis", "apply", "--yes")
        server.write(DROP_IN, "# the administrator's\n")
        for number in range(CUTS):
            comes = number % 2 == 0
            with one_drop_in_more(server, "# ours\n" if comes else ""):
                for event in applying(server):
                    if (event.get("step"), event.get("state")) == ("switch", "started"):
                        time.sleep(chance.random() * 0.3)
                        cut = server.power_cut("cut")
                try:
                    await_idle(cut)
                    assert cut.read(DROP_IN) == ("# ours\n" if comes else "# the administrator's\n"), number
                    assert cut.exec("vectis", "plan", check=False).returncode == 0
                    kept = cut.exec("cat", f"/var/lib/vectis/originals{DROP_IN}", check=False)
                    assert kept.stdout == ("# the administrator's\n" if comes else ""), kept
                finally:
                    cut.destroy()
                assert server.read(DROP_IN) == ("# ours\n" if comes else "# the administrator's\n"), number
        server.exec("vectis", "apply", "--yes")
        server.exec("rm", DROP_IN)
    server.exec("vectis", "apply", "--yes")


def test_a_kill_at_any_step_leaves_the_old_or_the_new(lab):
    server = mail.configured(lab)
    mail.empty(server, "alice")     # the quota changes to a few MiB
    with mail.Sender(lab, server) as sender:
        steps = steps_of_an_apply(server)
        chance = random.Random(20261124)
        for number in range(ROUNDS):
            before = current(server)
            marker = change_everything(server, number)
            victim = "vectis-supervisor" if number % 4 else "cli"
            kill_at(server, steps[number % len(steps)], victim, chance.random() * 0.05)
            await_idle(server)
            assert_whole(server, before, marker, f"round {number}, killed at {steps[number % len(steps)]}")
            server.exec("vectis", "apply", "--yes")
            assert_whole(server, None, marker, f"round {number}, after the next apply")
    sender.assert_nothing_lost()


def test_a_power_cut_at_any_instant_leaves_the_old_or_the_new(lab):
    server = mail.configured(lab)
    chance = random.Random(1124)
    for number in range(CUTS):
        before = current(server)
        marker = change_everything(server, 1000 + number)
        process = subprocess.Popen(server.command("vectis", "apply", "--yes"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * 3)     # any instant of an apply that takes about this long
        cut = server.power_cut("cut")
        try:
            await_idle(cut)
            assert_whole(cut, before, marker, f"cut {number}")
            assert cut.exec("postmap", "-q", f"alice@{mail.domain(server)}",
                            "sqlite:/var/lib/vectis/current/postfix/mailboxes.cf").stdout.strip()
            journal = cut.out("journalctl", "--no-pager", "-q", "-n", "60", "-u", "dovecot", "-u", "vectis*")
            assert mail.login(lab, cut, "alice"), f"cut {number}: cannot log in\n{journal}"
        finally:
            cut.destroy()
        assert process.wait(timeout=120) == 0


# What the tests look at

def runs(server):
    """Each unit's run: a new one has another InvocationID."""
    return {unit: server.out("systemctl", "show", "-P", "InvocationID", unit) for unit in (*UNITS, server.postfix)}


def active(server):
    return {unit: server.out("systemctl", "show", "-P", "ActiveState", unit) == "active" for unit in (*UNITS, server.postfix)}


def current(server):
    return int(server.out("readlink", "/var/lib/vectis/current").rpartition("/")[2])


def contents(server):
    """Every rendered file's hash, as the daemons find it."""
    listing = server.out("sh", "-c", "cd /var/lib/vectis/current/ && find . -type f ! -name config.yaml -exec sha256sum {} +")
    placed = server.out("sh", "-c", "sha256sum /etc/postfix/main.cf /etc/postfix/master.cf /etc/dovecot/dovecot.conf "
                                    "/etc/unbound/unbound.conf.d/vectis.conf /etc/redis/redis-vectis.conf")
    return sorted((listing + "\n" + placed).splitlines())


def config_rows(server):
    """Every row that apply owns, without what a user may change."""
    with directory(server) as database:
        return [database.execute(query).fetchall() for query in (
            "select name, alias_of, catch_all, active, managed_by from domains where active = 1 order by name",
            "select address, display_name, declared_password, quota, managed_by from mailboxes where active = 1 order by address",
            "select address, destination, managed_by from aliases join alias_destinations on alias_id = id order by 1, 2")]


def assert_undone(lab, server, apply):
    """A change of a row and of a file, which every checker accepts and which throws mail away, leaves all as it was."""
    generation, files, rows = current(server), contents(server), config_rows(server)
    add_mailbox(server, "emil")
    with template(server, "postfix/main.cf.mustache", "s/^virtual_transport = .*/virtual_transport = discard:/"):
        refused = apply()
    assert refused.returncode == 1 and f"generation {generation} is back" in refused.stderr, refused
    assert "mail: a message accepted at" in refused.stderr, refused.stderr
    assert current(server) == generation and contents(server) == files and config_rows(server) == rows
    assert not mail.login(lab, server, "emil")
    assert_mail_works(lab, server)


def assert_mail_works(lab, server):
    """From outside to alice, and from alice to outside."""
    note = mail.note("anna@outside.test", mail.address(server, "alice"))
    assert mail.deliver(lab, server, mail.address(server, "alice"), note)["code"] == 250
    mail.wait_for(lab, server, "alice", note["subject"])
    note = mail.note(mail.address(server, "alice"), "anna@outside.test")
    assert mail.submit(lab, server, "alice", "anna@outside.test", note)["code"] == 250
    mail.received(lab, "anna@outside.test", note["subject"])


class directory:
    """A copy of directory.db with its log, read here by a SQLite that is not ours."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        for suffix in ("", "-wal"):
            source = self.server.root / f"{DIRECTORY.lstrip('/')}{suffix}"
            with open(f"{self.folder.name}/directory.db{suffix}", "wb") as copy:
                copy.write(source.read_bytes())
        self.database = sqlite3.connect(f"{self.folder.name}/directory.db")
        return self.database

    def __exit__(self, *_):
        self.database.close()
        self.folder.cleanup()


# What the tests do

@contextlib.contextmanager
def template(server, name, expression):
    """A template edited by sed."""
    path = f"/usr/share/vectis/templates/{name}"
    before = server.read(path)
    server.exec("sed", "-i", expression, path)
    try:
        assert server.read(path) != before
        yield
    finally:
        server.write(path, before)


@contextlib.contextmanager
def one_drop_in_more(server, text):
    """The template of DROP_IN says this; a version of Dovecot without the template, as with an empty text, has no such file."""
    path = f"/usr/share/vectis/templates/dovecot/{server.dovecot}/dovecot.service.d/version.conf.mustache"
    before = server.read(path) if server.exec("test", "-e", path, check=False).returncode == 0 else ""

    def say(text):
        server.exec("mkdir", "-p", path.rpartition("/")[0])
        if text:
            server.write(path, text)
        else:
            server.exec("rm", "-f", path)

    say(text)
    try:
        yield
    finally:
        say(before)


@contextlib.contextmanager
def unfiltered(server):
    """Without the filter's socket Postfix asks every sender to come again: as when Rspamd is still starting."""
    socket = "/run/vectis-milter/rspamd.sock"
    server.exec("mv", socket, socket + ".away")
    try:
        yield
    finally:
        server.exec("mv", socket + ".away", socket)


def applying(server):
    """Applies, and yields each event as it is told."""
    process = server.spawn("vectis", "apply", "--json", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with process:
        for line in process.stdout:
            yield json.loads(line)


def add_mailbox(server, name):
    text = server.out("cat", "/etc/vectis/config.yaml")
    hashed = text.split('password_hash: "')[1].split('"')[0]
    server.write("/etc/vectis/config.yaml",
                 text.replace("    mailboxes:\n", f"    mailboxes:\n      - name: {name}\n        password_hash: \"{hashed}\"\n", 1) + "\n")


def change_everything(server, number):
    """One change for each kind of thing that an apply touches: a file, a row, a unit. Returns what tells it."""
    reject = f"{10 + number % 80 / 10:.1f}"
    for key, value in (("rspamd.reject", reject), ("message_size", f"{20 + number % 40} MiB"),
                       (f"domains[{mail.domain(server)}].quota", f"{number + 1} MiB")):
        server.exec("vectis", "config", "set", key, value)
    return {"reject": reject, "quota": (number + 1) << 20}


def marker_in(server, generation):
    """What a generation's files and the directory's rows say, each from its own source."""
    actions = server.out("cat", f"/var/lib/vectis/generations/{generation}/rspamd/local.d/actions.conf")
    reject = [line for line in actions.splitlines() if line.startswith("reject")][0].split("=")[1].strip(" ;")
    with directory(server) as database:
        quota = database.execute("select quota from mailboxes where local_part = 'bob' and active = 1").fetchone()[0]
        number = int(database.execute("select value from meta where key = 'generation'").fetchone()[0])
    return {"reject": float(reject), "quota": quota, "generation": number}


def assert_whole(server, before, marker, when):
    generation = current(server)
    found = marker_in(server, generation)
    assert found["generation"] == generation, f"{when}: link {generation}, rows {found}"
    new = found["reject"] == float(marker["reject"])
    assert new == (found["quota"] == marker["quota"]), f"{when}: files and rows disagree: {found} {marker}"
    if before is None:
        assert new, f"{when}: still old"
    elif not new:
        assert generation == before, f"{when}: old contents in a new generation"
    plan = json.loads(server.exec("vectis", "plan", "--json", check=False).stdout)
    assert plan["changes"] != new, f"{when}: {plan['summary']}"
    assert all(active(server).values()), f"{when}: {active(server)}"
    if new:
        loaded = server.out("rspamadm", "configdump", "actions")
        assert f"reject = {float(marker['reject']):g}" in loaded, f"{when}: {loaded}"


def steps_of_an_apply(server):
    """The names of the steps, in order, from an apply that is left alone."""
    change_everything(server, 999)
    events = list(applying(server))
    assert events[-1]["event"] == "done", events[-1]
    return [(event["step"], event["state"]) for event in events if event["event"] == "step"]


def kill_at(server, step, victim, delay):
    """Applies, and kills the supervisor or the command line once `step` is told."""
    process = subprocess.Popen(server.command("vectis", "apply", "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
    for line in process.stdout:
        event = json.loads(line)
        if (event.get("step"), event.get("state")) == step:
            time.sleep(delay)
            if victim == "cli":
                server.exec("pkill", "-9", "-f", "^vectis apply", check=False)
            else:
                server.exec("systemctl", "kill", "-s", "KILL", victim, check=False)
            break
    process.stdout.read()
    process.wait(timeout=60)


def await_idle(server, patience=90):
    """The last apply, once the supervisor is up and has ended what was interrupted, and what goes on without whoever asked."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        status = server.exec("vectis", "status", "--json", check=False)
        if status.returncode == 0:
            last = json.loads(status.stdout)["last_apply"]
            ended = last is None or last["outcome"] not in ("running", "interrupted")
            # An apply that has only just begun is in no journal yet.
            if ended and json.loads(server.exec("vectis", "plan", "--json", check=False).stdout).get("error") != "busy":
                return last
        time.sleep(0.1)
    raise AssertionError("the supervisor did not come back: " + status.stderr)
