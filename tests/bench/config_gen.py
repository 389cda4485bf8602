#!/usr/bin/python3
"""Writes a config.yaml with any number of domains, mailboxes and aliases; the same arguments give the same bytes."""

import argparse
import sys

HASH = ("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$"
        "c2FsdHNhbHRzYWx0c2FsdA$"  # every mailbox has its own digits below
        "jS4Zsk7iRuBgpnC9TgSXLpqEB5HKz0x7FfWr6Q")
FIRST = ["anna", "ben", "clara", "david", "emma", "felix", "greta", "hugo", "ida", "jonas"]
LAST = ["Müller", "Nguyễn", "Smith", "García", "Öztürk", "Kowalski", "Rossi", "Dubois", "Ivanova", "Ó Briain"]


def share(total, parts, index):
    """How many of `total` fall on part `index`, as evenly as it goes."""
    return total // parts + (index < total % parts)


def write(out, domains, mailboxes, aliases):
    out.write("# Generated for measurements.\nhostname: mail.example.test\nadmin: anna0@d0.example.test\n"
              "dovecot:\n  quota: 2 GiB\ndomains:\n")
    for d in range(domains):
        domain = f"d{d}.example.test"
        people = share(mailboxes, domains, d)
        out.write(f"  - name: {domain}\n    quota: 5 GiB\n    mailboxes:\n")
        for m in range(people):
            first = FIRST[m % len(FIRST)]
            out.write(f"      - name: {first}{m}\n"
                      f"        display_name: {first.capitalize()} {LAST[(m // 10) % len(LAST)]}\n"
                      f"        password_hash: \"{HASH}{d:05d}{m:06d}\"\n"
                      f"        quota: {1 + m % 9} GiB\n")
        if share(aliases, domains, d):
            out.write("    aliases:\n")
        for a in range(share(aliases, domains, d)):
            target = a % people
            out.write(f"      - name: office{a}\n"
                      f"        to: [{FIRST[target % len(FIRST)]}{target}@{domain}, someone{a}@elsewhere.test]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=1000)
    parser.add_argument("--mailboxes", type=int, default=100000)
    parser.add_argument("--aliases", type=int, default=20000)
    arguments = parser.parse_args()
    if arguments.domains < 1 or arguments.mailboxes < arguments.domains:
        parser.error("every domain needs a mailbox")
    sys.stdout.reconfigure(encoding="utf-8")
    write(sys.stdout, arguments.domains, arguments.mailboxes, arguments.aliases)


if __name__ == "__main__":
    main()
