"""What an apply needs and does not find is named, and nothing is half applied: a package, a program, room, a place to write,
the bus."""

import contextlib
import json
import os

from apply_test import await_idle, config_rows, contents, current
from machine import wait_until

LIB = "/var/lib/vectis"
# A disk fills up and the bus goes away at one step each; at every step in the soak.
EVERY_STEP = "VECTIS_EVERY_STEP" in os.environ


def test_a_missing_package_is_named_with_how_to_get_it(lab):
    server = lab.vectis()
    with change(server) as unchanged:
        server.exec("dpkg", "--force-depends", "--remove", "rspamd")
        try:
            for command in ("plan",), ("apply", "--yes"):
                said = refused(server, *command)
                assert "missing package rspamd" in said and "apt install rspamd" in said, said
            unchanged()
            assert "rspamd" in server.out("vectis", "status")
        finally:
            server.exec("apt-get", "install", "-q", "-y", "rspamd")


def test_a_missing_program_is_named_before_anything_is_switched(lab):
    server = lab.vectis()
    for program, key, values in (("/usr/bin/rspamadm", "rspamd.junk", ("5.5", "6.5")),
                                 ("/usr/bin/doveconf", "retention.trash", ("31 days", "41 days"))):
        with change(server) as unchanged:
            server.exec("vectis", "config", "set", key, values[current(server) % 2])
            server.exec("mv", program, program + ".away")
            try:
                said = refused(server, "apply", "--yes")
            finally:
                server.exec("mv", program + ".away", program)
            assert program in said, said
            unchanged()


def test_a_full_disk_is_named_before_anything_is_changed(lab):
    server = lab.vectis()
    with change(server) as unchanged:
        with filled(server, "/var/lib"):
            for command in ("apply", "--yes"), ("rollback", str(current(server)), "--yes"):
                said = refused(server, *command)
                assert LIB in said and "No space left" in said and "df -h" in said, said
            assert server.exec("vectis", "plan", check=False).returncode == 2
            assert server.exec("vectis", "status", check=False).returncode == 0
        unchanged()


def test_a_disk_that_fills_up_at_any_step_leaves_the_old_or_the_new(lab):
    server = lab.vectis()
    for step in ("stage", "check", "commit", "switch", "probe") if EVERY_STEP else ("commit",):
        with change(server) as unchanged:
            before = current(server)
            with contextlib.ExitStack() as full:
                process = server.spawn("vectis", "apply", "--json", stdout=-1, stderr=-1, text=True)
                for line in process.stdout:
                    if json.loads(line).get("step") == step:
                        full.enter_context(filled(server, "/var/lib"))
                        break
                process.stdout.read()
                said = process.stderr.read()
                status = process.wait(timeout=300)
            # With room again, what could not be ended is ended without anybody's doing.
            last = await_idle(server, 300)
            assert last["outcome"] in ("confirmed", "discarded", "undone"), (step, last, said)
            if current(server) == before:
                assert status == 1, (step, said)
                unchanged()
            else:
                assert server.exec("vectis", "plan", check=False).returncode == 0, (step, said)
            listing = server.out("ls", "-A", f"{LIB}/generations")
            assert "staging" not in listing, (step, listing)


def test_a_read_only_etc_is_named_before_anything_is_changed(lab):
    server = lab.vectis()
    # Something in /etc that an apply would put right.
    with change(server) as unchanged:
        server.exec("postconf", "-e", "smtpd_banner = by hand")
        with read_only_etc(server):
            said = refused(server, "apply", "--yes")
            assert "/etc/postfix" in said and "read-only" in said.lower(), said
            unchanged()
        server.exec("vectis", "apply", "--yes")
    # What touches nothing in /etc goes on all the same.
    with change(server):
        with read_only_etc(server):
            server.exec("vectis", "apply", "--yes")


def test_without_the_bus_every_command_says_so_and_mail_goes_on(lab):
    server = lab.vectis()
    with change(server) as unchanged:
        server.exec("systemctl", "stop", "dbus.socket", "dbus.service")
        try:
            for command in ("plan",), ("apply", "--yes"), ("rollback", "1", "--yes"), ("status",), ("health",):
                said = refused(server, *command)
                assert "dbus" in said.lower() and "hint" in said, said
            assert server.exec("vectis", "config", "check", check=False).returncode == 0
            assert server.exec("doveadm", "user", "*", check=False).returncode == 0
        finally:
            server.exec("systemctl", "start", "dbus.socket", "dbus.service")
            server.wait("vectis", "status")
        unchanged()


