"""Cached Debian roots and the disk images made from them.

Everything lies on one btrfs image file in the cache, so that copying a disk is a reflink: it takes
milliseconds and is atomic, which also makes it a power cut (see Machine.power_cut).

    trees/SUITE-KIND-HASH      installed roots (subvolumes): base, stock, server, outside, build
    images/SUITE-KIND-HASH.FS  disk images made from them
    repository/...             a local apt repository, the only one a server ever sees
    keys/                      the lab's certificate authority and DNS root key
    machines/LAB/NAME          the disks of running machines
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
import time

import packages
from host import CACHE, LabError, is_mounted, lock, mount_loop, run, say, unmount

DISKS = CACHE / "disks"
TREES = DISKS / "trees"
IMAGES = DISKS / "images"
REPOSITORY = DISKS / "repository"
KEYS = DISKS / "keys"
DISK_SIZE = "8G"
FORMAT = 3      # raise it to have everything rebuilt
UNUSED_DAYS = 14

INSIDE_REPOSITORY = "/srv/debian"
# unbound refuses names and networks for documentation by default (RFC 6303, RFC 6761): here they are real.
RESOLVE_DOCUMENTATION_NAMES = "server:\n" + "".join(f'    local-zone: "{zone}" nodefault\n' for zone in (
    "test.", "2.0.192.in-addr.arpa.", "100.51.198.in-addr.arpa.", "113.0.203.in-addr.arpa.",
    "8.b.d.0.1.0.0.2.ip6.arpa."))
TRUSTED = "usr/local/share/ca-certificates/vectis-lab.crt"
RSPAMD_ONCE = """
install -d -o _rspamd -g _rspamd /run/rspamd
rspamd -f -u _rspamd -g _rspamd &
until grep -qs 'hyperscan database of' /var/log/rspamd/rspamd.log; do sleep 1; done
kill $!
wait
rm /var/log/rspamd/rspamd.log
"""
APT = ("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0")


def attach():
    """Mounts the cache's file system, making it first if there is none."""
    with lock("cache"):
        if is_mounted(DISKS):
            return
        image = CACHE / "disks.img"
        if image.exists():
            with contextlib.suppress(LabError):
                mount_loop(image, DISKS, "noatime")
                return
            say("the cache cannot be mounted: making it anew")
            image.unlink()
        DISKS.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(CACHE).free
        if free < 8 << 30:
            raise LabError(f"cannot make the cache '{CACHE}': {free >> 30} GiB free, 8 needed",
                           "free some space or name another folder in VECTIS_LAB_CACHE")
        run("truncate", "-s", min(free, 200 << 30), image)
        run("mkfs.btrfs", "-q", image)
        mount_loop(image, DISKS, "noatime")
        for folder in (TREES, IMAGES, REPOSITORY, KEYS):
            folder.mkdir()


def image(suite, kind, fs):
    """The disk image of a root, built with all that it needs when it is not in the cache."""
    source = tree(suite, kind)
    target = IMAGES / f"{source.name}.{fs}"
    with once(target) as missing:
        if missing:
            say(f"making a disk image: {suite} {kind} {fs}")
            fresh = target.with_name(target.name + ".new")
            fresh.unlink(missing_ok=True)
            run("truncate", "-s", DISK_SIZE, fresh)
            make = {"ext4": ("mkfs.ext4", "-q", "-F", "-d"),
                    "btrfs": ("mkfs.btrfs", "-q", "--rootdir")}[fs]
            with lock(source.name):     # nothing runs in it meanwhile
                run(*make, source, fresh)
            fresh.replace(target)
    return target


@contextlib.contextmanager
def once(path):
    """Whether something in the cache is missing, for whoever makes it: nobody else makes it meanwhile, and what is there already
    nobody waits for."""
    if not path.exists():
        with lock(path.name):
            yield not path.exists()
    else:
        yield False
    os.utime(path)


def tree_path(suite, kind):
    """Where a root lies: its name says what it was made of, so that branches do not rebuild each other's."""
    base_of = digest([FORMAT, packages.STOCK])
    made_of = {
        "base": base_of,
        "stock": digest([base_of, packages.EXTRA, server_list(suite)]),
        "server": digest([base_of, packages.EXTRA, server_list(suite), RSPAMD_ONCE]),
        "outside": digest([base_of, packages.OUTSIDE, TRUSTED]),
        "build": digest([base_of, packages.BUILD, build_dependencies()]),
    }[kind]
    return TREES / f"{suite}-{kind}-{made_of[:12]}"


def repository(suite):
    """The local apt repository that goes with the stock and server roots."""
    return REPOSITORY / tree_path(suite, "stock").name


def tree(suite, kind):
    """An installed root as a folder."""
    attach()
    target = tree_path(suite, kind)
    with once(target) as missing:
        if missing:
            build_tree(suite, kind, target)
    return target


