"""What programs send through the API: accepted for good, on its way by Postfix, its story told to the end."""

import base64
import collections
import json
import os
import random

import api
import mail
from api import Api, storm
from machine import wait_until

SENDING = api.SCOPES + ",send,messages:read,suppressions:read,suppressions:write"


def test_a_message_goes_out_and_its_whole_story_is_told(lab):
    server = mail.configured(lab)
    client = Api(lab, server, SENDING)
    alice = mail.address(server, "alice")
    picture = bytes(random.randrange(256) for _ in range(50000))
    body = {"from": {"email": alice, "name": "Älice"}, "to": [{"email": "order@outside.test", "name": "Zoë"}],
            "bcc": [{"email": "refused@outside.test"}, {"email": mail.address(server, "bob")}],
            "subject": "Ihre Bestellung äöü", "text": "Guten Tag\n.\nein Punkt\n", "html": "<p>Guten Tag</p>",
            "attachments": [{"filename": "Rechnung ä.pdf", "content_type": "application/pdf",
                             "content": base64.b64encode(picture).decode()}],
            "headers": {"X-Order": "4711"}, "tags": ["order"], "metadata": {"order": "4711"}}
    sent = client.post("/send", body, 202)
    assert sent["status"] == "queued" and len(sent["recipients"]) == 3, sent
    raw = mail.received(lab, "order@outside.test", body["subject"])
    message = mail.parsed(raw)
    assert message["Message-ID"] == f"<{sent['message_id']}>" and message["X-Order"] == "4711" and message["Bcc"] is None
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == body["text"]
    assert [part.get_filename() for part in message.iter_attachments()] == ["Rechnung ä.pdf"]
    assert next(message.iter_attachments()).get_content() == picture
    assert raw.count(b"DKIM-Signature:") == 2, raw[:3000]
    token = message["Return-Path"].strip("<>")
    assert token.startswith("bounce+") and token.endswith("@" + mail.domain(server)), token

    whole = ended(client, sent["id"])
    states = {each["email"]: each for each in whole["recipients"]}
    assert states["order@outside.test"]["status"] == "delivered" and "250" in states["order@outside.test"]["answer"], states
    assert states["refused@outside.test"]["status"] == "bounced" and states["refused@outside.test"]["code"] == "5.1.1", states
    assert "nobody of that name" in states["refused@outside.test"]["answer"], states
    assert states[mail.address(server, "bob")]["status"] == "delivered", states
    story = collections.defaultdict(list)
    for event in client.get(f"/messages/{sent['id']}/events"):
        story[event["recipient"]].append(event["type"])
    assert story["order@outside.test"] == ["message.queued", "message.sent", "message.delivered"], story
    assert story["refused@outside.test"] == ["message.queued", "message.sent", "message.bounced"], story
    assert [row["id"] for row in client.get(f"/messages?message_id={sent['message_id']}")] == [sent["id"]]

    # To whoever does not exist nothing more is sent, until somebody says otherwise.
    [row] = client.get("/suppressions?address=refused@outside.test")
    assert row["reason"] == "bounce" and row["source"] == sent["id"], row
    to_nobody = body | {"to": [{"email": "Refused@outside.test"}], "bcc": []}
    assert client.post("/send", to_nobody, 202)["status"] == "suppressed"
    assert "refused@outside.test" in server.out("vectis", "suppression", "list")
    server.exec("vectis", "suppression", "remove", "refused@outside.test", "--yes")
    assert client.post("/send", to_nobody, 202)["status"] == "queued"

    # A server that wants it later, and then does not want it: its report comes to the address that only we can have made.
    sent = client.post("/send", body | {"to": [{"email": "full@outside.test"}], "bcc": []}, 202)
    wait_until(lambda: recipients(client, sent["id"])["full@outside.test"]["status"] == "deferred", 60, "the message to be deferred")
    late = client.post("/send", body | {"to": [{"email": "late@outside.test"}], "bcc": []}, 202)
    assert ended(client, late["id"])["recipients"][0]["status"] == "delivered"
    address = wait_until(lambda: next((one["Return-Path"].strip("<>") for one in lab.outside.mailbox("late@outside.test")
                                       if one["Message-ID"] == f"<{late['message_id']}>"), None), 30, "the message")
    forged = "bounce+" + "a" * (len(address.split("@")[0]) - 7) + "@" + mail.domain(server)
    assert mail.deliver(lab, server, forged, mail.parsed(REPORT), sender="")["code"] == 550
    assert mail.deliver(lab, server, address.upper().replace(mail.domain(server).upper(), mail.domain(server)),
                        mail.parsed(REPORT), sender="")["code"] == 250
    wait_until(lambda: recipients(client, late["id"])["late@outside.test"]["status"] == "bounced", 30, "the report to be read")
    client.close()


