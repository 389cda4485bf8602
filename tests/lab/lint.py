"""Everything that judges the source without running it: one row per check."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re

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
    """clang-tidy over every source file: five minutes on two cores, so not part of lint()."""
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


# Of files that are read as one these say what is meant: meson includes .cpp files, and two namespaces may have a `Node`.
TIDY_OFF = "-bugprone-suspicious-include,-bugprone-forward-declaration-namespace"


def clang_tidy():
    """Checks every source file, some of a folder read as one; what passed before with the same headers is not read again."""
    units = unified_sources(build.configure("tidy"))
    passed = build.BUILD / "tidy-passed"
    passed.mkdir(parents=True, exist_ok=True)
    common = hashlib.sha256()
    for name in [".clang-tidy", *code("*.hpp")]:
        common.update((SOURCE / name).read_bytes())

    def tidy(unit):
        stamp = common.copy()
        for name in [unit, *sources_of(unit)]:
            stamp.update(name.read_bytes())
        stamp = passed / stamp.hexdigest()
        if stamp.exists():
            return None
        # One warning of GCC's is unknown to Clang.
        done = run("clang-tidy", "--quiet", f"--checks={TIDY_OFF}", "--extra-arg=-Wno-unknown-warning-option", "-p", unit.parent,
                   unit, cwd=SOURCE, check=False)
        if done.returncode == 0:
            stamp.touch()
            return None
        return done.stdout

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [text for text in pool.map(tidy, units) if text]
    if problems:
        raise LabError("clang-tidy found:\n" + "\n".join(problems))


def unified_sources(folder):
    """Meson's files that include ours, and how to compile them, in a folder of a name by which Clang's analyzer knows what
    they are: in any other it looks at nothing that is included."""
    unified = folder / "UnifiedSource"
    unified.mkdir(exist_ok=True)
    wanted = {(SOURCE / name).resolve() for name in code("supervisor/*.cpp", "installer/*.cpp")}
    rows = []
    for row in json.loads((folder / "compile_commands.json").read_text()):
        if wanted & set(sources_of(folder / row["file"])):
            name = unified / pathlib.Path(row["file"]).name
            name.write_bytes((folder / row["file"]).read_bytes())
            rows.append({**row, "file": str(name), "command": row["command"].replace(f"-c {row['file']}", f"-c {name}")})
    (unified / "compile_commands.json").write_text(json.dumps(rows))
    units = [pathlib.Path(row["file"]) for row in rows]
    missed = wanted - {name for unit in units for name in sources_of(unit)}
    if missed:
        raise LabError(f"clang-tidy would not read {', '.join(sorted(map(str, missed)))}", "is it in its folder's meson.build?")
    return units


def sources_of(unit):
    """The source files that are read as one in a file of meson's."""
    return [pathlib.Path(name).resolve() for name in re.findall(r"#include *<(.+\.cpp)>", unit.read_text())]


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
