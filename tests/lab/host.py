"""The machine the lab runs on: commands, locks, progress, mounts."""

import contextlib
import fcntl
import os
import pathlib
import stat
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("VECTIS_LAB_CACHE", "/var/cache/vectis-lab"))
RUN = pathlib.Path("/run/vectis-lab")


class LabError(Exception):
    """What stopped the work, in words, with what to do about it."""

    def __init__(self, message, hint=None):
        super().__init__(message)
        self.hint = hint


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def run(*command, check=True, **options):
    """Runs a command of the host; on failure raises with the end of what it printed."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if "input" in options:
        options.pop("stdin")
    options.setdefault("text", True)
    done = subprocess.run([str(part) for part in command], capture_output=True, **options)
    if check and done.returncode != 0:
        words = " ".join(str(part) for part in command)
        tail = "\n".join(f"{done.stdout}\n{done.stderr}".splitlines()[-25:])
        raise LabError(f"cannot run '{words}': exit status {done.returncode}\n{tail}")
    return done


def show(*command, check=True, **options):
    """Runs a command of the host whose output the user wants to follow: it goes to stderr."""
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=sys.stderr, **options)
    if check and done.returncode != 0:
        raise LabError(f"cannot run '{' '.join(str(part) for part in command)}': exit status {done.returncode}")
    return done


def require_root():
    if os.geteuid() != 0:
        raise LabError("cannot use the lab: not root", "run the same command as root")


@contextlib.contextmanager
def behind():
    """What is started meanwhile waits for what runs in servers: they are asked in time, a compiler is not."""
    def step(more):
        os.nice(more)
        share_of_session(os.nice(0))
    step(10)
    try:
        yield
    finally:
        step(-10)


def share_of_session(nice):
    """Linux weighs sessions against each other before it looks at how nice their processes are (autogroup, sched(7)). Only of a
    session of our own: never of the terminal's."""
    group = pathlib.Path("/proc/self/autogroup")
    if os.getsid(0) == os.getpid() and group.exists():
        group.write_text(str(nice))


@contextlib.contextmanager
def lock(name):
    """One process at a time, machine-wide; released by the kernel when the process dies."""
    RUN.mkdir(parents=True, exist_ok=True)
    with open(RUN / f"{name}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that holds '{name}'")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_mounted(path):
    return run("mountpoint", "-q", path, check=False).returncode == 0


def mount_loop(image, path, *options):
    """Mounts an image file; makes the loop device's node where no udev or devtmpfs does."""
    path.mkdir(parents=True, exist_ok=True)
    free = run("losetup", "-f").stdout.strip()
    if not os.path.exists(free):
        os.mknod(free, 0o660 | stat.S_IFBLK, os.makedev(7, int(free.removeprefix("/dev/loop"))))
    run("mount", "-o", ",".join(("loop",) + options), image, path)


def unmount(path):
    if is_mounted(path) and run("umount", path, check=False).returncode != 0:
        run("umount", "--lazy", path, check=False)
