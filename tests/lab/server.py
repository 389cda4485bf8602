"""Servers of the lab: a plain Debian, one with the mail daemons' packages, or one with Vectis set up."""

import hashlib
import json
import os
import shutil

import build
import network
import outside as outside_machine
import packages
import roots
from host import RUN, lock, run, say
from machine import Machine, current_lab

DEFAULT = "mail"
PASSWORD = "correct horse battery staple"


def hostname_for(name):
    """The default machine is mail.example.test; another one is mail.NAME.test."""
    return "mail.example.test" if name == DEFAULT else f"mail.{name.replace('_', '-')}.test"


def boot(name=DEFAULT, suite=packages.DEFAULT_SUITE, fs="ext4", stock=False, hostname=None, lab=None, image=None, **state):
    """Boots a fresh server, its host name and addresses in the DNS. Replaces one of that name.

    It is without Vectis, unless `image` is that of another disk; `state` is what then is to be known of the machine.
    """
    lab = lab or current_lab()
    image = image or roots.image(suite, "stock" if stock else "server", fs)
    internet = outside_machine.outside(lab)
    machine = Machine(name, lab)
    say(f"booting {name} ({suite}, {'stock' if stock else 'mail packages'}, {fs})")
    try:
        machine.create(image, suite=suite, kind="stock" if stock else "server", fs=fs,
                       repository=str(roots.repository(suite)),
                       hostname=hostname or hostname_for(name), resolver=outside_machine.RESOLVER, **state)
        internet.dns.add_server(machine.hostname, machine.ip, machine.ip6)
        machine.boot()
    except BaseException:
        machine.destroy()
        raise
    return machine


def boot_with_vectis(name=DEFAULT, config=None, **options):
    """Boots a fresh server, installs this source's package, sets it up and publishes the DNS records it asks for.

    config is the text of config.yaml; by default a domain with the mailboxes alice and bob, see example_config.
    """
    options.pop("stock", None)
    package = build.deb(options.get("suite", packages.DEFAULT_SUITE))
    machine = boot(name, **options)
    say(f"setting up Vectis on {machine.hostname}")
    try:
        install(machine, package)
        machine.write("/root/config.yaml", config or example_config(machine))
        told = machine.out("vectis", "setup", "--unattended", "--config", "/root/config.yaml", "--json")
        machine.save(setup=json.loads(told), package=package_id(package))
        publish_dns(machine)
    except BaseException:
        machine.destroy()
        raise
    return machine


def boot_set_up(suite, lab):
    """The default server as boot_with_vectis() leaves it, from an image of its disk: made once for a package, booted in seconds."""
    package = build.deb(suite)
    made_of = hashlib.sha256((package_id(package) + roots.image(suite, "server", "ext4").name).encode()).hexdigest()
    image = roots.IMAGES / f"{suite}-set-up-{made_of[:12]}.ext4"
    notes = image.with_suffix(".json")
    with lock(f"set-up-{suite}"):
        if not notes.exists():
            machine = boot_with_vectis(suite=suite, lab=lab)
            machine.shut_down()
            run("cp", "--reflink=always", machine.disk, image)
            notes.write_text(json.dumps({key: machine.state[key] for key in ("ip", "ip6", "resolver_set", "setup", "package")}))
            machine.destroy()
    for path in (image, notes):
        os.utime(path)
    machine = boot(suite=suite, lab=lab, image=image, **json.loads(notes.read_text()))
    publish_dns(machine)
    machine.wait("vectis", "health", timeout=60)
    return machine


def package_id(package):
    return hashlib.sha256(package.read_bytes()).hexdigest()


def publish_dns(machine):
    """What an administrator does after setup, and after each new domain: publishes what 'vectis dns' says."""
    records = json.loads(machine.out("vectis", "dns", "--json"))["records"]
    outside = outside_machine.outside(machine.lab)
    for zone in sorted({record["zone"] for record in records if not record["elsewhere"]}):
        if not outside.dns.holds(zone):
            outside.dns.add_zone(zone)
    outside.dns.publish("\n".join(record["zone_line"] for record in records))


def install(machine, package):
    """apt install ./vectis_*.deb, as an administrator does it."""
    machine.push(package, f"/root/{package.name}")
    return machine.exec("apt-get", "install", "-q", "-y", f"/root/{package.name}")


def example_config(machine):
    """One domain, two mailboxes, one alias; the password of both mailboxes is PASSWORD."""
    domain = machine.hostname.partition(".")[2]
    hashed = machine.out("vectis", "hash-password", "--password-stdin", input=PASSWORD + "\n")
    return f"""hostname: {machine.hostname}
admin: alice@{domain}
domains:
  - name: {domain}
    mailboxes:
      - name: alice
        password_hash: "{hashed}"
      - name: bob
        password_hash: "{hashed}"
    aliases:
      - name: info
        to: alice@{domain}
"""


def forget(lab):
    """What remains of a lab without machines: its wire and its folder."""
    network.remove_wire(lab)
    shutil.rmtree(RUN / lab, ignore_errors=True)
