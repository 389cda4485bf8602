"""Mail for the tests: messages, and a mail program that runs on the outside machine (mail_client.py)."""

import base64
import collections
import email
import email.message
import email.policy
import email.utils
import json
import pathlib
import re
import uuid

from host import LabError
from machine import wait_until
from server import PASSWORD

CLIENT = pathlib.Path(__file__).with_name("mail_client.py").read_text()
CLIENT_ADDRESS = "198.51.100.77"     # client.outside.test, in the SPF record of outside.test
POLICY = email.policy.SMTP.clone(max_line_length=78)


# The server

def configured(lab, text=None):
    """The server with this config.yaml in force, the one of its setup unless given: nothing of an earlier test's is left."""
    server = lab.vectis()
    server.write("/etc/vectis/config.yaml", text or server.read("/root/config.yaml"))
    server.exec("vectis", "apply", "--yes")
    return server


def empty(server, local_part):
    """Removes every message of a mailbox."""
    server.exec("doveadm", "expunge", "-u", address(server, local_part), "mailbox", "*", "all")


# A mail program

def call(machine, function, run_as="root", program=CLIENT, **arguments):
    """Calls a function of mail_client.py, or of another such program, in a machine."""
    done = machine.exec("runuser", "-u", run_as, "--", "python3", "-c", program, timeout=300, check=False,
                        input=json.dumps({"call": function, **arguments}))
    # Without the program, which is long: what is said of a failure is to be read.
    if done.returncode != 0:
        raise LabError(f"cannot call {function} in '{machine.name}': exit status {done.returncode}\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)


def domain(server):
    return server.hostname.partition(".")[2]


def address(server, local_part):
    """A mailbox of the server's domain; a whole address stays as it is."""
    return local_part if "@" in local_part else f"{local_part}@{domain(server)}"


def login(lab, server, local_part, password=PASSWORD):
    """Whether IMAPS lets this mailbox in."""
    return call(lab.outside, "login", host=server.ip, user=address(server, local_part), password=password)


def webmail_login(lab, server, user, password, *more, source=CLIENT_ADDRESS):
    """The status that webmail answers a login from this address with: 302, or 401 for a wrong password."""
    curl = ("curl", "-sk", "--interface", source)
    jar = f"/tmp/{uuid.uuid4().hex}"
    page = lab.outside.exec(*curl, "-c", jar, f"https://{server.hostname}/webmail/").stdout
    token = page.split('name="_token" value="', 1)[1].split('"', 1)[0]
    return int(lab.outside.out(*curl, "-b", jar, "-o", "/dev/null", "-w", "%{http_code}", *more, "--data-urlencode", f"_token={token}",
                               "--data-urlencode", f"_user={user}", "--data-urlencode", f"_pass={password}", "-d",
                               "_task=login&_action=login", f"https://{server.hostname}/webmail/?_task=login"))


def deliver(lab, server, recipient, message=None, sender="anna@outside.test", **options):
    """Hands a message from outside to port 25; answers {step, code, text} of the last step."""
    message = message or note(sender, recipient)
    options = {"host": server.ip, "port": 25, "source": CLIENT_ADDRESS} | options
    return call(lab.outside, "send", sender=sender, recipient=recipient, content=packed(message), **options)


def submit(lab, server, local_part, recipient, message=None, port=587, sender=None, password=PASSWORD,
           source=CLIENT_ADDRESS):
    """Submits a message with the login of a mailbox; sender is the envelope's, the login's address unless given."""
    user = address(server, local_part)
    message = message or note(sender or user, recipient)
    return call(lab.outside, "send", host=server.ip, port=port, user=user, password=password, sender=sender or user,
                recipient=recipient, content=packed(message), source=source)


def fetch(lab, server, local_part, folder="INBOX", **options):
    """A folder's messages, read by IMAP, oldest first."""
    found = call(lab.outside, "fetch", host=server.ip, user=address(server, local_part), password=PASSWORD, folder=folder,
                 **options)
    return [parsed(base64.b64decode(content)) for content in found]


def wait_for(lab, server, local_part, subject, folder="INBOX"):
    """The message with this subject, once IMAP shows it."""
    return wait_until(lambda: with_subject(fetch(lab, server, local_part, folder), subject), 30,
                      f"'{subject}' in {folder} of {local_part}")


def received(lab, recipient, subject):
    """The bytes of the message with this subject, as they came to the foreign mail server (which keeps them with LF)."""
    local, _, name = recipient.partition("@")
    folder = lab.outside.root / "var/mail/lab" / name / local / "new"
    found = wait_until(lambda: next((raw for raw in (path.read_bytes() for path in folder.glob("*"))
                                     if parsed(raw)["subject"] == subject), None), 60, f"'{subject}' at {recipient}")
    return found.replace(b"\n", b"\r\n")


def subjects(lab, recipient):
    """How many messages of each subject came to the foreign mail server, by their plain ASCII subjects."""
    local, _, name = recipient.partition("@")
    files = (lab.outside.root / "var/mail/lab" / name / local / "new").glob("*")
    return collections.Counter(re.search(rb"^Subject: (.*)$", path.read_bytes(), re.MULTILINE)[1].decode() for path in files)


# Messages

def note(sender, recipient, subject=None, text="Good morning,\n\nshall we meet at ten?\n\nKind regards\nAnna\n"):
    """A small message that nobody takes for spam; its subject is its own unless given."""
    message = email.message.EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject or f"Meeting {uuid.uuid4().hex[:8]}"
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or "outside.test")
    message.set_content(text)
    return message


