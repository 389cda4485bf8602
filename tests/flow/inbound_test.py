"""Inbound routes: mail is told to webhooks, beside a mailbox or without one, as it came, once, whatever is killed."""

import base64
import json
import random
import re
import urllib.parse
import uuid

import api
import mail
from api import Api
from machine import wait_until
from webhooks_test import Hook, ready, verified

SCOPES = api.SCOPES + ",webhooks:read,webhooks:write,inbound:read,inbound:write"


class Route:
    """A route whose events a webhook of its own gets."""

    def __init__(self, client, lab, server, **wants):
        self.client = client
        self.hook = Hook(client, lab, domain=mail.domain(server), events=["webhook.test"])
        made = client.post("/inbound-routes", {"webhook": self.hook.id} | wants, 201)
        self.id, self.name = made["id"], made["name"]

    def told(self):
        """The bodies that came, the oldest first."""
        return [row["json"] for row in self.hook.requests()]

    def wait(self, subject, key="subject"):
        """The body that tells of the message with this subject, once it is there."""
        def found():
            bodies = [body["data"] if "data" in body else body for body in self.told()]
            return next((body for body in bodies if body[key] == subject), None)
        return wait_until(found, 60, f"'{subject}' at {self.name}'s webhook")

    def remove(self):
        answer = self.client.answer("DELETE", f"/inbound-routes/{self.id}?confirm={urllib.parse.quote(self.name, safe='')}")
        assert answer["status"] == 200, answer
        self.hook.remove()


def begun(lab):
    """A server without routes, and a client."""
    server = lab.vectis()
    if "webhook_networks" not in server.read("/etc/vectis/config.yaml"):
        ready(lab)
    client = Api(lab, server, SCOPES)
    for row in client.get("/inbound-routes"):
        assert client.status("DELETE", f"/inbound-routes/{row['id']}?confirm={urllib.parse.quote(row['name'], safe='')}") == 200
    mail.empty(server, "alice")
    return server, client


def taken(answer):
    assert answer["code"] == 250, answer
    return answer


def deliver(lab, server, recipient, message=None, **options):
    message = message or mail.note("anna@outside.test", recipient)
    taken(mail.deliver(lab, server, recipient, message, **options))
    return message["Subject"]


