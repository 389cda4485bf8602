"""How little each unit may do: systemd-analyze's figure for each unit of the suite, beside that of the same unit as Debian ships
it, in a server with the same packages and without Vectis. The units come from `vectis status`, and so from the table of services."""

import json
import re

# The most that each may have; what is not named here may have OTHERS. Lower is better, 10 is no protection at all.
MOST = {"dovecot": 2.9, "fail2ban": 1.8, "mta-sts": 1.5, "nginx": 2.7, "postfix": 2.6, "postsrsd": 1.8, "redis": 0.3, "rspamd": 1.1,
        "unbound": 2.5, "webhooks": 1.8, "webmail": 1.3, "vectis-acme": 1.5, "vectis-api": 1.5, "vectis-directory": 1.9, "vectis-password@": 0.3, "vectis-probe-net": 5.3, "vectis-supervisor": 2.3,
        "vectis-webhooks": 1.8, "vectis-webmail": 1.3}
OTHERS = 5.0


def test_every_unit_is_kept_to_what_it_needs(lab):
    server = lab.vectis()
    stock = lab.bare("stock")
    units = [(each["service"], each["unit"]) for each in json.loads(server.out("vectis", "status", "--json"))["services"]
             if each["unit"].endswith(".service")]
    units += [(name.removesuffix(".service"), name.replace("@.", "@any."))
              for name in server.out("sh", "-c", "cd /lib/systemd/system && ls vectis*.service").split()]
    rows = [(name, unit, exposure(stock, unit), exposure(server, unit)) for name, unit in units]
    print(f"\n{'unit':<34}{'Debian':>8}{'Vectis':>8}{'at most':>9}")
    for name, unit, before, after in rows:
        print(f"{unit:<34}{before if before is not None else '-':>8}{after:>8}{MOST.get(name, OTHERS):>9}", flush=True)
    for name, unit, before, after in rows:
        assert after is not None and after <= MOST.get(name, OTHERS), (unit, after)
        assert before is None or after < before, (unit, before, after)


def exposure(machine, unit):
    """None where there is no such unit."""
    told = machine.exec("systemd-analyze", "security", "--no-pager", unit, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    return float(found.group(1)) if found else None
