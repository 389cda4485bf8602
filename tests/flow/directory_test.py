"""Whatever happens to directory.db's writer, Postfix and Dovecot find who has mail: at once, after boot, without Vectis.

VECTIS_LOOKUPS is the number of lookups while the directory changes.
"""

import contextlib
import json
import os
import threading
import time

import mail

LOOKUPS = int(os.environ.get("VECTIS_LOOKUPS", "10000"))
CHANGES_A_SECOND = 50
DIRECTORY = "/var/lib/vectis/directory/directory.db"
MAILBOXES = "sqlite:/var/lib/vectis/current/postfix/mailboxes.cf"

# Changes every mailbox many times over in one transaction, more than the page cache holds, so that the log has its frames.
UNFINISHED = f"""
import sqlite3, time
database = sqlite3.connect("{DIRECTORY}", isolation_level=None)
database.execute("pragma cache_size = 10")
database.execute("begin immediate")
database.execute("update mailboxes set active = 0")
for number in range(2000):
    database.execute("insert into meta values (?, ?)", (f"unfinished {{number}}", "x" * 1000))
print("unfinished", flush=True)
time.sleep(600)
"""


def test_a_writer_killed_in_its_transaction_stops_nobody(lab):
    server = mail.configured(lab)
    server.exec("sqlite3", DIRECTORY, ".filectrl persist_wal 1", "pragma wal_checkpoint(truncate)")
    before = size(server, "-wal")
    writer = server.spawn("python3", "-c", UNFINISHED, stdout=-1, text=True)
    assert writer.stdout.readline() == "unfinished\n"
    assert size(server, "-wal") > before + 1_000_000, "nothing unfinished is in the log"
    assert_found(lab, server)
    server.exec("pkill", "-9", "-f", "unfinished")
    writer.wait(timeout=10)
    assert_found(lab, server)
    server.exec("vectis", "config", "set", f"domains[{mail.domain(server)}].quota", "3 GiB")
    server.exec("vectis", "apply", "--yes")
    assert "3145728" in server.out("doveadm", "quota", "get", "-u", mail.address(server, "bob"))
    assert_found(lab, server)


def test_lookups_never_fail_while_the_directory_changes(lab):
    server = mail.configured(lab)
    names = [mail.address(server, name) for name in ("alice", "bob")]
    found = rounds = 0
    with changing(server) as changes:
        while found < LOOKUPS:
            rounds += 1
            for table in (MAILBOXES, "proxy:" + MAILBOXES):
                keys = names * 100
                answers = server.exec("postmap", "-q", "-", table, input="".join(f"{key}\n" for key in keys)).stdout.splitlines()
                assert answers == [f"{name}\t{name}" for name in keys], f"after {found} lookups: {len(answers)} of {len(keys)}"
                found += len(keys)
            for command in (("user", "-f", "home"), ("auth", "lookup", "-f", "user")):
                answers = [line for line in server.exec("doveadm", *command, *names * 50).stdout.splitlines() if line]
                assert len(answers) == 100, f"after {found} lookups: {answers[-3:]}"
                found += 100
    assert changes.done >= rounds, f"only {changes.done} changes in {rounds} rounds"


def test_a_directory_without_its_shm_file_is_there_after_boot(lab):
    server = mail.configured(lab)
    with without_supervisor(server):
        server.exec("rm", DIRECTORY + "-shm")
        server.reboot()
        assert_found(lab, server)
        server.kill()
        server.mount()
        (server.root / (DIRECTORY + "-shm").lstrip("/")).unlink()
        server.boot()
        assert_found(lab, server)


def test_a_directory_is_there_after_a_power_cut_in_the_midst_of_changes(lab):
    server = mail.configured(lab)
    with without_supervisor(server):
        with changing(server) as changes:
            time.sleep(1)       # at any instant of a change
            cut = server.power_cut("cut")
        try:
            assert changes.a_second > 0
            assert cut.out("sqlite3", DIRECTORY, "pragma integrity_check") == "ok"
            assert_found(lab, cut)
        finally:
            cut.destroy()
        server.power_cut()
        assert_found(lab, server)
    server.exec("vectis", "apply", "--yes")


def test_a_row_that_changes_after_a_boot_touches_no_unit(lab):
    server = mail.configured(lab)
    server.reboot()
    server.exec("vectis", "config", "set", f"domains[{mail.domain(server)}].quota", "4 GiB")
    events = [json.loads(line) for line in server.out("vectis", "apply", "--json").splitlines()]
    steps = [event["step"] for event in events if event["event"] == "step"]
    assert "commit" in steps and not [step for step in steps if " " in step], steps    # a unit's is "reload rspamd"


# What the tests share

def assert_found(lab, server):
    """By Postfix's own lookup and its proxy, at RCPT, and by a real login; as root first: it could damage what others need."""
    alice = mail.address(server, "alice")
    for user in ("root", "postfix"):
        for table in (MAILBOXES, "proxy:" + MAILBOXES):
            assert server.out("runuser", "-u", user, "--", "postmap", "-q", alice, table, timeout=30) == alice, (user, table)
    assert mail.deliver(lab, server, alice)["code"] == 250
    assert mail.login(lab, server, "alice")


@contextlib.contextmanager
def without_supervisor(server):
    """Vectis itself stays away, after a boot too."""
    server.exec("systemctl", "mask", "--now", "vectis-supervisor")
    server.exec("sync")
    try:
        yield
    finally:
        server.exec("systemctl", "unmask", "vectis-supervisor")
        server.exec("systemctl", "start", "vectis-supervisor")


def size(server, suffix):
    return (server.root / (DIRECTORY + suffix).lstrip("/")).stat().st_size


class changing:
    """Changes the directory so many times a second, each a transaction of its own, as the supervisor's API would."""

    def __init__(self, server):
        self.server = server
        self.done = 0
        self.stop = threading.Event()

    def __enter__(self):
        # SQLite's shell, because Python's sqlite3 cannot keep the log and its -shm when it closes.
        self.shell = self.server.spawn("sqlite3", DIRECTORY, stdin=-1, stdout=-1, text=True)
        self.tell(".timeout 5000", ".filectrl persist_wal 1")
        assert self.shell.stdout.readline() == "1\n"
        self.started = time.monotonic()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.stop.wait(max(0, self.started + self.done / CHANGES_A_SECOND - time.monotonic())):
            bob = mail.address(self.server, "bob")
            self.tell(f"update mailboxes set display_name = 'Bob {self.done}' where address = '{bob}' returning 1;")
            if self.shell.stdout.readline() != "1\n":
                return
            self.done += 1

    def tell(self, *lines):
        with contextlib.suppress(BrokenPipeError):
            self.shell.stdin.write("".join(line + "\n" for line in lines))
            self.shell.stdin.flush()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.a_second = self.done / (time.monotonic() - self.started)
        self.shell.communicate(timeout=30)
