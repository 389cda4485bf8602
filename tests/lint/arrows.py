#!/usr/bin/env python3
"""Fails on an include that points against the arrows of ARCHITECTURE.md, on a library used outside its one folder, and on
clock, environment or shell used where they may not be."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# folder -> the folders it may include. `base` and `surface` are open to all. One row per folder of supervisor/.
ARROWS = {
    "base": set(),
    "surface": set(),
    "config": set(),
    "directory": {"config"},
    "render": {"config"},
    "systemd": set(),
    "net": set(),
    "web": {"net"},
    "webhooks": {"store"},
    "zone": {"config", "keys", "net"},
    "keys": set(),
    "mail": {"config", "store"},
    "judge": {"config"},
    "accounts": {"directory", "store"},
    "store": {"directory"},
    "state": {"config", "directory", "keys", "net", "render", "store", "systemd", "zone"},
    "plan": {"directory", "keys", "render", "state"},
    "apply": {"accounts", "config", "directory", "health", "keys", "plan", "render", "state", "store", "systemd"},
    "health": {"config", "directory", "keys", "render", "state", "systemd"},
    "supervise": {"apply", "config", "directory", "health", "keys", "plan", "state", "store", "systemd", "zone"},
    "api": {"accounts", "config", "directory", "judge", "keys", "mail", "net", "store", "web", "webhooks", "zone"},
    "courier": {"net", "systemd", "web", "webhooks"},
    "serve": {"accounts", "api", "mail", "net", "state", "store", "systemd", "webhooks"},
    "installer": {"accounts", "config", "keys", "net", "state", "store", "systemd", "zone"},
    # The command line and main see everything; nothing sees them.
    "cli": {"accounts", "config", "directory", "health", "installer", "judge", "keys", "net", "plan", "state", "store", "supervise", "systemd", "zone"},
}

# A library's headers -> the folders that may include them.
LIBRARIES = {
    r"sdbus-c\+\+/|systemd/sd-": {"systemd"},
    r"sqlite3\.h": {"store"},
    r"yaml-cpp/": {"config"},
    r"csv\.h": {"directory"},
    r"httplib\.h": {"api", "net"},
    r"prometheus/": {"api"},
    r"unbound\.h": {"net"},
    r"curl/": {"web"},
    r"CLI/": {"cli"},
    r"kainjow/|mustache\.hpp": {"mail", "render"},
    r"sodium\.h": {"accounts"},
    r"gmime/": {"mail"},
    r"liboath/|qrencode\.h": {"accounts"},
}

# Words of code -> the folders where they are at home, and why they are not elsewhere.
WORDS = {
    r"\bgetenv\s*\(": ({"base"}, "read the environment through base/clock"),
    r"system_clock::now|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|gettimeofday": ({"base"}, "read the clock through base/clock"),
    r"\bsystem\s*\(|\bpopen\s*\(": (set(), "no shell: base/subprocess takes an argument list"),
    r"\b(select|insert into|update|delete from) [a-z_]+ (from|set|where)\b": ({"store"}, "SQL belongs in store/"),
}

INCLUDE = re.compile(r'^\s*#include\s+[<"]([^>"]+)[>"]')


def sources():
    for top in ("supervisor", "installer"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".cpp", ".hpp"):
                folder = "installer" if top == "installer" else path.relative_to(ROOT / top).parts[0]
                yield path, folder


def faults_in(path, folder):
    if path.parent.name == "supervisor":    # main.cpp
        return
    if folder not in ARROWS:
        yield 1, f"folder '{folder}' has no row in the table of arrows"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = line.split("//")[0]
        if include := INCLUDE.match(line):
            name = include[1]
            target = name.split("/")[0]
            if target in ARROWS and "/" in name and target not in ARROWS[folder] | {"base", "surface", folder} \
                    and not name.startswith("systemd/sd-"):
                yield number, f"{folder} may not include {name}"
            for pattern, homes in LIBRARIES.items():
                if re.match(pattern, name) and folder not in homes:
                    yield number, f"{name} is used only in {', '.join(sorted(homes))}"
            continue
        for pattern, (homes, advice) in WORDS.items():
            if folder not in homes and re.search(pattern, code):
                yield number, advice


def template_faults():
    for path in sorted((ROOT / "templates").rglob("*.mustache")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines, 1):
            if "{{{" in line or "{{&" in line:
                yield path, number, "{{{x}}} and {{&x}} bypass the escape function"


def main():
    faults = [(path, number, text) for path, folder in sources() for number, text in faults_in(path, folder)]
    faults += template_faults()
    for path, number, text in faults:
        print(f"{path.relative_to(ROOT)}:{number}: {text}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
