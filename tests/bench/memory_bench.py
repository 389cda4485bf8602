"""Memory: what the whole suite takes when nothing happens, unit by unit. PSS, which counts a shared page once among those who
share it, is the sum of each unit's processes; where the kernel has a memory controller, the control group's own figure stands
beside it. The units come from `vectis status`, and so from the table of services."""

import json

AIM = 400       # MB, without a virus scanner

# PSS in kB of the processes of control groups, each with all that is below it.
PSS = r"""
import json, pathlib, sys
told = {}
for unit, group in json.load(sys.stdin).items():
    root = pathlib.Path("/sys/fs/cgroup" + group)
    found = []
    for pid in (pid for procs in root.rglob("cgroup.procs") for pid in procs.read_text().split()) if group else ():
        try:
            rollup = pathlib.Path("/proc", pid, "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append(sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")))
    controlled = root / "memory.current"
    told[unit] = [len(found), sum(found), int(controlled.read_text()) // 1024 if group and controlled.exists() else None]
print(json.dumps(told))
"""


def test_the_idle_suite_is_small(lab):
    server = lab.vectis(fresh=True)
    server.exec("vectis", "health", "--all")
    before = measure(server)
    server.reboot()
    server.exec("vectis", "health")     # everything has been asked something once
    server.exec("sleep", "60")          # and what was started for that has gone again
    after = measure(server)
    print(f"\n{'idle, PSS in MB':<34}{'processes':>10}{'after setup':>13}{'after boot':>12}{'cgroup':>9}")
    for unit in sorted(set(before) | set(after)):
        processes, pss, controlled = after.get(unit, (0, 0, None))
        print(f"{unit:<34}{processes:>10}{before.get(unit, (0, 0))[1] / 1024:>13.1f}{pss / 1024:>12.1f}"
              f"{f'{controlled / 1024:.1f}' if controlled is not None else '-':>9}")
    totals = [sum(row[1] for row in rows.values()) / 1024 for rows in (before, after)]
    print(f"{'all':<34}{sum(row[0] for row in after.values()):>10}{totals[0]:>13.1f}{totals[1]:>12.1f}"
          f"     {max(totals) / AIM:.2f} of the {AIM} MB aimed at", flush=True)
    assert max(totals) < AIM, totals


def measure(server):
    """For each unit that has processes: how many, their PSS in kB, the control group's kB."""
    units = [each["unit"] for each in json.loads(server.out("vectis", "status", "--json"))["services"]]
    units += server.out("sh", "-c", "cd /lib/systemd/system && ls vectis*.service | grep -v @").split()
    groups = {unit: server.out("systemctl", "show", "--value", "-p", "ControlGroup", unit) for unit in units}
    return {unit: row for unit, row in json.loads(server.out("python3", "-c", PSS, input=json.dumps(groups))).items() if row[0]}
