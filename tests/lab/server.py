"""Servers of the lab: a plain Debian, one with the mail daemons' packages, or one with Vectis set up."""

import dns
import outside as outside_machine
import roots
from host import say
from machine import Machine, current_lab

DEFAULT = "mail"


def hostname_for(name):
    """The default machine is mail.example.test; another one is mail.NAME.test."""
    return "mail.example.test" if name == DEFAULT else f"mail.{name.replace('_', '-')}.test"


def boot(name=DEFAULT, suite="bookworm", fs="ext4", stock=False, hostname=None, lab=None):
    """Boots a fresh server without Vectis, its host name and addresses in the DNS. Replaces one of that name."""
    lab = lab or current_lab()
    image = roots.image(suite, "stock" if stock else "server", fs)
    internet = outside_machine.outside(lab)
    machine = Machine(name, lab)
    say(f"booting {name} ({suite}, {'stock' if stock else 'mail packages'}, {fs})")
    try:
        machine.create(image, suite=suite, kind="stock" if stock else "server", fs=fs,
                       repository=str(roots.repository(suite)),
                       hostname=hostname or hostname_for(name), resolver=outside_machine.RESOLVER)
        internet.dns.add_server(machine.hostname, machine.ip, machine.ip6)
        machine.boot()
    except BaseException:
        machine.destroy()
        raise
    return machine
