# mta-sts-daemon, silent about a domain whose mail hosts DANE protects.
# Read by Python, which postfix-mta-sts-resolver.service runs; Vectis renders it. A policy that Postfix gets from here takes
# the place of DANE, and RFC 8461 section 2 forbids that. So where the daemon has a policy, and every mail host of the domain
# has TLSA records that are signed, Postfix is told nothing and goes on to DANE (smtp_tls_security_level).

import asyncio
import struct

import aiodns
from postfix_mta_sts_resolver import daemon, netstring, responder

RESOLVER = "127.0.0.1"      # our unbound; what it has validated it marks as authentic
MX, TLSA = 15, 52
SERVFAIL = 2
NOTHING = netstring.encode(b"NOTFOUND ")


async def ask(name, kind):
    """(code, authentic, number of records of this kind) for a question, by TCP: whole answers, from nobody else."""
    labels = b"".join(bytes([len(label)]) + label for label in name.encode("ascii").split(b"."))
    query = struct.pack("!6H", 0, 0x0120, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    reader, writer = await asyncio.open_connection(RESOLVER, 53)
    try:
        writer.write(struct.pack("!H", len(query)) + query)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        answer = await reader.readexactly(length)
    finally:
        writer.close()
    _, flags, _, count, _, _ = struct.unpack("!6H", answer[:12])
    at, found = len(query), 0
    for _ in range(count):
        while answer[at] not in (0, *range(192, 256)):      # a name ends with an empty label or a pointer
            at += 1 + answer[at]
        at += 1 if answer[at] == 0 else 2
        this, _, _, length = struct.unpack("!2HIH", answer[at:at + 10])
        at += 10 + length
        found += this == kind
    return flags & 15, bool(flags & 0x20), found


async def has_dane(resolver, domain):
    """Whether DANE decides about every mail host of a domain."""
    code, authentic, count = await ask(domain, MX)
    if code != 0 or not authentic:
        return False
    hosts = [row.host for row in await resolver.query(domain, "MX")] if count else [domain]
    for host in hosts:
        code, authentic, count = await ask(f"_25._tcp.{host}", TLSA)
        # Records that cannot be had are for Postfix to judge: it does not deliver to that host.
        if code != SERVFAIL and not (authentic and count):
            return False
    return True


class DaneFirst(responder.STSSocketmapResponder):
    def __init__(self, cfg, loop, cache):
        super().__init__(cfg, loop, cache)
        self.resolver = aiodns.DNSResolver(loop=loop, timeout=4)

    async def process_request(self, raw_req):
        answer = await super().process_request(raw_req)
        if answer == NOTHING:
            return answer
        domain = raw_req.decode("ascii").partition(" ")[2].rstrip(".")
        try:
            return NOTHING if await asyncio.wait_for(has_dane(self.resolver, domain), 10) else answer
        except (OSError, EOFError, asyncio.TimeoutError, aiodns.error.DNSError):
            return netstring.encode(b"TEMP cannot find out about DANE")


daemon.STSSocketmapResponder = DaneFirst
daemon.main()
