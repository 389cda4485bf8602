"""Programs of npm on the host: what a folder's package.json names, installed there once."""

import os
import shutil

import build
from host import SOURCE, lock, run, say


def installed(folder):
    """The folder of the source, with its node_modules."""
    where = SOURCE / folder
    if not shutil.which("npm"):
        build.install(["nodejs", "npm"])
    with lock("npm-" + where.name):
        done = where / "node_modules/.package-lock.json"
        wanted = where / "package-lock.json"
        if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
            say(f"installing what {folder} needs")
            run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=where)
            os.utime(done)
    return where
