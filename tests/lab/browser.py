"""A real browser on the outside machine's network: Chromium, driven by a script of tests/e2e.

The browser runs on the host in the outside machine's network namespace, with the names of the lab given to it.
"""

import os
import subprocess
import tempfile

import build
import node
from host import SOURCE, LabError

SHOTS = SOURCE / "build/screenshots"


def drive(outside, script, names, timeout=300, **values):
    """Runs a script of tests/e2e with these values in its environment; returns what it printed.

    `names` maps host names to addresses. Screenshots go to build/screenshots.
    """
    build.install(["chromium"])
    scripts = node.installed("tests/e2e")
    SHOTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        environment = {**os.environ, "PROFILE": profile, "SHOTS": str(SHOTS),
                       "RESOLVE": ", ".join(f"MAP {name} {address}" for name, address in names.items()),
                       **{key.upper(): str(value) for key, value in values.items()}}
        done = subprocess.run(["ip", "netns", "exec", outside.netns, "node", str(scripts / script)], env=environment,
                              text=True, capture_output=True, timeout=timeout)
    if done.returncode != 0:
        raise LabError(f"the browser's script {script} failed:\n{(done.stdout + done.stderr)[-4000:]}",
                       f"screenshots: {SHOTS}")
    return done.stdout
