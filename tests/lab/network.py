"""The simulated internet's cable: one network namespace with a bridge, one per machine joined to it.

The host has no interface in any of them, so nothing can leave. Servers are 203.0.113.10 and up
(2001:db8:0:1::10 and up); their gateway is the outside machine, which answers for every address
that the lab simulates and says 'unreachable' for all others.
"""

import re

from host import run

GATEWAY4 = "203.0.113.1"
GATEWAY6 = "2001:db8:0:1::1"
FIRST_SERVER = 10
# Addresses the outside machine owns besides the gateway's.
OUTSIDE_NETS4 = ("198.51.100.0/24", "192.0.2.0/24")
OUTSIDE_NETS6 = ("2001:db8:0:2::/64",)
SERVICES = (1, 14, 25, 53, 80)     # last numbers of its own services' addresses (see outside.py)


def server_addresses(number):
    return f"203.0.113.{number}", f"2001:db8:0:1::{number}"


def namespace(lab, name):
    return f"vectis-{lab}-{name}"


def namespaces(lab=None):
    names = re.findall(r"^(vectis-\S+)", run("ip", "netns", "list").stdout, re.MULTILINE)
    return [name for name in names if lab is None or name.startswith(f"vectis-{lab}-")]


def ensure_wire(lab):
    wire = namespace(lab, "wire")
    if wire not in namespaces(lab):
        run("ip", "netns", "add", wire)
        run("ip", "-n", wire, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", wire, "link", "set", "bridge", "up")
    return wire


def join(lab, name, address4, address6):
    """Gives a machine its network namespace with eth0 on the wire."""
    wire, mine = ensure_wire(lab), namespace(lab, name)
    leave(lab, name)
    run("ip", "netns", "add", mine)
    port = f"v-{name}"
    run("ip", "-n", wire, "link", "add", "name", port, "type", "veth", "peer", "name", "eth0", "netns", mine)
    run("ip", "-n", wire, "link", "set", port, "master", "bridge", "up")
    for command in (("link", "set", "lo", "up"),
                    ("address", "add", f"{address4}/24", "dev", "eth0"),
                    ("-6", "address", "add", f"{address6}/64", "dev", "eth0", "nodad"),
                    ("link", "set", "eth0", "up")):
        run("ip", "-n", mine, *command)
    return mine


def route_to_outside(mine):
    run("ip", "-n", mine, "route", "add", "default", "via", GATEWAY4)
    run("ip", "-n", mine, "-6", "route", "add", "default", "via", GATEWAY6)


def be_the_internet(mine, more=()):
    """The outside machine owns whole networks and single addresses (DNS root servers)."""
    for net in (*OUTSIDE_NETS4, *OUTSIDE_NETS6, *more):
        family = "-6" if ":" in net else "-4"
        run("ip", "-n", mine, family, "route", "add", "local", net, "dev", "lo")
    run("ip", "-n", mine, "route", "add", "unreachable", "default")
    run("ip", "-n", mine, "-6", "route", "add", "unreachable", "default", "dev", "lo")
    for last in SERVICES:
        run("ip", "-n", mine, "address", "add", f"198.51.100.{last}/32", "dev", "lo")
        run("ip", "-n", mine, "-6", "address", "add", f"2001:db8:0:2::{last}/128", "dev", "lo", "nodad")
    run("ip", "netns", "exec", mine, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
        "net.ipv4.ip_nonlocal_bind=1", "net.ipv6.ip_nonlocal_bind=1")


def leave(lab, name):
    run("ip", "netns", "delete", namespace(lab, name), check=False)
    run("ip", "-n", namespace(lab, "wire"), "link", "delete", f"v-{name}", check=False)


def remove_wire(lab):
    run("ip", "netns", "delete", namespace(lab, "wire"), check=False)