REPORT = b"""From: MAILER-DAEMON@mx.outside.test\r
To: sender\r
Subject: Undelivered Mail Returned to Sender\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
I am sorry.\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.outside.test\r
\r
Final-Recipient: rfc822; late@outside.test\r
Action: failed\r
Status: 5.2.1\r
Diagnostic-Code: smtp; 550 5.2.1 this mailbox is closed\r
\r
--b--\r
"""


def test_what_cannot_be_sent_is_refused_and_who_may_not_send_is_too(lab):
    server = mail.configured(lab)
    client = Api(lab, server, SENDING)
    alice = mail.address(server, "alice")
    good = {"from": {"email": alice}, "to": [{"email": "order@outside.test"}], "subject": "a", "text": "b"}
    for change, pointer in (({"subject": "a\r\nBcc: eve@outside.test"}, "/subject"), ({"text": None}, "/text"),
                            ({"to": []}, ""), ({"headers": {"Received": "x"}}, "/headers/Received"),
                            ({"headers": {"X-A": "b\nX-B: c"}}, "/headers/X-A"),
                            ({"attachments": [{"filename": "a", "content": "%%%"}]}, "/attachments/0/content"),
                            ({"to": [{"email": "nobody"}]}, "/to/0/email"), ({"send_at": "2126-01-01T00:00:00.000Z"}, "/send_at")):
        answer = client.answer("POST", "/send", good | change)
        assert answer["status"] == 422 and (not pointer or pointer in json.dumps(answer["json"]["errors"])), (change, answer)
    assert client.answer("POST", "/send", good | {"from": {"email": "anna@outside.test"}})["status"] == 403
    server.exec("vectis", "domain", "add", "other.test")
    bound = Api(lab, server, "send,messages:read", "--domains", "other.test", name="bound")
    assert bound.answer("POST", "/send", good)["status"] == 403
    sent = client.post("/send", good, 202)
    assert bound.status("GET", f"/messages/{sent['id']}") == 404 and bound.get("/messages") == []
    bound.close()
    server.exec("vectis", "domain", "remove", "other.test", "--yes")
    # Nobody else on this host speaks to the socket that sends as anyone.
    for user in ("www-data", "vectis-webmail", "nobody"):
        tried = server.exec("runuser", "-u", user, "--", "python3", "-c",
                            "import socket; socket.socket(socket.AF_UNIX).connect('/var/spool/postfix/public/vectis-submit')", check=False)
        assert tried.returncode != 0 and "PermissionError" in tried.stderr, tried

    later = client.post("/send", good | {"send_at": "2026-12-20T00:00:00.000Z", "to": [{"email": "later@outside.test"}]}, 202)
    assert client.post(f"/messages/{later['id']}/cancel", None, 200)["recipients"][0]["status"] == "canceled"
    assert client.status("POST", f"/messages/{later['id']}/cancel") == 409
    soon = server.out("date", "-u", "+%Y-%m-%dT%H:%M:%S.000Z", "-d", "15 seconds")
    timed = client.post("/send", good | {"send_at": soon, "to": [{"email": "timed@outside.test"}, {"email": "left@outside.test"}]}, 202)
    server.exec("vectis", "suppression", "add", "left@outside.test", "--domain", mail.domain(server), "--reason", "unsubscribe")
    states = {each["email"]: each["status"] for each in ended(client, timed["id"])["recipients"]}
    assert states == {"timed@outside.test": "delivered", "left@outside.test": "suppressed"}, states
    assert lab.outside.mailbox("later@outside.test") == lab.outside.mailbox("left@outside.test") == []
    client.close()


