"""Runs tests: functions test_*(lab) of tests/flow/*.py, each a sentence about servers in the lab.

A file gets a Lab of its own world, once for each release of Debian, or shares it with other files (SHARED). What it boots is shared
by its tests in their order and removed at the end. What a function needs it asks the lab for. A file whose tests begin on certain
releases names them in SUITES.
"""

import concurrent.futures
import importlib.util
import multiprocessing
import os
import pathlib
import signal
import sys
import time
import traceback

import build
import outside
import packages
import roots
import server
from host import SOURCE, LabError, behind, say
from machine import Machine, machines


class Lab:
    """What a test sees: servers of one release of Debian, the internet, the package."""

    def __init__(self, name, suite=packages.DEFAULT_SUITE):
        self.name = name
        self.suite = suite

    @property
    def outside(self):
        return outside.outside(self.name)

    @property
    def dns(self):
        return self.outside.dns

    def machine(self, name):
        """A machine that runs already."""
        return Machine(name, self.name)

    def bare(self, name=server.DEFAULT, **options):
        """A fresh server without Vectis: stock=True without any mail package, fs="btrfs", hostname=."""
        return server.boot(name, suite=self.suite, lab=self.name, **options)

    def vectis(self, name=server.DEFAULT, fresh=False, **options):
        """A server with Vectis set up (config= text of config.yaml); the one that runs, or one that was set up before, unless
        fresh."""
        machine = Machine(name, self.name)
        if machine.running and not fresh:
            return machine
        if name == server.DEFAULT and not fresh and not options and self.has_no_server():
            return server.boot_set_up(self.suite, self.name)
        return server.boot_with_vectis(name, suite=self.suite, lab=self.name, **options)

    def has_no_server(self):
        return all(machine.name == "outside" for machine in machines(self.name))

    def deb(self):
        """The package built from this source."""
        return build.deb(self.suite)

    def processor_seconds(self):
        """What the machines that run now have used."""
        return sum(machine.processor_seconds() for machine in machines(self.name))

    def destroy(self):
        for machine in machines(self.name):
            machine.destroy()
        server.forget(self.name)


def flow(filter=None, folder="flow", lab="test", suite=packages.DEFAULT_SUITE):
    """Runs the matching tests of a folder on one release of Debian; returns [(name, passed)]."""
    return [result for path, tests in chosen(filter, folder, suite)
            for result in in_one_world([(path, test) for test in tests], lab, suite)]


def chosen(filter, folder, suite):
    """The matching tests, [(file, functions)]."""
    found = []
    for path in sorted((SOURCE / "tests" / folder).glob("*.py")):
        module = vars(load(path))
        if suite in module.get("SUITES", (suite,)):
            tests = [function for name, function in module.items() if name.startswith("test_")]
            if tests := [test for test in tests if matches(filter, path, test)]:
                found.append((path, tests))
    return found


def in_one_world(tests, lab, suite):
    world = Lab(lab, suite)
    world.destroy()
    try:
        return [one(path, test, world) for path, test in tests]
    finally:
        world.destroy()


def one(path, test, world):
    name = f"{world.suite} {path.stem}: {test.__name__.removeprefix('test_').replace('_', ' ')}"
    started, spent = time.monotonic(), world.processor_seconds()
    try:
        test(world)
        passed = True
    except Exception:   # a failed test must not stop the others; Ctrl-C does
        passed = False
        traceback.print_exc()
        tell_logs(world)
    say(f"{'passed' if passed else 'FAILED'} {name} ({time.monotonic() - started:.1f} s, "
        f"{max(0, world.processor_seconds() - spent):.1f} s of processors)")
    return name, passed


def tell_logs(world):
    for machine in machines(world.name):
        if machine.running and machine.name != "outside":
            for what, only in (("the last warnings in", ("-p", "warning")), ("the end of", ())):
                journal = machine.exec("journalctl", "--no-pager", "-q", "-n", "25", *only, check=False, timeout=30).stdout
                print(f"-- {what} {machine.name}'s journal\n{journal}", file=sys.stderr)


