"""Everything that judges the source without running it: one row per check."""

import concurrent.futures
import hashlib
import os
import pathlib

import build
import packages
from host import SOURCE, LabError, run, say, show


def lint():
    """Runs every check; returns [(name, passed)]. What a check found goes to stderr."""
    build.install(packages.LINT)
    results = [check("clang-format", format_of_code)]
    # Each of them: one that is not executable is a fault, and not one to pass over.
    for script in sorted(path for path in (SOURCE / "tests/lint").iterdir() if path.is_file()):
        results.append(check(script.stem.replace("_", " "), lambda script=script: run(script, cwd=SOURCE)))
    return results


def tidy():
    """clang-tidy over every source file: a quarter of an hour on two cores, so not part of lint()."""
    build.install(packages.LINT)
    return [check("clang-tidy", clang_tidy)]


def check(name, judge):
    say(f"lint: {name}")
    try:
        judge()
        return f"lint: {name}", True
    except LabError as error:
        show_problem(error)
        return f"lint: {name}", False


def show_problem(error):
    say(f"FAILED {error}")


def format_of_code():
    run("clang-format", "--dry-run", "--Werror", *code("*.cpp", "*.hpp"), cwd=SOURCE)


def clang_tidy():
    """Checks every source file; a file whose text, headers and rules passed before is not read again."""
    folder = build.configure("debug")
    passed = build.BUILD / "tidy"
    passed.mkdir(parents=True, exist_ok=True)
    common = hashlib.sha256()
    for name in [".clang-tidy", *code("*.hpp")]:
        common.update((SOURCE / name).read_bytes())

    def tidy(name):
        stamp = common.copy()
        stamp.update(name.encode() + (SOURCE / name).read_bytes())
        stamp = passed / stamp.hexdigest()
        if stamp.exists():
            return None
        done = run("clang-tidy", "--quiet", "-p", folder, name, cwd=SOURCE, check=False)
        if done.returncode == 0:
            stamp.touch()
            return None
        return done.stdout

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [text for text in pool.map(tidy, code("supervisor/*.cpp", "installer/*.cpp")) if text]
    if problems:
        raise LabError("clang-tidy found:\n" + "\n".join(problems))


def code(*patterns):
    """Tracked and new source files that match."""
    names = run("git", "-c", f"safe.directory={SOURCE}", "ls-files", "-co", "--exclude-standard", "--", *patterns,
                cwd=SOURCE).stdout.splitlines()
    return [name for name in names if (SOURCE / name).exists()]


def lintian(package):
    """lintian on a built package; returns [(name, passed)]."""
    build.install(packages.LINT)
    command = ["lintian", "--fail-on", "error,warning", "--suppress-tags", "bad-distribution-in-changes-file"]
    return [check("lintian", lambda: run(*command, pathlib.Path(package)))]