def test_mail_to_an_address_is_told_with_its_mailbox_or_without_one(lab):
    server, client = begun(lab)
    here = mail.domain(server)
    copied = Route(client, lab, server, address=f"alice@{here}")
    alone = Route(client, lab, server, address=f"support@{here}", keep_copy=False, format="postmark")

    message = mail.rich("anna@outside.test", f"alice+Order.4711@{here}")
    subject = deliver(lab, server, f"alice+Order.4711@{here}", message)
    data = copied.wait(subject)
    assert mail.essence(mail.wait_for(lab, server, "alice", subject)) == mail.essence(message)
    assert (data["recipient"], data["tag"], data["sender"]) == (f"alice+Order.4711@{here}", "Order.4711", "anna@outside.test"), data
    assert data["from"] == {"email": "anna@outside.test", "name": "Zoë Müller, Größe"} and data["to"][0]["name"] == "山田太郎", data
    assert data["text"].startswith("Привет,\n\n.a line with a dot\n") and data["html"] == "<p>Привет, <b>日本語</b></p>\n", data
    assert data["authentication"]["spf"] == "pass" and data["spam"]["is_spam"] is False and data["spam"]["symbols"], data
    assert data["client"]["tls"] is None and data["client"]["address"] == mail.CLIENT_ADDRESS, data
    expected = [(part.get_filename(), part.get_payload(decode=True).replace(b"\n", b"\r\n" if part.get_content_maintype() == "text" else b"\n"))
                for part in message.iter_attachments()]
    assert [(each["filename"], base64.b64decode(each["content"])) for each in data["attachments"]] == expected, [
        {**each, "content": None} for each in data["attachments"]]
    assert verified(copied.hook.requests(), copied.hook.secret) == 1

    # Through the API: as it came, below what this server has put on top.
    [row] = client.get(f"/inbound?route={copied.id}")
    assert row["id"] == data["id"] and row["subject"] == subject and client.get(f"/inbound/{row['id']}")["content"]["text"] == data["text"]
    raw = base64.b64decode(server.out("sh", "-c", f"curl -sS --unix-socket /run/vectis-api/admin.sock http://x/api/v1/inbound/{row['id']}/raw | base64"))
    sent = message.as_bytes(policy=mail.POLICY)
    own = re.sub(rb"^X-Spamd-Result: .*\r\n(?:[ \t].*\r\n)*", b"", raw, count=1, flags=re.MULTILINE)
    assert raw != own and own.endswith(sent) and own.startswith(b"Received: "), own[:-len(sent)]

    # Nobody's mailbox, and only the route gets it.
    subject = deliver(lab, server, f"support+x@{here}")
    body = alone.wait(subject, "Subject")
    assert (body["OriginalRecipient"], body["MailboxHash"], body["From"]) == (f"support+x@{here}", "x", "anna@outside.test"), body
    assert body["TextBody"].startswith("Good morning,") and body["ToFull"][0]["MailboxHash"] == "x", body
    refused = mail.deliver(lab, server, f"nobody@{here}")
    assert (refused["step"], refused["code"] // 100) == ("rcpt", 5), refused
    assert len(alone.told()) == 1 and len(copied.told()) == 1

    # The way in is Postfix's alone.
    inside = f"alice={here}@inbound.internal"
    for refused in (mail.deliver(lab, server, inside), mail.submit(lab, server, "bob", inside)):
        assert (refused["step"], refused["code"] // 100) == ("rcpt", 5), refused
    refused = client.answer("POST", "/mailboxes", {"address": inside, "password": "a good password"})
    assert refused["status"] in (409, 422), refused
    copied.remove()
    alone.remove()
    client.close()


def test_a_domain_tells_of_everything_or_of_what_nobody_else_gets(lab):
    server, client = begun(lab)
    here = mail.domain(server)
    rest = Route(client, lab, server, domain=here, keep_copy=False)
    own = Route(client, lab, server, address=f"own@{here}", keep_copy=False)
    for local_part, route in (("whoever+7", rest), ("own", own), ("alice", None), ("info", None)):
        subject = deliver(lab, server, f"{local_part}@{here}")
        if route:
            assert route.wait(subject)["recipient"] == f"{local_part}@{here}"
        else:
            mail.wait_for(lab, server, "alice", subject)
    assert (len(rest.told()), len(own.told())) == (1, 1)
    rest.remove()
    everything = Route(client, lab, server, domain=here, match="all")
    for local_part, route in (("alice+x", everything), ("info", everything), ("own", own)):
        subject = deliver(lab, server, f"{local_part}@{here}")
        assert route.wait(subject)["recipient"] == f"{local_part}@{here}"
        if route is everything:
            mail.wait_for(lab, server, "alice", subject)
    # What leaves, and what comes back in to be sealed, is nobody's mail here.
    before = len(everything.told())
    taken(mail.submit(lab, server, "alice", "anna@outside.test"))
    refused = mail.deliver(lab, server, f"whoever@{here}")
    assert (refused["step"], refused["code"] // 100) == ("rcpt", 5), refused
    # Several recipients of one message are told of one by one.
    subject = f"Together {uuid.uuid4().hex[:8]}"
    message = mail.note("anna@outside.test", f"alice@{here}, bob@{here}", subject)
    several = [{"recipient": f"{name}@{here}"} for name in ("alice", "bob")]
    for each in several:
        deliver(lab, server, each["recipient"], message)
    wait_until(lambda: len(everything.told()) == before + 2, 60, "both recipients")
    everything.remove()
    own.remove()
    client.close()


def test_what_comes_while_the_api_is_away_is_told_once(lab):
    server, client = begun(lab)
    here = mail.domain(server)
    route = Route(client, lab, server, address=f"alice@{here}")
    server.exec("systemctl", "stop", *api.UNITS)
    subjects = [deliver(lab, server, f"alice@{here}") for _ in range(5)]
    mail.wait_for(lab, server, "alice", subjects[-1])
    server.exec("systemctl", "start", *api.UNITS)
    # What Postfix has handed over is told although the process dies, and what it hands over twice is told once.
    for _ in range(3):
        server.exec("postqueue", "-f")
        server.exec("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "vectis-api.service", check=False)
        subjects.append(deliver(lab, server, f"alice@{here}"))
    wait_until(lambda: server.exec("postqueue", "-f") and not server.out("postqueue", "-j"), 120, "an empty queue")
    for subject in subjects:
        route.wait(subject)
    wait_until(lambda: client.answer("GET", "/auth/me")["status"] == 200, 60, "the API")
    rows = client.get(f"/inbound?route={route.id}&limit=200")
    assert sorted(row["subject"] for row in rows) == sorted(subjects), rows
    events = {row["headers"]["webhook-id"] for row in route.hook.requests()}
    assert events == {row["event"] for row in rows}
    # Once more, on demand: the same event.
    assert client.post(f"/inbound/{rows[0]['id']}/replay", None, 200) == {"replayed": 1}
    again = [rows[0]["event"]]
    before = sum(row["headers"]["webhook-id"] == again[0] for row in route.hook.requests())
    wait_until(lambda: sum(row["headers"]["webhook-id"] == again[0] for row in route.hook.requests()) >= max(2, before), 30, "the event again")
    route.remove()
    client.close()


def test_large_files_are_told_by_a_signed_url_and_spam_as_spam(lab):
    server, client = begun(lab)
    here = mail.domain(server)
    route = Route(client, lab, server, address=f"robot@{here}", keep_copy=False)
    file = random.randbytes(400_000)
    message = mail.note("anna@outside.test", f"robot@{here}")
    message.add_attachment(file, maintype="image", subtype="png", filename="Übersicht.png")
    [attachment] = route.wait(deliver(lab, server, f"robot@{here}", message))["attachments"]
    assert attachment["content"] is None and attachment["size"] == len(file), attachment
    url = attachment["url"]
    assert url.startswith(f"https://{server.hostname}/api/v1/inbound/"), url

    def ask(url):
        path = urllib.parse.urlsplit(url)
        lab.outside.exec("curl", "-ks", "--resolve", f"{server.hostname}:443:{server.ip}", "-o", "/tmp/file", "-D", "/tmp/head", url)
        head = lab.outside.read("/tmp/head")
        return int(head.split()[1]), base64.b64decode(lab.outside.out("base64", "/tmp/file")), path
    status, content, _ = ask(url)
    assert (status, content) == (200, file)
    expires = int(re.search(r"expires=(\d+)", url)[1])
    for forged in (url.replace("/0?", "/1?"), url.replace(f"expires={expires}", f"expires={expires + 1}"), url[:-1] + ("A" if url[-1] != "A" else "B"),
                   url.partition("?")[0]):
        assert ask(forged)[0] in (401, 403), forged

    # Above the threshold for Junk, below that of a refusal: Rspamd has five points against whoever says so themselves.
    server.exec("vectis", "config", "set", "rspamd.greylist", "2")
    server.exec("vectis", "config", "set", "rspamd.junk", "3")
    server.exec("vectis", "apply", "--yes")
    message = mail.note("anna@outside.test", f"robot@{here}")
    message["X-Spam"] = "Yes"
    message["X-Spamd-Result"] = "default: False [-99.00 / 15.00]; FORGED(-99.00)[];"
    message["Authentication-Results"] = f"{server.hostname}; dkim=pass header.d=bank.test"
    data = route.wait(deliver(lab, server, f"robot@{here}", message))
    assert data["spam"]["is_spam"] is True and data["spam"]["score"] >= 3 and data["authentication"]["dkim"] != "pass", data
    assert "FORGED" not in {each["name"] for each in data["spam"]["symbols"]}, data["spam"]
    assert [body["type"] for body in route.told()] == ["inbound.received", "inbound.spam"]
    route.remove()
    client.close()