def matches(filter, path, test):
    return not filter or filter in f"{path.stem}: {test.__name__}" or filter in test.__name__.replace("_", " ")


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(pathlib.Path(path).parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


# The stages that judge the source or build programs.
STAGES = ("lint", "lintian", "unit", "tidy")
# What `./dev test` leaves to `./dev test all`, so that it ends in time on two slow processors: the files of flow tests that cost most,
# clang-tidy (which is part of `./dev lint`, too), and on the release that fewer install most of the flow tests.
LONG_FLOWS = ("bans_test", "broken_server_test", "edge_test", "forward_test", "hostile_test", "package_test", "password_test",
              "upgrade_test")
FLOWS_ON_EVERY_SUITE = ("api_test", "mail_test", "render_test", "sending_test")
# Files whose tests leave the server as those of the others can find it have one together: each that is set up costs half a minute of
# processors.
SHARED = (("fronts_test", "holds_test", "inbound_test", "submission_test", "templates_test", "tracking_test", "webhooks_test"),
          ("accounts_test", "directory_test", "domains_test", "login_test"))
# Those that take longest begin first, so that no lane is left with one of them at the end.
FIRST_FLOWS = ("health_test", "apply_test", "bans_test", "broken_server_test", "installer_test", "hostile_test", "sending_test")
# Files of flow tests run side by side, each lane in a lab of its own: most of the time a test waits. Two lanes have the
# stages first, so that from the first moment to the last there is something to compute, and no processor waits for a
# stage that keeps one of them busy only.
LANES = ("test1", "test2", "test3", "test4", "test5")
STAGES_BEHIND = (("unit",), ("lint", "lintian"))
lane = None
interrupted = False


def everything(filter=None, suites=tuple(packages.SUITES)):
    """All that CI runs, flow tests on each of these releases; returns [(name, passed)].

    `filter` names one stage, "flow" for every flow test, "all" for every stage and every flow test, or is part of a flow
    test's name.
    """
    if filter in STAGES:
        return stages([filter], suites)
    if filter not in (None, "all"):
        return [result for suite in suites
                for result in attempt("flow", lambda: flow(None if filter == "flow" else filter, suite=suite))]
    files = [(path.stem, suite) for path in sorted((SOURCE / "tests/flow").glob("*_test.py")) for suite in suites
             if filter == "all" or path.stem in FLOWS_ON_EVERY_SUITE
             or (suite == packages.DEFAULT_SUITE and path.stem not in LONG_FLOWS)]
    files.sort(key=lambda file: FIRST_FLOWS.index(file[0]) if file[0] in FIRST_FLOWS else len(FIRST_FLOWS))
    context = multiprocessing.get_context("fork")
    names = context.SimpleQueue()
    for name in LANES:
        names.put(name)
    with concurrent.futures.ProcessPoolExecutor(len(LANES), context, take_lane, (names,)) as lanes:
        try:
            running = [lanes.submit(in_lane, stages_behind, names, suites)
                       for names in STAGES_BEHIND + ((("tidy",),) if filter == "all" else ())]
            running.append(lanes.submit(in_lane, prepare, suites))
            running += [lanes.submit(in_lane, package, suite) for suite in suites]
            running += [lanes.submit(in_lane, flow_files, *group) for group in grouped(files)]
            return [result for each in running for result in each.result()]
        except BaseException:
            lanes.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                os.kill(process.pid, signal.SIGTERM)    # SIGINT is ignored by what a shell started in the background
            raise


def prepare(suites):
    """Fetches what most servers are made of while packages are still being built: the one waits for mirrors, the other for processors."""
    for suite in suites:
        roots.image(suite, "server", "ext4")
    return []


def package(suite):
    """Builds what servers wait for before a lane that is behind them does."""
    def stage():
        build.deb(suite)
        return []
    return attempt(f"package {suite}", stage)


def take_lane(names):
    global lane
    lane = names.get()
    os.setsid()     # see host.behind


def in_lane(work, *arguments, **options):
    """Once interrupted, a lane drops what was handed to it before it could be cancelled."""
    global interrupted
    try:
        return [] if interrupted else work(*arguments, **options)
    except KeyboardInterrupt:
        interrupted = True
        # The terminal does not reach what was started here.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        raise


def grouped(files):
    """[(names of files, release)]: those that share a server, where the first of them was."""
    groups = {}
    for stem, suite in files:
        together = next((shared for shared in SHARED if stem in shared), (stem,))
        groups.setdefault((together, suite), []).append(stem)
    return [(stems, suite) for (_, suite), stems in groups.items()]


def flow_files(stems, suite):
    def run():
        return in_one_world([(path, test) for path, tests in chosen(None, "flow", suite) if path.stem in stems for test in tests],
                            lane, suite)
    return attempt("flow", run)


def stages_behind(names, suites):
    with behind():
        return stages(names, suites)


def stages(names, suites):
    import lint
    known = {
        "lint": lint.lint,
        "tidy": lint.tidy,
        "unit": lambda: [result for suite in suites for result in build.unit(packages.SANITIZER[suite], suite)],
        "lintian": lambda: [result for suite in suites for result in lint.lintian(build.deb(suite))],
    }
    return [result for name in names for result in attempt(name, known[name])]


def attempt(name, stage):
    say(f"{name}")
    try:
        return stage()
    except LabError as error:
        say(f"FAILED {name}: {error}" + (f"\nhint: {error.hint}" if error.hint else ""))
        return [(name, False)]
    except Exception:   # a fault of a stage's own must not stop the others
        traceback.print_exc()
        return [(name, False)]


def report(results):
    """Names what failed, then the last line; returns the exit status."""
    failed = [name for name, passed in results if not passed]
    for name in failed:
        print(f"FAILED {name}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not results else 0
