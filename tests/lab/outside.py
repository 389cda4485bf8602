"""The machine that plays the rest of the internet: DNS, a foreign mail server, ACME, an HTTP receiver.

| address       | name                  | what                                                          |
|---------------|-----------------------|---------------------------------------------------------------|
| 203.0.113.1   |                       | the servers' gateway                                          |
| 198.51.100.1  | ns1.outside.test      | Knot: root, TLDs, all zones (also on the root servers' own)   |
| 198.51.100.53 | resolver.outside.test | a validating resolver                                         |
| 198.51.100.25 | mx.outside.test       | Postfix: takes all mail for outside.test and elsewhere.test,  |
|               |                       | where the envelope sender has to pass SPF                     |
| 198.51.100.14 | acme.outside.test     | pebble: https://acme.outside.test:14000/dir                   |
| 198.51.100.80 | hooks.outside.test    | records HTTP and HTTPS requests                               |
Every other address of 198.51.100.0/24, 192.0.2.0/24 and 2001:db8:0:2::/64 is free for clients to bind.
IPv6: the same last number under 2001:db8:0:2::.
"""

import base64
import email
import email.policy
import json
import pathlib
import shutil

import network
import packages
import roots
from dns import Dns, root_servers
from host import RUN, LabError, lock, run, say
from machine import Machine, current_lab, wait_until

NAMES = ("mx", "acme", "hooks", "client", "ns1")
RESOLVER = "198.51.100.53"
FILES = pathlib.Path(__file__).with_name("outside")
MAIL = "var/mail/lab"


class Outside(Machine):
    def __init__(self, lab=None):
        super().__init__("outside", lab)
        self.dns = Dns(self)

    def ensure(self):
        """Boots the outside machine of this lab unless it runs."""
        (RUN / self.lab).mkdir(parents=True, exist_ok=True)
        with lock(f"outside-{self.lab}"):
            self.__init__(self.lab)
            if not self.running:
                image = roots.image(packages.OUTSIDE_SUITE, "outside", "ext4")
                say("booting the outside machine")
                try:
                    self.start(image)
                except BaseException:
                    self.destroy()
                    raise
        return self

    def start(self, image):
        self.create(image, ip=network.GATEWAY4, ip6=network.GATEWAY6, kind="outside", fs="ext4",
                    hostname="outside.outside.test", resolver=RESOLVER)
        self.mount()
        self.configure()
        addresses = [address for pair in root_servers(self.root).values() for address in pair]
        network.be_the_internet(self.netns, addresses)
        self.boot()
        failed = self.out("systemctl", "list-units", "--failed", "--plain", "--no-legend")
        if failed:
            raise LabError(f"cannot start the outside machine's services:\n{failed}\n"
                           + self.out("journalctl", "-n", "30", "--no-pager"))
        self.dns.delegate_all()

    def configure(self):
        shutil.copytree(FILES, self.root, dirs_exist_ok=True)
        documentation = self.root / "etc/unbound/unbound.conf.d/documentation.conf"
        documentation.write_text(roots.RESOLVE_DOCUMENTATION_NAMES)
        certificate = own_certificate()
        for source in (certificate.with_suffix(".crt"), certificate.with_suffix(".key"), roots.KEYS / "ca.crt"):
            shutil.copy(source, self.root / "etc/lab" / source.name)
        shutil.copytree(roots.KEYS / "kasp", self.root / "var/lib/knot/kasp")
        for name in ("root.key", "root.ds"):
            shutil.copy(roots.KEYS / name, self.root / "usr/share/dns" / name)
        (self.root / MAIL).mkdir(parents=True)
        run("chroot", self.root, "chown", "mail:mail", "/" + MAIL)
        run("systemctl", f"--root={self.root}", "enable", "pebble.service", "lab-http.service")
        with open(self.root / "etc/postfix/master.cf", "a", encoding="ascii") as master:
            master.write("lab unix - n n - 8 pipe flags=DR user=mail argv=/usr/local/sbin/lab-deliver ${recipient}\n"
                         "spf unix - n n - 0 spawn user=nobody argv=/usr/local/sbin/lab-spf\n")
        self.dns.first_zones()

    # The foreign mail server

    def mailbox(self, address):
        """The messages that arrived for an address, oldest first; .original has the bytes as they came."""
        local, _, domain = address.partition("@")
        files = (self.root / MAIL / domain / local / "new").glob("*")
        return [parse(path.read_bytes()) for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]

    def wait_mail(self, address, subject=None, timeout=60):
        """Waits for a message (with that subject) to arrive and returns it."""
        return wait_until(lambda: next((message for message in self.mailbox(address)
                                        if subject is None or message["subject"] == subject), None),
                          timeout, f"mail for {address}" + (f" with subject '{subject}'" if subject else ""))

    def send(self, sender, recipient, message):
        """Gives a message to the foreign mail server's queue."""
        self.exec("sendmail", "-i", "-f", sender, "--", recipient, input=str(message))

    def swaks(self, *arguments, check=False):
        """A client anywhere in the world; the exit status says how far it came."""
        return self.exec("swaks", *arguments, check=check)

    def python(self, script, *arguments, **options):
        """Runs a Python script there: smtplib, imaplib, dkim, spf and authheaders are installed."""
        return self.exec("python3", "-", *arguments, input=script, **options)

    # The HTTP receiver

    def http_requests(self, path=None):
        log = self.root / "var/lib/lab-http/requests.jsonl"
        rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        rows = [row for row in rows if path is None or row["path"].partition("?")[0] == path]
        for row in rows:
            row["body"] = base64.b64decode(row["body"])
        return rows

    def http_answer(self, path, status=200, body="ok\n", headers=None, delay=0, cut=False):
        """Says how the receiver answers on a path, or on host/path, from now on; cut: with half of the body."""
        file = self.root / "var/lib/lab-http/answers.json"
        answers = json.loads(file.read_text()) if file.exists() else {}
        answers[path] = {"status": status, "body": body, "headers": headers or {}, "delay": delay, "cut": cut}
        file.with_suffix(".new").write_text(json.dumps(answers))
        file.with_suffix(".new").replace(file)

    def serve_https(self, name):
        """Gives a name the HTTP receiver's address and a certificate of the lab's authority."""
        make_certificate(self.root / "etc/lab/names" / name, [name])
        self.dns.set(name, "A", ["198.51.100.80"])


def outside(lab=None):
    return Outside(lab or current_lab()).ensure()


def parse(data):
    message = email.message_from_bytes(data, policy=email.policy.default)
    message.original = data
    return message


def own_certificate():
    """One certificate for all names of the outside machine."""
    base = roots.KEYS / "outside"
    if not base.with_suffix(".crt").exists():
        make_certificate(base, [f"{name}.outside.test" for name in NAMES])
    return base


def make_certificate(base, names):
    """BASE.crt of the lab's authority for these names, and BASE.key."""
    base.parent.mkdir(parents=True, exist_ok=True)
    file = {ending: f"{base}.{ending}" for ending in ("crt", "csr", "ext", "key")}
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-subj", f"/CN={names[0]}", "-keyout", file["key"], "-out", file["csr"])
    pathlib.Path(file["ext"]).write_text(f"subjectAltName={','.join(f'DNS:{name}' for name in names)}\n"
                                         "extendedKeyUsage=serverAuth,clientAuth\n")
    run("openssl", "x509", "-req", "-in", file["csr"], "-CA", roots.KEYS / "ca.crt", "-CAkey", roots.KEYS / "ca.key",
        "-CAcreateserial", "-days", "3650", "-extfile", file["ext"], "-out", file["crt"])
