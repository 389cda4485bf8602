"""A real browser on the outside machine's network: Chromium, driven by a script of tests/e2e.

The browser runs on the host in the outside machine's network namespace, with the names of the lab given to it.
"""

import os
import shutil
import subprocess
import tempfile

import build
from host import SOURCE, LabError, lock, run, say

SCRIPTS = SOURCE / "tests/e2e"
SHOTS = SOURCE / "build/screenshots"


def prepare():
    """Installs the browser and the library that drives it, if they are missing."""
    build.install(["chromium"])
    if not shutil.which("npm"):
        build.install(["nodejs", "npm"])
    with lock("e2e"):
        done = SCRIPTS / "node_modules/.package-lock.json"
        wanted = SCRIPTS / "package-lock.json"
        if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
            say("installing what drives the browser")
            run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=SCRIPTS)
            os.utime(done)


def drive(outside, script, names, timeout=300, **values):
    """Runs a script of tests/e2e with these values in its environment; returns what it printed.

    `names` maps host names to addresses. Screenshots go to build/screenshots.
    """
    prepare()
    SHOTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        environment = {**os.environ, "PROFILE": profile, "SHOTS": str(SHOTS),
                       "RESOLVE": ", ".join(f"MAP {name} {address}" for name, address in names.items()),
                       **{key.upper(): str(value) for key, value in values.items()}}
        done = subprocess.run(["ip", "netns", "exec", outside.netns, "node", str(SCRIPTS / script)], env=environment,
                              text=True, capture_output=True, timeout=timeout)
    if done.returncode != 0:
        raise LabError(f"the browser's script {script} failed:\n{(done.stdout + done.stderr)[-4000:]}",
                       f"screenshots: {SHOTS}")
    return done.stdout