def rich(sender, recipient):
    """A message with everything that gets damaged on bad roads: names, text and file names beyond ASCII, files."""
    message = note(f'"Zoë Müller, Größe" <{sender}>', f'"山田太郎" <{recipient}>', f"Grüße aus Köln 🦉 {uuid.uuid4().hex[:8]}",
                   "Привет,\n\n.a line with a dot\nFrom here on: ½ naïve café — 日本語\n")
    message.add_alternative("<p>Привет, <b>日本語</b></p>\n", subtype="html")
    message.add_attachment(bytes(range(256)) * 300, maintype="application", subtype="pdf", filename="Übersicht 2026.pdf")
    message.add_attachment("α;β\n1;2\n", subtype="csv", filename="表.csv")
    return message


def essence(message):
    """What has to survive the way, as values that compare."""
    message = parsed(message.as_bytes(policy=POLICY))
    headers = [[(one.display_name, one.addr_spec) for one in message[name].addresses] for name in ("From", "To")]
    parts = [(part.get_content_type(), part.get_filename(), part.get_payload(decode=True).replace(b"\r\n", b"\n"))
             for part in message.walk() if not part.is_multipart()]
    return message["Subject"], message["Message-ID"], headers, parts


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def packed(message):
    return base64.b64encode(message if isinstance(message, bytes) else message.as_bytes(policy=POLICY)).decode()


def move(lab, server, local_part, subject, source, target):
    """Moves the one message with this subject to another folder."""
    moved = call(lab.outside, "move", host=server.ip, user=address(server, local_part), password=PASSWORD, subject=subject,
                 source=source, target=target)
    assert moved == 1, (subject, source, moved)


def learned(server):
    """How many messages Rspamd knows as spam and as ham. Its own `stat` tells them much later."""
    counts = server.out("redis-cli", "-s", "/run/redis-vectis/redis-server.sock", "hmget", "RS", "learns_spam", "learns_ham")
    return tuple(int(count or 0) for count in (counts + "\n").split("\n")[:2])


def with_subject(messages, subject):
    return next((message for message in messages if message["subject"] == subject), None)


class Sender:
    """A foreign server that sends to alice without a pause, with a ledger of what was taken; see mail_client.stream."""

    def __init__(self, lab, server):
        self.lab, self.server = lab, server
        self.name = f"/root/sender-{uuid.uuid4().hex[:8]}"

    def __enter__(self):
        request = {"call": "stream", "host": self.server.ip, "recipient": address(self.server, "alice"),
                   "source": CLIENT_ADDRESS, "ledger": self.name, "stop": self.name + ".stop"}
        self.lab.outside.write(self.name + ".json", json.dumps(request))
        self.lab.outside.write(self.name + ".py", CLIENT)
        self.process = self.lab.outside.spawn("sh", "-c", f"exec python3 {self.name}.py <{self.name}.json")
        return self

    def __exit__(self, *_):
        self.lab.outside.write(self.name + ".stop", "")
        self.process.wait(timeout=120)

    def ledger(self):
        """(what, number, Message-ID, ...) of each line."""
        return [line.split() for line in self.lab.outside.read(self.name).splitlines()]

    def assert_nothing_lost(self):
        """Everything the server took is in the mailbox, once, or twice where the server broke off before its answer."""
        assert self.process.returncode == 0, f"the sender ended with {self.process.returncode}"
        rows = self.ledger()
        refused = [row for row in rows if row[0] == "refused"]
        assert not refused, f"refused for good: {refused}"
        wait_until(lambda: not self.server.out("postqueue", "-j"), 120, "an empty queue")
        there = collections.Counter()
        for folder in ("INBOX", "Junk"):
            for message in fetch(self.lab, self.server, "alice", folder, part="BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"):
                there[message["Message-ID"].strip("<>")] += 1
        taken = [row[2] for row in rows if row[0] == "taken"]
        unclear = collections.Counter(row[2] for row in rows if row[0] == "unclear")
        assert taken, "the sender sent nothing"
        lost = [name for name in taken if not there[name]]
        assert not lost, f"{len(lost)} of {len(taken)} lost: {lost[:5]}"
        copied = {name: there[name] for name in taken if there[name] > 1 + unclear[name]}
        assert not copied, f"more copies than broken connections: {copied}"
