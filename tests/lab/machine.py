"""A throw-away server: a whole Debian with real systemd in a container, its disk an image file.

State lies in /run/vectis-lab/LAB/NAME (state.json, console.log, root), so that every process
finds every machine. LAB is a world of its own (wire, outside machine, servers): VECTIS_LAB.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid

import network
import packages
import roots
from host import RUN, LabError, is_mounted, lock, mount_loop, run, unmount

BOOT_SECONDS = 90
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive"}


class Machine:
    def __init__(self, name, lab=None):
        self.name = name
        self.lab = lab or current_lab()
        self.folder = RUN / self.lab / name
        self.root = self.folder / "root"
        self.disk = roots.DISKS / "machines" / self.lab / name
        self.cgroup = cgroup2() / "vectis-lab" / f"{self.lab}-{name}"
        state = self.folder / "state.json"
        self.state = json.loads(state.read_text()) if state.exists() else {}

    # What it is

    @property
    def ip(self):
        return self.state["ip"]

    @property
    def ip6(self):
        return self.state["ip6"]

    @property
    def hostname(self):
        return self.state["hostname"]

    @property
    def suite(self):
        return self.state["suite"]

    @property
    def dovecot(self):
        return packages.DOVECOT[self.suite]

    @property
    def postfix(self):
        """The unit that runs Postfix."""
        return packages.POSTFIX_UNIT[self.suite]

    @property
    def netns(self):
        return network.namespace(self.lab, self.name)

    @property
    def running(self):
        leader = self.state.get("leader")
        return leader is not None and start_time(leader) == self.state["leader_started"]

    # Life

    def create(self, image, **state):
        """A fresh disk (a reflink of the image) and a place on the wire; replaces an older machine."""
        self.destroy()
        self.disk.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True)
        run("cp", "--reflink=always", image, self.disk)
        with lock(f"network-{self.lab}"):
            if "ip" not in state:
                state["ip"], state["ip6"] = free_addresses(self.lab)
            self.save(machine_id=uuid.uuid4().hex, image=str(image), **state)
        network.join(self.lab, self.name, self.ip, self.ip6)
        if self.name != "outside":
            network.route_to_outside(self.netns)
        return self

    def boot(self, wait=True):
        """Boots from its disk; returns when systemd says that the boot is finished."""
        allow_watching()
        self.mount()
        self.write_identity()
        self.cgroup.mkdir(parents=True, exist_ok=True)
        address = self.folder / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(address))
            nspawn = self.start_nspawn(address)
            self.save(nspawn=nspawn.pid)
            self.await_boot(notify, nspawn, wait)
        return self

    def mount(self):
        """Its disk's files appear in self.root; they stay there, live, while it runs."""
        share_mounts()
        if not is_mounted(self.root):
            mount_loop(self.disk, self.root, "noatime", *self.mount_options())

    def start_nspawn(self, notify):
        command = ["systemd-nspawn", "-q", f"--directory={self.root}", f"--machine={self.lab}-{self.name}", "--register=no",
                   "--keep-unit", f"--network-namespace-path=/run/netns/{self.netns}", "--console=pipe",
                   "--link-journal=no", "--timezone=off", "--resolv-conf=off", "--settings=no",
                   "--notify-ready=yes", "--capability=CAP_NET_ADMIN"]
        if "repository" in self.state:
            command.append(f"--bind-ro={self.state['repository']}:{roots.INSIDE_REPOSITORY}")
        cgroup = self.cgroup / "cgroup.procs"
        with open(self.folder / "console.log", "ab") as console:
            return subprocess.Popen(
                [*command, "--boot"], stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                env={**os.environ, "UNIFIED_CGROUP_HIERARCHY": "1", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
                     "NOTIFY_SOCKET": str(notify)},
                preexec_fn=lambda: cgroup.write_text("0"))

    def await_boot(self, notify, nspawn, wait):
        deadline = time.monotonic() + BOOT_SECONDS
        leader = None
        while True:
            notify.settimeout(min(1, max(0.01, deadline - time.monotonic())))
            try:
                lines = notify.recv(4096).decode().split("\n")
            except TimeoutError:
                if nspawn.poll() is not None or time.monotonic() > deadline:
                    tail = "\n".join(self.console().splitlines()[-15:])
                    self.kill()
                    raise LabError(f"cannot boot '{self.name}'\n{tail}", "./dev logs shows the whole console") from None
                continue
            for line in lines:
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    leader = int(line.partition("=")[2])
                    self.save(leader=leader, leader_started=start_time(leader))
                    if not wait:
                        return
                if line == "READY=1" and leader:
                    return

    def write_identity(self):
        """Name, addresses and resolver; an empty machine-id would make systemd enable every unit."""
        etc = self.root / "etc"
        (etc / "machine-id").write_text(self.state["machine_id"] + "\n")
        if "hostname" not in self.state:
            return
        short = self.hostname.partition(".")[0]
        (etc / "hostname").write_text(short + "\n")
        (etc / "hosts").write_text(
            "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
            f"{self.ip} {self.hostname} {short}\n{self.ip6} {self.hostname} {short}\n")
        resolv = etc / "resolv.conf"
        if not self.state.get("resolver_set"):
            resolv.unlink(missing_ok=True)
            resolv.write_text(f"nameserver {self.state['resolver']}\n")
            self.save(resolver_set=True)

    def kill(self):
        """Stops it at once, as kill -9 of everything in it; what its kernel cached still reaches the disk."""
        if self.running:
            os.kill(self.state["leader"], signal.SIGKILL)
        nspawn = self.state.get("nspawn")
        if nspawn:
            wait_gone(nspawn, 10)
        self.remove_cgroup()
        unmount(self.root)
        # Only now has all of it reached the disk.
        wait_until(lambda: not run("losetup", "-j", self.disk).stdout, 30, f"the disk of '{self.name}'")
        if self.folder.exists():
            self.save(leader=None, nspawn=None)

    def remove_cgroup(self):
        """Kills what is left in it, and the groups themselves: what systemd 254 and later starts in a new group is
        killed, too, where systemd itself is in one that was killed once."""
        if not self.cgroup.exists():
            return
        (self.cgroup / "cgroup.kill").write_text("1")
        wait_until(lambda: "populated 0" in (self.cgroup / "cgroup.events").read_text(), 10, f"the end of all in '{self.name}'")
        for folder in sorted(self.cgroup.rglob("*"), reverse=True):
            if folder.is_dir():
                folder.rmdir()
        self.cgroup.rmdir()

    def reboot(self):
        """An orderly shutdown, then a boot."""
        self.shut_down()
        return self.boot()

    def shut_down(self):
        self.exec("systemctl", "poweroff", check=False)
        if not wait_gone(self.state["nspawn"], 60):
            raise LabError(f"cannot shut down '{self.name}' in 60 s\n" + self.console()[-2000:])
        self.kill()

    def power_cut(self, name=None, boot=True):
        """The disk as a power cut at this instant would leave it, booted as another machine (this one runs on).

        Without a name the machine itself loses power and boots again.
        """
        if name is None:
            cut = self.disk.with_name(self.name + ".cut")
            run("cp", "--reflink=always", self.disk, cut)
            self.kill()
            cut.replace(self.disk)
            return self.boot() if boot else self
        keep = {key: self.state[key] for key in ("suite", "kind", "fs", "repository", "hostname", "resolver", "resolver_set")}
        other = Machine(name, self.lab).create(self.disk, **keep)
        return other.boot() if boot else other

    def destroy(self):
        self.kill()
        network.leave(self.lab, self.name)
        self.disk.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.state = {}

    # Use

    def command(self, *command):
        """The host's command line that runs a command in the machine; one word with blanks goes to a shell."""
        if not self.running:
            raise LabError(f"cannot reach '{self.name}': it is not running", f"boot it: ./dev up --name {self.name}")
        if len(command) == 1 and " " in str(command[0]):
            command = ("/bin/bash", "-c", *command)
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        return ["/bin/sh", "-c", 'echo 0 >"$1" && shift && exec "$@"', "enter", str(self.cgroup / "payload/init.scope/cgroup.procs"),
                "nsenter", "-t", str(self.state["leader"]), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i", *environment, *(str(part) for part in command)]

    def exec(self, *command, input=None, check=True, timeout=600):
        """Runs a command as root. Returns the CompletedProcess, stdout and stderr as text."""
        done = subprocess.run(self.command(*command), input=input if input is not None else "", text=True,
                              errors="surrogateescape", capture_output=True, timeout=timeout)
        if check and done.returncode != 0:
            words = " ".join(str(part) for part in command)
            raise LabError(f"cannot run '{words}' in '{self.name}': exit status {done.returncode}\n"
                           + (done.stdout + done.stderr)[-4000:])
        return done

    def out(self, *command, **options):
        return self.exec(*command, **options).stdout.strip()

    def spawn(self, *command, **options):
        """Starts a command and returns its Popen."""
        return subprocess.Popen(self.command(*command), **options)

    def push(self, source, target, mode=None):
        """Copies a file of the host into the machine."""
        self.write(target, pathlib.Path(source).read_bytes(), mode)

    def write(self, target, content, mode=None):
        """Writes a file in the machine, folders included."""
        data = content.encode() if isinstance(content, str) else content
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && { [ -z "$2" ] || chmod "$2" "$1"; }'
        subprocess.run(self.command("/bin/sh", "-c", script, "write", target, mode or ""), input=data, check=True)

    def read(self, path):
        return self.exec("cat", path).stdout

    def wait(self, *command, timeout=30, what=None):
        """Waits until a command succeeds in the machine; returns its result."""
        return wait_until(lambda: (done := self.exec(*command, check=False)).returncode == 0 and done,
                          timeout, what or " ".join(map(str, command)))

    def processor_seconds(self):
        """What it has used since its boot."""
        stat = self.cgroup / "cpu.stat"
        found = re.search(r"usage_usec (\d+)", stat.read_text()) if stat.exists() else None
        return int(found.group(1)) / 1e6 if found else 0

    def console(self):
        log = self.folder / "console.log"
        return log.read_text(errors="replace") if log.exists() else ""

    # Inside

    def mount_options(self):
        return ("noinit_itable",) if self.state.get("fs", "ext4") == "ext4" else ()

    def save(self, **changes):
        self.state.update(changes)
        temporary = self.folder / "state.new"
        temporary.write_text(json.dumps(self.state, indent=1))
        temporary.replace(self.folder / "state.json")


def share_mounts():
    """A container that starts copies every mount, and may keep it; what is unmounted here is unmounted there if it is shared."""
    with lock("mounts"):
        if not is_mounted(RUN):
            run("mount", "--bind", RUN, RUN)
            run("mount", "--make-shared", RUN)


def allow_watching():
    """Programs that watch files count for all machines together, and the kernel's default of 128 is enough for a few."""
    limit = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
    if int(limit.read_text()) < 4096:
        limit.write_text("4096")


# Limits say how long something takes on a machine of its own. They are there to end a test that waits for nothing, not to
# measure: on one that others use as well all of it may take so many times as long.
PATIENCE = 4


def wait_until(true, timeout, what):
    """Asks again until the answer is truthy and returns it; for what offers no event to wait for."""
    deadline = time.monotonic() + PATIENCE * timeout
    pause = 0.1
    while True:
        answer = true()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise LabError(f"waited {PATIENCE * timeout} s in vain for: {what}")
        time.sleep(pause)
        pause = min(1, 1.3 * pause)     # each question starts processes, which others wait behind


def wait_gone(pid, seconds):
    """True when the process is gone; reaps it if it is ours."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                return True
        except ChildProcessError:
            if start_time(pid) is None:
                return True
        time.sleep(0.02)
    return False


def start_time(pid):
    """The process's start time in ticks, or None: with the pid it names one process for ever."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def cgroup2():
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup2":
            return pathlib.Path(fields[4])
    raise LabError("cannot find a mounted cgroup2 file system", "mount -t cgroup2 none /sys/fs/cgroup")


def current_lab():
    return os.environ.get("VECTIS_LAB", "main")


def machines(lab=None):
    """Every machine of a lab (or of all), running or not."""
    return [Machine(state.parent.name, state.parents[1].name)
            for state in sorted(RUN.glob(f"{lab or '*'}/*/state.json"))]


def free_addresses(lab):
    taken = {machine.state.get("ip") for machine in machines(lab)}
    for number in range(network.FIRST_SERVER, 250):
        address4, address6 = network.server_addresses(number)
        if address4 not in taken:
            return address4, address6
    raise LabError("cannot find a free address for another machine", "./dev down --all")