def build_tree(suite, kind, target):
    build, below = {
        "base": (build_base, None),
        "stock": (build_stock, "base"),
        "server": (build_server, "stock"),
        "outside": (build_outside, "base"),
        "build": (build_build, "base"),
    }[kind]
    below = below and tree(suite, below)
    fresh = target.with_name(target.name + ".new")
    remove_tree(fresh)
    run("btrfs", "-q", "subvolume", *(("snapshot", below) if below else ("create",)), fresh)
    build(suite, fresh)
    fresh.rename(target)
    with lock("cache"):
        remove_unused()


def remove_unused():
    """Forgets what no branch has used for two weeks."""
    oldest = time.time() - UNUSED_DAYS * 86400
    for path in (*TREES.iterdir(), *IMAGES.iterdir(), *REPOSITORY.iterdir()):
        if path.stat().st_mtime < oldest:
            if path.parent == TREES:
                remove_tree(path)
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def build_base(suite, fresh):
    """Debian's minimal root as debootstrap makes it, able to reach the host's mirror."""
    say(f"debootstrap {suite} (about a minute, once)")
    run("debootstrap", "--variant=minbase", "--include=" + ",".join(packages.STOCK), suite, fresh, mirror())
    (fresh / "etc/apt/sources.list").write_text(host_sources(suite))
    (fresh / "etc/machine-id").write_text("")
    (fresh / "etc/hostname").write_text("debian\n")
    in_tree(fresh, *APT, "update", online=True)
    in_tree(fresh, *APT, "dist-upgrade", online=True)


