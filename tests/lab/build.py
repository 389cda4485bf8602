"""Builds what the source says: programs, packages, fuzz targets. Missing build packages are installed first."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil

import packages
import roots
from host import SOURCE, LabError, lock, run, say, show

BUILD = SOURCE / "build"
# Only the packages and the fuzz targets are optimized: it takes half of the time, and hides from a sanitizer what it
# removes. A sanitizer's finding names lines, no variables (-g1), and ends the program (UBSan by an option in meson.build).
# Its library is linked in: the unit tests run in servers, too.
# Files that are read as one (unity) take a quarter of the time, since most of it goes into what they all include. The
# debug variant reads each by itself: one that leans on what another includes is found by whoever changes it. Clang takes
# two thirds of GCC's time for the checks of address and undefined behaviour; packages and the thread variant are GCC's.
UNITY = ("-Dunity=on", "-Dunity_size=16")
VARIANTS = {
    "debug": ("-Doptimization=0",),
    "address": (*UNITY, "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=0", "-Dcpp_args=-g1"),
    "thread": (*UNITY, "-Db_sanitize=thread", "-Db_lundef=false", "-Doptimization=0", "-Dcpp_args=-g1",
               "-Dcpp_link_args=['-static-libtsan']"),
    "tidy": UNITY,
    "fuzz": (*UNITY, "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false"),
}
# On the host; a root of the other suite has GCC alone, which links a sanitizer's library in only if told to.
CLANG = ("address", "fuzz")
GCC_ONLY = {"address": ("-Dcpp_link_args=['-static-libasan', '-static-libubsan']",)}


def install(names):
    """Debian packages on the host, those that are missing."""
    found = run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names, check=False).stdout
    missing = [name for name in names if f"{name} installed" not in found.splitlines()]
    if missing:
        apt_get("install", *missing)


def install_build_dependencies():
    install(packages.BUILD)
    if run("dpkg-checkbuilddeps", SOURCE / "debian/control", cwd=SOURCE, check=False).returncode != 0:
        apt_get("build-dep", f"{SOURCE}/")


def apt_get(*command):
    say("installing: " + " ".join(map(str, command[1:])))
    if os.geteuid() != 0:
        raise LabError(f"cannot install {' '.join(map(str, command[1:]))}: not root",
                       "run the same command as root once")
    options = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with lock("apt"):
        run("apt-get", "-q", *options, "update", env=environment)
        run("apt-get", "-q", "-y", *options, "--no-install-recommends", *command, env=environment)


def configure(variant="debug"):
    """Makes the folder of a variant, once, and returns it."""
    install_build_dependencies()
    folder = BUILD / variant
    environment = {**os.environ}
    if variant in CLANG:
        install(packages.CLANG)
        environment["CXX"] = "clang++"
    if not (folder / "build.ninja").exists():
        shutil.rmtree(folder, ignore_errors=True)
        show("meson", "setup", *VARIANTS[variant], folder, SOURCE, env=environment)
    return folder


def build(variant="debug", *targets):
    """Builds a variant; returns its folder."""
    folder = configure(variant)
    show("ninja", "-C", folder, *targets)
    return folder


def unit(variant="debug", suite=None):
    """Builds a variant and runs its unit tests, on the host or as another suite has it; returns [(name, passed)]."""
    test = ("meson", "test", "--no-rebuild", "--print-errorlogs")
    if suite in (None, roots.host_codename()):
        name, folder = variant, build(variant)
        log = folder / "meson-logs/testlog.json"
        log.unlink(missing_ok=True)
        show(*test, "-C", folder, check=False)
    else:
        name, folder = f"{variant}, {suite}", build_in_root(suite, variant)
        log = folder / "meson-logs/testlog.json"
        log.unlink(missing_ok=True)
        say(in_build_root(suite, {folder: "/srv/build"}, "sh", "-c", '"$@" || true', "test", *test, "-C", "/srv/build"))
    if not log.exists():
        raise LabError(f"cannot find the results of the unit tests in '{log}'")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [(f"unit ({name}): {row['name']}", row["result"] in ("OK", "SKIP")) for row in rows]


def unit_program(suite):
    """The program of the unit tests, for a server of that suite; with the sanitizer that the suite's unit tests have."""
    variant = packages.SANITIZER[suite]
    folder = build(variant, "tests/unit/unit") if suite == roots.host_codename() else build_in_root(suite, variant)
    return folder / "tests/unit/unit"


def build_in_root(suite, variant):
    """As build(), with the compiler and the libraries of another suite."""
    folder = BUILD / f"{variant}-{suite}"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "build.ninja").exists():
        in_build_root(suite, {folder: "/srv/build"}, "meson", "setup", *VARIANTS[variant], *GCC_ONLY.get(variant, ()), "/srv/build",
                      "/srv/vectis")
    in_build_root(suite, {folder: "/srv/build"}, "ninja", "-C", "/srv/build")
    return folder


# A container is a session of its own: it is as nice as whoever started it.
AS_NICE = ("sh", "-c", 'nice 2>/dev/null >/proc/self/autogroup; exec "$@"', "as_nice")


