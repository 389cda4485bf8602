"""The simulated internet's DNS: one Knot that is the root, every TLD and every zone, changeable by tests.

Real zones, delegations and DNSSEC (root, test and the mail domains are signed), on the root servers' real
addresses: an unmodified resolver with Debian's root hints works. Every record lives one second.
"""

import ipaddress
import json
import re

import roots
from host import LabError, lock

SERVER4, SERVER6 = "198.51.100.1", "2001:db8:0:2::1"
SIGNED = ("test", "outside.test", "elsewhere.test", "example.test")
ZONES = (".", "test", "outside.test", "elsewhere.test", "example.test", "arpa", "in-addr.arpa", "ip6.arpa",
         "113.0.203.in-addr.arpa", "100.51.198.in-addr.arpa", "2.0.192.in-addr.arpa",
         "8.b.d.0.1.0.0.2.ip6.arpa", "com", "net", "org")
DNSBLS = ("zen.spamhaus.org", "dbl.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "psbl.surriel.com",
          "multi.uribl.com", "multi.surbl.org", "list.dnswl.org")
FOREIGN = ("v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:0:2::/64 -all",)


class Dns:
    """Handles the zones of a lab's outside machine. Names are absolute, without the last dot."""

    def __init__(self, outside):
        self.outside = outside
        self.file = outside.folder / "zones.json"

    def zones(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def set(self, name, type, values, ttl=1):
        """Replaces the records of a name and type; an empty list removes them. Visible when it returns."""
        self.set_all({(name, type): values}, ttl)

    def set_all(self, records, ttl=1):
        """The same for many at once: {(name, type): values}."""
        with lock(f"dns-{self.outside.lab}"):
            zones = self.zones()
            changed = {}
            for (name, type), values in records.items():
                zone = parent_of(zones, name) if type == "DS" else zone_of(zones, name)
                put(zones, zone, name, type, values, ttl)
                changed[zone] = None
            self.file.write_text(json.dumps(zones, indent=1))
            self.load(zones, changed)

    def publish(self, text):
        """Sets every record of a text in zone file format, as 'vectis setup' prints them."""
        records = {}
        for line in re.sub(r"\(\s*|\s*\)", " ", re.sub(r"\n[ \t]+", " ", text)).splitlines():
            found = re.match(r"\s*(\S+?)\.?\s+(?:\d+\s+)?(?:IN\s+)?(A|AAAA|MX|TXT|CNAME|SRV|TLSA|CAA|PTR)\s+(\S.*)$", line)
            if found:
                records.setdefault((found[1], found[2]), []).append(found[3].strip())
        if not records:
            raise LabError("cannot find a DNS record in the text to publish")
        self.set_all(records)
        return records

    def get(self, name, type):
        zones = self.zones()
        return zones[zone_of(zones, name)]["records"].get(f"{name.lower()} {type}", [1])[1:]

    def add_zone(self, zone, signed=True):
        """Makes a zone, delegated from its parent (with DS if signed); an existing one is emptied."""
        with lock(f"dns-{self.outside.lab}"):
            zones = self.zones()
            add(zones, zone, signed)
            self.file.write_text(json.dumps(zones, indent=1))
            self.configure(zones)
            self.outside.exec("knotc", "-b", "reload")
            self.load(zones, [zone])
            self.delegate(zones, zone)

    def holds(self, name):
        """Whether a zone below the TLDs is there for a name."""
        return "." in zone_of(self.zones(), name).strip(".")

    def add_server(self, hostname, ip, ip6):
        """What an administrator publishes before anything else: the host's addresses and their PTR records."""
        zone = hostname.partition(".")[2]
        if zone not in self.zones():
            self.add_zone(zone)
        self.set_all({(hostname, "A"): [ip], (hostname, "AAAA"): [ip6],
                      **{(ipaddress.ip_address(address).reverse_pointer, "PTR"): [hostname + "."] for address in (ip, ip6)}})

    def list_address(self, address, dnsbl="zen.spamhaus.org", answer="127.0.0.2"):
        """Puts an address (or a name) on a blocklist; an empty answer takes it off."""
        try:
            parsed = ipaddress.ip_address(address)
            name = parsed.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
        except ValueError:
            name = address
        self.set(f"{name}.{dnsbl}", "A", [answer] if answer else [])

    # Inside

    def first_zones(self):
        """The world at its beginning, as files for a machine that is not booted yet."""
        zones = {}
        for zone in (*ZONES, *DNSBLS):
            add(zones, zone, zone == "." or zone in SIGNED)
        for letter, (address4, address6) in root_servers(self.outside.root).items():
            name = f"{letter}.root-servers.net"
            zones["."]["records"].setdefault(". NS", [86400]).append(name + ".")
            for zone in (".", "net"):
                put(zones, zone, name, "A", [address4], 86400)
                put(zones, zone, name, "AAAA", [address6], 86400)
        for zone in (".", "test", "outside.test"):
            put(zones, zone, "ns1.outside.test", "A", [SERVER4], 86400)
            put(zones, zone, "ns1.outside.test", "AAAA", [SERVER6], 86400)
        for name, last in (("mx", "25"), ("acme", "14"), ("hooks", "80"), ("resolver", "53"), ("client", "77")):
            put(zones, "outside.test", f"{name}.outside.test", "A", [f"198.51.100.{last}"])
            put(zones, "outside.test", f"{name}.outside.test", "AAAA", [f"2001:db8:0:2::{last}"])
            for address in (f"198.51.100.{last}", f"2001:db8:0:2::{last}"):
                pointer = ipaddress.ip_address(address).reverse_pointer
                put(zones, zone_of(zones, pointer), pointer, "PTR", [f"{name}.outside.test."])
        for domain in ("outside.test", "elsewhere.test"):
            put(zones, domain, domain, "MX", ["10 mx.outside.test."])
            put(zones, domain, domain, "TXT", [f'"{FOREIGN[0]}"'])
            put(zones, domain, f"_dmarc.{domain}", "TXT", ['"v=DMARC1; p=none"'])
        for dnsbl in DNSBLS:    # RFC 5782 section 5: the test entries every list has
            put(zones, dnsbl, f"2.0.0.127.{dnsbl}", "A", ["127.0.0.2"])
        self.file.write_text(json.dumps(zones, indent=1))
        self.configure(zones)
        for zone in zones:
            self.write_zone(zones, zone)

    def delegate_all(self):
        """Gives each signed zone's DS to its parent, once Knot has made the keys."""
        zones = self.zones()
        for zone in SIGNED:
            self.delegate(zones, zone)

    def delegate(self, zones, zone):
        parent = parent_of(zones, zone)
        if zones[zone]["signed"]:
            lines = self.outside.exec("keymgr", zone, "ds").stdout.splitlines()
            put(zones, parent, zone, "DS", [line.partition(" DS ")[2] for line in lines if " 13 2 " in line], 60)
            self.file.write_text(json.dumps(zones, indent=1))
        self.load(zones, [parent])

    def load(self, zones, names):
        for zone in names:
            self.write_zone(zones, zone)
            self.outside.exec("knotc", "-b", "zone-reload", zone)
            self.outside.exec("unbound-control", "-q", "flush_zone", zone)

    def write_zone(self, zones, zone):
        lines = []
        for key, (ttl, *values) in zones[zone]["records"].items():
            name, type = key.split(" ")
            lines += [f"{name.rstrip('.')}. {ttl} IN {type} {value}" for value in values]
        target = self.outside.root / "var/lib/knot" / zone_file(zone)
        target.with_suffix(".new").write_text("\n".join(lines) + "\n")
        target.with_suffix(".new").replace(target)

    def configure(self, zones):
        listen = [SERVER4, SERVER6]
        for pair in root_servers(self.outside.root).values():
            listen += pair
        lines = ["server:", '    rundir: "/run/knot"', "    user: knot:knot",
                 "    listen: [ " + ", ".join(f"{address}@53" for address in listen) + " ]",
                 "    udp-workers: 1", "    tcp-workers: 1", "    background-workers: 1",
                 "log:", "  - target: syslog", "    any: notice",
                 "database:", '    storage: "/var/lib/knot"', '    kasp-db: "kasp"',
                 "policy:", "  - id: root", "    manual: on", "    algorithm: ecdsap256sha256",
                 "  - id: signed", "    single-type-signing: on", "    algorithm: ecdsap256sha256",
                 "    dnskey-ttl: 60", "    cds-cdnskey-publish: none",
                 "template:", "  - id: default", '    storage: "/var/lib/knot"',
                 "    zonefile-load: difference-no-serial", "    zonefile-sync: -1", "    journal-content: all",
                 "zone:"]
        for zone, content in zones.items():
            lines += [f'  - domain: "{zone}"', f'    file: "{zone_file(zone)}"']
            if content["signed"]:
                lines += ["    dnssec-signing: on", f"    dnssec-policy: {'root' if zone == '.' else 'signed'}"]
        (self.outside.root / "etc/knot/knot.conf").write_text("\n".join(lines) + "\n")


def add(zones, zone, signed):
    """An empty zone and its delegation (unsigned) in its parent, if that is ours."""
    zones[zone] = {"signed": signed, "records": {}}
    put(zones, zone, zone, "SOA", ["ns1.outside.test. hostmaster.outside.test. 1 3600 600 86400 1"])
    if zone != ".":
        put(zones, zone, zone, "NS", ["ns1.outside.test."], 60)
        put(zones, parent_of(zones, zone), zone, "NS", ["ns1.outside.test."], 60)


def put(zones, zone, name, type, values, ttl=1):
    records = zones[zone]["records"]
    key = f"{name.lower().rstrip('.') or '.'} {type.upper()}"
    if values:
        records[key] = [ttl, *values]
    else:
        records.pop(key, None)


def zone_of(zones, name):
    """The zone a name belongs to."""
    labels = name.lower().rstrip(".").split(".")
    for start in range(len(labels)):
        if ".".join(labels[start:]) in zones:
            return ".".join(labels[start:])
    return "."


def parent_of(zones, zone):
    """The zone that delegates a zone."""
    return zone_of([name for name in zones if name != zone], zone)


def zone_file(zone):
    return "root.zone" if zone == "." else f"{zone}.zone"


def root_servers(root):
    """{letter: (IPv4, IPv6)} as Debian's root hints have them."""
    servers = {}
    for line in (root / "usr/share/dns/root.hints").read_text().splitlines():
        found = re.match(r"([A-M])\.ROOT-SERVERS\.NET\.\s+\d+\s+(A|AAAA)\s+(\S+)", line)
        if found:
            servers.setdefault(found[1].lower(), []).append(found[3].lower())
    return servers


def trust_anchor():
    return (roots.KEYS / "root.key").read_text()