def test_a_bus_that_goes_away_in_an_apply_leaves_the_old_or_the_new(lab):
    server = lab.vectis()
    for step in ("stage", "check", "switch") if EVERY_STEP else ("switch",):
        with change(server) as unchanged:
            before = current(server)
            process = server.spawn("vectis", "apply", "--json", stdout=-1, stderr=-1, text=True)
            for line in process.stdout:
                if json.loads(line).get("step") == step:
                    server.exec("systemctl", "stop", "dbus.socket", "dbus.service")
                    break
            try:
                process.stdout.read()
                said = process.stderr.read()
                status = process.wait(timeout=400)
            finally:
                server.exec("systemctl", "start", "dbus.socket", "dbus.service")
            server.wait("vectis", "status")
            last = await_idle(server, 300)
            assert last["outcome"] in ("confirmed", "discarded", "undone"), (step, last, said)
            if current(server) == before:
                assert status == 1, (step, said)
                unchanged()


def test_a_directory_of_a_generation_that_nobody_knows_is_kept_and_a_new_generation_made(lab):
    server = lab.vectis()
    server.exec("vectis", "apply", "--yes")
    files, rows, generation = contents(server), config_rows(server), current(server)
    server.exec("systemctl", "stop", "vectis-supervisor")
    server.exec("sqlite3", f"{LIB}/supervisor.db", "pragma foreign_keys = on",
                f"delete from generations where number = {generation}", "delete from applies",
                "insert into generations values (0, '', '', '')")
    server.exec("systemctl", "start", "vectis-supervisor")
    server.wait("vectis", "status")
    wait_until(lambda: f"cannot find generation {generation}" in server.out(
        "journalctl", "-q", "--no-pager", "-o", "cat", "-u", "vectis-supervisor", "-n", "20"), 30, "recovery's answer")
    assert current(server) == generation and config_rows(server) == rows and contents(server) == files
    server.exec("vectis", "apply", "--yes")
    server.exec("vectis", "config", "set", "rspamd.reject", "19")
    server.exec("vectis", "apply", "--yes")
    assert current(server) > generation and config_rows(server) == rows


def refused(server, *command):
    done = server.exec("vectis", *command, check=False)
    assert done.returncode == 1 and "internal fault" not in done.stderr, (command, done)
    return done.stderr


@contextlib.contextmanager
def change(server):
    """With a change in config.yaml that waits to be applied. Yields what asserts that it has not been, not even in part;
    at the end it is applied."""
    server.exec("vectis", "apply", "--yes")
    files, rows, generation = contents(server), config_rows(server), current(server)
    generations = server.out("ls", "-A", f"{LIB}/generations")
    reject = 10 + generation % 80 / 10
    server.exec("vectis", "config", "set", "rspamd.reject", f"{reject:.1f}")

    def unchanged():
        assert current(server) == generation and config_rows(server) == rows
        assert [line for line in contents(server) if "main.cf" not in line] == [line for line in files if "main.cf" not in line]
        assert server.out("ls", "-A", f"{LIB}/generations") == generations

    yield unchanged
    server.exec("vectis", "apply", "--yes")
    assert server.exec("vectis", "plan", check=False).returncode == 0
    active = server.out("systemctl", "is-active", "unbound", "redis-server@vectis", "rspamd", "dovecot", server.postfix)
    assert set(active.split()) == {"active"}, active


@contextlib.contextmanager
def filled(server, folder):
    """With a file that takes all the room there is, down to the last block."""
    filler = f"{folder}/filler"
    server.exec("sh", "-c", f"fallocate -l $(($(stat -f -c '%f * %S' {folder}))) {filler}; "
                            f"cat /dev/zero >> {filler}; true", check=False)
    try:
        yield
    finally:
        server.exec("rm", filler)


@contextlib.contextmanager
def read_only_etc(server):
    """For the supervisor, whose /etc is a mount of its own."""
    def mount(option):
        pid = server.out("systemctl", "show", "-P", "MainPID", "vectis-supervisor")
        server.exec("nsenter", "-t", pid, "-m", "mount", "-o", f"remount,bind,{option}", "/etc")
    mount("ro")
    try:
        yield
    finally:
        mount("rw")