def in_build_root(suite, writable, *command, **environment):
    """Runs a command in a suite's root with the build dependencies: the source is /srv/vectis, `writable` {ours: there}."""
    cache = BUILD / "ccache"
    cache.mkdir(parents=True, exist_ok=True)
    root = roots.tree(suite, "build")
    binds = [f"--bind={ours}:{there}" for ours, there in {**writable, cache: "/srv/ccache"}.items()]
    environment = {"PATH": "/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin", "CCACHE_DIR": "/srv/ccache", **environment}
    # A root takes one container at a time.
    with lock(root.name):
        return roots.in_tree(root, "env", *(f"{name}={value}" for name, value in environment.items()), *AS_NICE, *command,
                             more=(f"--bind-ro={SOURCE}:/srv/vectis", *binds))


def deb(suite=packages.DEFAULT_SUITE):
    """Builds the package for a suite and returns the .deb; an unchanged source is not built again."""
    folder = BUILD / f"deb-{suite}"
    with lock("deb-" + hashlib.sha256(str(folder).encode()).hexdigest()[:12]):
        files = source_files()
        stamp = hashlib.sha256()
        for name in files:
            stamp.update(f"{name}\0{(SOURCE / name).stat().st_mode}\0".encode() + (SOURCE / name).read_bytes())
        done = folder / "stamp"
        built = sorted(folder.glob("vectis_*.deb"))
        if built and done.exists() and done.read_text() == stamp.hexdigest():
            return built[-1]
        say(f"building the package for {suite}")
        copy_source(suite, files, folder)
        build_package(suite, folder)
        done.write_text(stamp.hexdigest())
        return sorted(folder.glob("vectis_*.deb"))[-1]


def source_files():
    """What a clean checkout would have, with the changes that are not committed yet; not the lab itself."""
    install(["git"])
    names = run("git", "-c", f"safe.directory={SOURCE}", "ls-files", "-co", "--exclude-standard", cwd=SOURCE).stdout
    return [name for name in sorted(names.splitlines())
            if (SOURCE / name).is_file() and not re.match(r"(tests/(lab|flow|client|e2e|soak|bench)|docs/.*\.png|dev$)", name)]


def copy_source(suite, files, folder):
    """A release's package has its number in its version: who goes on to the next release gets that one's package."""
    tree = folder / "vectis"
    shutil.rmtree(folder, ignore_errors=True)
    for name in files:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(SOURCE / name, target)
    changelog = tree / "debian/changelog"
    text = re.sub(r"^vectis \((.+)\) \w+;", rf"vectis (\1+deb{packages.SUITES[suite]}) {suite};", changelog.read_text(), count=1)
    changelog.write_text(text)


def build_package(suite, folder):
    # Here a warning of the optimizer is an error, too.
    # What is for debuggers would be taken out of the package again.
    options = {"DEB_BUILD_OPTIONS": "nocheck noautodbgsym", "DEB_CXXFLAGS_STRIP": "-g", "DEB_CXXFLAGS_APPEND": "-Werror"}
    command = ("dpkg-buildpackage", "-b", "-us", "-uc")
    if suite != roots.host_codename():
        in_build_root(suite, {folder: "/srv/build"}, "sh", "-ec", "cd /srv/build/vectis; exec \"$@\"", "build", *command, **options)
        return
    install_build_dependencies()
    cache = BUILD / "ccache"
    cache.mkdir(exist_ok=True)
    # debhelper gives the build a home of its own, where ccache would begin anew each time.
    run(*command, cwd=folder / "vectis", env={**os.environ, **options, "CCACHE_DIR": str(cache),
                                              "PATH": "/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin"})


def fuzz(seconds, filter=None):
    """Runs the fuzz targets, each for so many seconds under sanitizers; returns [(name, passed)].

    `filter` is part of a target's name. What has no end within 20 s counts as a hang. As many run at once as there are
    processors; what each says goes to build/corpus/NAME.log.
    """
    folder = build("fuzz", "fuzz")

    def one(source):
        name = source.stem
        corpus = BUILD / "corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        options = [f"-max_total_time={seconds}", "-timeout=20", "-print_final_stats=1",
                   f"-artifact_prefix={corpus.parent}/{name}-"]
        dictionary = source.with_suffix(".dict")
        options += [f"-dict={dictionary}"] if dictionary.exists() else []
        say(f"fuzzing {name} for {seconds} s")
        done = run(folder / f"tests/fuzz/fuzz_{name}", *options, corpus, source.parent / "corpus" / name, check=False,
                   errors="replace")
        corpus.with_suffix(".log").write_text(done.stdout + done.stderr)
        inputs = re.search(r"number_of_executed_units: *(\d+)", done.stderr)
        say(f"fuzzed {name}: exit status {done.returncode}, {inputs[1] if inputs else 'unknown'} inputs")
        if done.returncode != 0:
            say("\n".join(done.stderr.splitlines()[-40:]))
        return f"fuzz: {name}", done.returncode == 0

    sources = [source for source in sorted((SOURCE / "tests/fuzz").glob("*.cpp")) if not filter or filter in source.stem]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, sources))


def clean():
    if BUILD.exists():
        shutil.rmtree(BUILD)
