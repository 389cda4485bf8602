"""Compares what Vectis reads of many made messages with what npm's mailparser reads; `./dev compare` builds and runs it.

A difference that no row of EXPLAINED explains is a failure.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from inbound_messages import messages

COUNT = int(os.environ.get("VECTIS_COMPARE", "1200"))
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def lines(command, names, cwd=None):
    told = subprocess.run(command, input="\n".join(names) + "\n", text=True, capture_output=True, check=False, cwd=cwd)
    if told.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {told.stderr[-2000:]}")
    return [json.loads(line) for line in told.stdout.splitlines()]


def even(text):
    """Ends of lines and of the text count for nothing."""
    return re.sub(r"[ \t]+\n", "\n", text.replace("\r\n", "\n")).strip()


def files(row, key):
    return [each[key] for each in row["attachments"]]


def differences(ours, theirs):
    found = {key for key in ("subject", "text", "html") if even(ours[key]) != even(theirs[key])}
    if ours["from"] != theirs["from"]:
        found.add("from")
    return sorted(found | {key for key in ("filename", "content_type", "sha256") if files(ours, key) != files(theirs, key)})


# Each is asked (how the message was spoiled, the two readings) about a difference in one of its keys.
EXPLAINED = {
    "mailparser takes the type of a file without one from its name": (("content_type",), lambda spoiled, ours, theirs: (
        len(ours["attachments"]) == len(theirs["attachments"])
        and all(a == b or a == "application/octet-stream" for a, b in zip(files(ours, "content_type"), files(theirs, "content_type"))))),
    "of a message that is cut off, its last part is another": (("text", "html", "filename", "content_type", "sha256"), lambda spoiled, ours, theirs: (
        spoiled == "cut"
        and all(even(theirs[key])[:len(even(ours[key])) - 40] == even(ours[key])[:-40] for key in ("text", "html"))
        and files(ours, "sha256")[:-1] == files(theirs, "sha256")[:max(0, len(ours["attachments"]) - 1)])),
    "text of a charset that nobody knows is windows-1252 to us": (("text", "html"), lambda spoiled, ours, theirs: (
        spoiled == "charset" and UNKNOWN not in ours["text"] + ours["html"])),
    "so are octets in a field that are not UTF-8": (("subject",), lambda spoiled, ours, theirs: (
        UNKNOWN in theirs["subject"] and UNKNOWN not in ours["subject"])),
}


def compare(reader, client):
    """How many differences each explanation has, and those that have none."""
    made = messages(COUNT)
    with tempfile.TemporaryDirectory() as folder:
        names = [str(pathlib.Path(folder, f"{number}.eml")) for number in range(COUNT)]
        for name, (_, octets) in zip(names, made):
            pathlib.Path(name).write_bytes(octets)
        ours = lines([reader], names)
        theirs = lines(["node", "read_messages.mjs"], names, client)
    assert len(ours) == len(theirs) == COUNT, (len(ours), len(theirs))
    explained, unexplained = collections.Counter(), []
    for number, ((spoiled, _), own, other) in enumerate(zip(made, ours, theirs)):
        for key in differences(own, other):
            why = next((why for why, (keys, explains) in EXPLAINED.items() if key in keys and explains(spoiled, own, other)), None)
            if why:
                explained[why] += 1
            else:
                unexplained.append((number, spoiled, key, own.get(key, own["attachments"]), other.get(key, other["attachments"])))
    return explained, unexplained


if __name__ == "__main__":
    explained, unexplained = compare(*sys.argv[1:3])
    for why, count in explained.items():
        print(f"{count:5}  {why}")
    for number, spoiled, key, own, other in unexplained[:20]:
        print(f"message {number} ({spoiled or 'whole'}): {key}\n  Vectis      {str(own)[:300]!r}\n  mailparser  {str(other)[:300]!r}")
    print(f"{COUNT} messages, {sum(explained.values())} differences explained, {len(unexplained)} not")
    sys.exit(bool(unexplained))
