"""./dev's commands."""

import argparse
import os
import signal
import sys

import build
import network
import packages
import roots
import runner
import server
from host import RUN, SOURCE, LabError, require_root, run, say, show, unmount
from machine import Machine, current_lab, machines


def main(arguments):
    signal.signal(signal.SIGTERM, signal.default_int_handler)   # as Ctrl-C: what runs is ended, what was made removed
    command_line = []
    if "--" in arguments:       # what follows belongs to the machine
        at = arguments.index("--")
        arguments, command_line = arguments[:at], arguments[at + 1:]
    try:
        options = parser().parse_args(arguments)
        options.command_line = command_line
        return options.call(options) or 0
    except LabError as error:
        print(f"dev: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dev: interrupted", file=sys.stderr)
        return 130


def parser():
    top = argparse.ArgumentParser(prog="./dev", description="Everything a developer of Vectis runs.")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(name, call, help):
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(call=call)
        return command

    suite_option(add("demo", demo, "show a mail server from nothing: built, booted, set up, used; writes build/demo.json"))
    test_command = add("test", test, "everything CI runs; closes with 'N passed, N failed'")
    test_command.add_argument("filter", nargs="?", help="lint, tidy, unit, lintian, flow, all, or part of a test's name")
    test_command.add_argument("--suite", choices=packages.SUITES, help="on this release of Debian only")
    add("build", build_programs, "build the programs in build/debug")
    unit_command = add("unit", unit, "build and run the unit tests")
    unit_command.add_argument("--sanitize", choices=("address", "thread"), help="in a sanitizer build")
    unit_command.add_argument("--suite", choices=packages.SUITES, help="as this release of Debian has it; default: the host's")
    add("lint", lint_source, "judge the source: format, clang-tidy, include arrows, scripts")
    deb_command = add("deb", deb, "build the package; the last line printed is its path")
    suite_option(deb_command)
    bench_command = add("bench", bench, "measure speed and memory")
    suite_option(bench_command)
    bench_command.add_argument("filter", nargs="?", help="part of a measurement's name")
    fuzz_command = add("fuzz", fuzz, "run the fuzz targets, each for so many seconds")
    fuzz_command.add_argument("seconds", nargs="?", type=int, default=60)
    fuzz_command.add_argument("filter", nargs="?", metavar="NAME", help="part of a target's name")
    add("compare", compare, "read a thousand made messages with Vectis and with npm's mailparser, and explain each difference")
    soak_command = add("soak", soak, "run the long tests: kills, power cuts, load")
    suite_option(soak_command)
    soak_command.add_argument("filter", nargs="?", metavar="NAME", help="part of a test's name")
    clean_command = add("clean", clean, "remove what was built; with --cache the lab's cached roots too")
    clean_command.add_argument("--cache", action="store_true")
    up_command = add("up", up, "boot a throw-away server with Vectis set up; the last line printed is 'NAME IP'")
    name_option(up_command)
    suite_option(up_command)
    up_command.add_argument("--fs", choices=("ext4", "btrfs"), default="ext4")
    up_command.add_argument("--hostname", help="default: mail.example.test, or mail.NAME.test")
    up_command.add_argument("--bare", action="store_true", help="without Vectis; the mail daemons' packages are there")
    up_command.add_argument("--stock", action="store_true", help="with --bare: without any mail package")
    name_option(add("exec", execute, "run a command in a server as root: exec [--name N] -- COMMAND"))
    add("outside", execute_outside, "run a command on the machine that plays the internet: outside -- COMMAND")
    name_option(add("logs", logs, "print a server's console and journal"))
    down_command = add("down", down, "remove a server, or with --all every server, network and mount")
    name_option(down_command)
    down_command.add_argument("--all", action="store_true")
    add("help", lambda options: top.print_help(), "print this")
    return top


def name_option(command):
    command.add_argument("--name", default="mail", type=machine_name, help="default: mail")


def suite_option(command):
    command.add_argument("--suite", choices=packages.SUITES, default=packages.DEFAULT_SUITE, help="default: %(default)s")


def machine_name(text):
    if not (text.isascii() and text.replace("-", "").isalnum() and len(text) <= 13 and text == text.lower()):
        raise argparse.ArgumentTypeError(f"'{text}' is no machine name: up to 13 of a-z, 0-9 and '-'")
    if text in ("outside", "wire"):
        raise argparse.ArgumentTypeError(f"'{text}' is a name of the lab itself")
    return text


def up(options):
    require_root()
    if options.stock and not options.bare:
        raise LabError("cannot set up Vectis on a stock server", "add --bare")
    boot = server.boot if options.bare else server.boot_with_vectis
    machine = boot(options.name, suite=options.suite, fs=options.fs, stock=options.stock, hostname=options.hostname)
    print(machine.name, machine.ip)


def demo(options):
    require_root()
    import demo as demonstration
    return demonstration.main(options.suite)


def test(options):
    require_root()
    return runner.report(runner.everything(options.filter, (options.suite,) if options.suite else tuple(packages.SUITES)))


def build_programs(options):
    print(build.build())


def unit(options):
    return runner.report(build.unit(options.sanitize or "debug", options.suite))


def lint_source(options):
    import lint
    return runner.report(lint.lint() + lint.tidy())


def deb(options):
    print(build.deb(options.suite))


def bench(options):
    require_root()
    return runner.report(runner.flow(options.filter, "bench", "bench", options.suite))


def fuzz(options):
    return runner.report(build.fuzz(options.seconds, options.filter))


def compare(options):
    import node
    folder = build.build("debug", "tests/unit/inbound_reader")
    return show(sys.executable, SOURCE / "tests/compare/compare.py", folder / "tests/unit/inbound_reader", node.installed("tests/client"),
                check=False).returncode


def soak(options):
    require_root()
    return runner.report(runner.flow(options.filter, "soak", "soak", options.suite))


def clean(options):
    build.clean()
    if options.cache:
        require_root()
        roots.forget()


def execute(options):
    run_inside(Machine(options.name), options.command_line)


def execute_outside(options):
    import outside
    require_root()
    run_inside(outside.outside(), options.command_line)


def run_inside(machine, command):
    """Becomes the command: its stdin, stdout and exit status are ours."""
    require_root()
    if not command:
        raise LabError("cannot run nothing", "put the command after --, as in: ./dev exec -- systemctl status")
    line = machine.command(*command)
    sys.stdout.flush()
    os.execvp(line[0], line)


def logs(options):
    require_root()
    machine = Machine(options.name)
    if not machine.state:
        raise LabError(f"cannot find a server named '{options.name}'", "./dev up makes one")
    print(machine.console())
    if machine.running:
        sys.stdout.flush()
        run_inside(machine, ["journalctl", "--no-pager"])


def down(options):
    require_root()
    if not options.all:
        Machine(options.name).destroy()
        if not [machine for machine in machines(current_lab()) if machine.name != "outside"]:
            Machine("outside").destroy()
            server.forget(current_lab())
        return
    for machine in machines():
        say(f"removing {machine.name} of lab {machine.lab}")
        machine.destroy()
    for lab in {path.name for path in RUN.glob("*") if path.is_dir()}:
        server.forget(lab)
    for name in network.namespaces():
        run("ip", "netns", "delete", name, check=False)
    unmount(RUN)
    unmount(roots.DISKS)