def test_with_everything_killed_under_load_each_accepted_message_ends_as_the_other_side_saw_it(lab):
    server = mail.configured(lab)
    client = Api(lab, server, SENDING)
    kills = int(os.environ.get("VECTIS_SEND_KILLS", "8"))
    name = f"storm {random.randrange(10 ** 9)}"
    body = {"from": {"email": mail.address(server, "alice")}, "to": [{"email": "storm@outside.test"}], "text": "x"}
    answered = storm(server, lambda server: kill(server, random.choice(parts(server))), kills, path="/api/v1/send", bodies=[body],
                     field="subject", name=name + " {}", every=1)
    accepted = [(each["id"], each["name"]) for each in answered]
    assert accepted and len({id for id, _ in accepted}) == len(accepted)
    for id, _ in accepted:
        assert ended(client, id, 240)["recipients"][0]["status"] == "delivered"
    there = mail.subjects(lab, "storm@outside.test")
    copies = {subject: there[subject] for _, subject in accepted}
    assert min(copies.values()) == 1, "lost: " + str([subject for subject, count in copies.items() if not count])
    more = sum(count - 1 for count in copies.values())
    print(f"{len(accepted)} messages, {kills} kills, {more} copies too many", flush=True)
    assert more <= kills, copies
    client.close()


def parts(server):
    """The units that have a part in sending."""
    return ("vectis-api.service", server.postfix, "rspamd.service", "dovecot.service")


def kill(server, unit):
    """All its processes at once; then it is started again."""
    server.exec("systemctl", "kill", "--kill-whom=all", "--signal=KILL", unit, check=False)
    server.exec("systemctl", "reset-failed")
    server.exec("systemctl", "start", unit, check=False)


def test_whom_postfix_forgets_without_a_word_ends_as_unknown_until_a_report_says_more(lab):
    server = mail.configured(lab)
    client = Api(lab, server, SENDING)
    body = {"from": {"email": mail.address(server, "alice")}, "to": [{"email": "full@outside.test"}], "subject": "lost", "text": "x"}
    lost, kept = [client.post("/send", body, 202)["id"] for _ in range(2)]

    def state(id):
        return recipients(client, id)["full@outside.test"]
    for id in (lost, kept):
        wait_until(lambda id=id: state(id)["status"] == "deferred", 60, "the message to be deferred")
    queue_id = state(lost)["queue_id"]
    [token] = [each["sender"] for each in map(json.loads, server.out("postqueue", "-j").splitlines()) if each["queue_id"] == queue_id]
    # Its file is gone, as with a disk, of which no log tells. Both messages are an hour older.
    server.exec("systemctl", "stop", *api.UNITS)
    try:
        assert server.out("find", "/var/spool/postfix", "-type", "f", "-name", queue_id, "-print", "-delete")
        server.exec("runuser", "-u", "vectis", "--", "sqlite3", "/var/lib/vectis/api/vectis.db",
                    "update recipients set updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour') where status = 'deferred'")
    finally:
        server.exec("systemctl", "start", *api.UNITS)
    wait_until(lambda: state(lost)["status"] == "unknown", 180, "the message to be missed twice")
    assert state(kept)["status"] == "deferred", state(kept)
    story = [event["type"] for event in client.get(f"/messages/{lost}/events")]
    assert story == ["message.queued", "message.sent", "message.deferred", "message.unknown"], story
    assert client.get("/suppressions?address=full@outside.test") == []

    assert mail.deliver(lab, server, token, mail.parsed(REPORT), sender="")["code"] == 250
    wait_until(lambda: state(lost)["status"] == "bounced", 30, "the report to be read")
    server.exec("vectis", "suppression", "remove", "full@outside.test", "--yes")
    server.exec("vectis", "queue", "remove", state(kept)["queue_id"], "--yes")
    client.close()


def recipients(client, id):
    return {each["email"]: each for each in client.get(f"/messages/{id}")["recipients"]}


def ended(client, id, timeout=90):
    """The message once every recipient's story is at its end."""
    def over():
        answer = client.answer("GET", f"/messages/{id}")
        assert answer["status"] in (200, 503), answer
        if answer["status"] != 200:
            return None
        whole = answer["json"]["data"]
        return whole if all(each["status"] in ("delivered", "bounced", "expired", "suppressed", "canceled", "unknown") for each in whole["recipients"]) else None
    return wait_until(over, timeout, f"message {id} to end")