def build_stock(suite, fresh):
    """Only the local repository as apt source: what a machine installs comes from there."""
    fill_repository(suite)
    (fresh / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{INSIDE_REPOSITORY} ./\n")
    shutil.rmtree(fresh / "var/lib/apt/lists")
    (fresh / "var/lib/apt/lists/partial").mkdir(parents=True)
    unbound = fresh / "etc/unbound/unbound.conf.d/vectis-lab.conf"
    unbound.parent.mkdir(parents=True)
    unbound.write_text(RESOLVE_DOCUMENTATION_NAMES)
    trust_lab(fresh)
    in_tree(fresh, *APT, "update", repository=repository(suite))


def build_server(suite, fresh):
    say(f"installing the mail daemons: {suite}")
    in_tree(fresh, *APT, "install", *server_list(suite), repository=repository(suite))
    # Rspamd compiles its regular expressions at its first start, for a quarter of a minute: once for all servers.
    in_tree(fresh, "timeout", "300", "sh", "-ec", RSPAMD_ONCE)


def trust_lab(fresh):
    make_authority()
    (fresh / TRUSTED).write_text((KEYS / "ca.crt").read_text())
    in_tree(fresh, "update-ca-certificates")


def build_outside(suite, fresh):
    say("installing the outside machine")
    in_tree(fresh, *APT, "install", "--no-install-recommends", *packages.OUTSIDE, online=True)
    in_tree(fresh, "apt-get", "clean")
    trust_lab(fresh)


def build_build(suite, fresh):
    say(f"installing the build dependencies: {suite}")
    in_tree(fresh, *APT, "install", "--no-install-recommends", *packages.BUILD, "fakeroot", online=True)
    control = build_dependencies()
    if control:
        folder = fresh / "srv/control/debian"
        folder.mkdir(parents=True)
        (folder / "control").write_text(control)
        in_tree(fresh, *APT, "build-dep", "--no-install-recommends", "/srv/control", online=True)
        shutil.rmtree(fresh / "srv/control")


def fill_repository(suite):
    """Downloads what machines may install, as .deb files with an index."""
    make_keys()
    say(f"filling the local repository: {suite}")
    folder = repository(suite)
    folder.mkdir(exist_ok=True)
    for group in (server_list(suite), *(words.split() for words in packages.EXTRA)):
        in_tree(tree(suite, "base"), *APT, "install", "--download-only", *group, online=True,
                more=(f"--bind={folder}:/var/cache/apt/archives",))
    replace_trust_anchor(folder)
    index(folder)


def upgrade_repository(old, new):
    """What a server of one release needs to become one of the next: the repository of that one, and all that it has newer."""
    server = tree(old, "server")
    newer = tree(new, "stock")
    folder = REPOSITORY / f"{server.name}-to-{newer.name}"
    with once(folder) as missing:
        if not missing:
            return folder
        say(f"filling the local repository: {old} to {new}")
        scratch, fresh = TREES / f"{folder.name}.new", folder.with_name(folder.name + ".new")
        remove_tree(scratch)
        shutil.rmtree(fresh, ignore_errors=True)
        run("cp", "-a", "--reflink=auto", repository(new), fresh)
        run("btrfs", "-q", "subvolume", "snapshot", server, scratch)
        try:
            (scratch / "etc/apt/sources.list").write_text(host_sources(new))
            in_tree(scratch, *APT, "update", online=True)
            # The lab's own dns-root-data stays the newest.
            in_tree(scratch, "apt-mark", "hold", "dns-root-data")
            in_tree(scratch, *APT, "full-upgrade", "--download-only", online=True, more=(f"--bind={fresh}:/var/cache/apt/archives",))
        finally:
            remove_tree(scratch)
        index(fresh)
        fresh.rename(folder)
        return folder


def index(folder):
    """Makes a folder of packages a repository."""
    for leftover in (folder / "lock", folder / "partial"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
    run("sh", "-c", "dpkg-scanpackages -m . 2>/dev/null >Packages", cwd=folder)


def replace_trust_anchor(folder):
    """Debian's dns-root-data with the lab's own root key: unbound then validates the lab's DNS."""
    for package in folder.glob("dns-root-data_*.deb"):
        if "+lab" in package.name:
            package.unlink()
            continue
        with tempfile.TemporaryDirectory() as scratch:
            run("dpkg-deb", "-R", package, scratch)
            for name in ("root.key", "root.ds"):
                (pathlib.Path(scratch) / "usr/share/dns" / name).write_text((KEYS / name).read_text())
            control = pathlib.Path(scratch) / "DEBIAN/control"
            lines = [line + "+lab" if line.startswith("Version:") else line
                     for line in control.read_text().splitlines()]
            control.write_text("\n".join(lines) + "\n")
            run("dpkg-deb", "--root-owner-group", "-b", scratch, folder / "dns-root-data_lab+lab_all.deb")
        package.unlink()


def make_authority():
    with lock("authority"):
        if not (KEYS / "ca.crt").exists():
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "3650", "-subj", "/CN=Vectis lab", "-keyout", KEYS / "ca.key", "-out", KEYS / "ca.crt",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def make_keys():
    """The lab's certificate authority, and the key that signs its DNS root."""
    make_authority()
    outside = tree(packages.OUTSIDE_SUITE, "outside")
    with lock(outside.name):
        make_missing_keys(outside)


def make_missing_keys(outside):
    if not (KEYS / "root.ds").exists():
        bind = (f"--bind={KEYS}:/srv/keys",)
        config = ("--config", "/srv/keys/keymgr.conf")
        (KEYS / "keymgr.conf").write_text(
            "database:\n  storage: /srv/keys\n  kasp-db: kasp\n"
            "policy:\n  - id: lab\n    manual: on\n    algorithm: ecdsap256sha256\n"
            "zone:\n  - domain: .\n    dnssec-signing: on\n    dnssec-policy: lab\n")
        in_tree(outside, "keymgr", *config, ".", "generate", "ksk=yes", "zsk=yes", more=bind)
        (KEYS / "root.key").write_text(in_tree(outside, "keymgr", *config, ".", "dnskey", more=bind))
        ds = in_tree(outside, "keymgr", *config, ".", "ds", more=bind).splitlines()
        (KEYS / "root.ds").write_text(next(line for line in ds if " 13 2 " in line) + "\n")


def in_tree(root, *command, online=False, repository=None, more=()):
    """Runs a command in a root that is not booted; daemons do not start. Returns what it printed."""
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    options = ["--register=no", "--keep-unit", "--console=pipe", "--link-journal=no", "--timezone=off",
               "--setenv=DEBIAN_FRONTEND=noninteractive", "--setenv=LC_ALL=C.UTF-8", *more]
    if online:
        options += ["--resolv-conf=replace-host", "--bind-ro=/etc/hosts"]
        options += [f"--setenv={name}" for name in ("http_proxy", "https_proxy", "no_proxy") if name in os.environ]
    else:
        options += ["--resolv-conf=off", "--private-network"]
    if repository:
        options.append(f"--bind-ro={repository}:{INSIDE_REPOSITORY}")
    try:
        return run("systemd-nspawn", "-q", "-D", root, *options, "--", *command).stdout
    finally:
        policy.unlink()


def remove_tree(path):
    if path.exists():
        run("btrfs", "-q", "subvolume", "delete", path)


def forget():
    """Removes the whole cache."""
    if (DISKS / "machines").exists() and list((DISKS / "machines").glob("*/*")):
        raise LabError("cannot remove the cache: servers are running", "./dev down --all")
    unmount(DISKS)
    shutil.rmtree(CACHE, ignore_errors=True)


def server_list(suite):
    return packages.SERVER + packages.SERVER_BY_SUITE[suite]


def build_dependencies():
    control = pathlib.Path(__file__).parents[2] / "debian/control"
    return control.read_text() if control.exists() else ""


def host_sources(suite):
    """The host's own Debian mirrors, for another suite if need be."""
    rows = run("apt-get", "indextargets", "--format",
               "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages").stdout
    host_suite = host_codename()
    lines = []
    for origin, uri, release, component in (row.split("|") for row in rows.split("\n") if row.count("|") == 3):
        if origin == "Debian" and component == "main" and release.split("-")[0] == host_suite:
            release = release.replace(host_suite, suite, 1)
            lines.append(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {uri} {release} main")
    if not lines:
        raise LabError("cannot find a Debian mirror in the host's apt sources",
                       "run apt-get update, and see that main of this Debian release is configured")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def mirror():
    suite = host_codename()
    for line in host_sources(suite).splitlines():
        _, _, uri, release, _ = line.split()
        if release == suite:
            return uri
    raise LabError(f"cannot find the mirror of {suite} in the host's apt sources", "run apt-get update")


def host_codename():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise LabError("cannot tell the host's Debian release: no VERSION_CODENAME in /etc/os-release")


def digest(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()

