"""Abuse: whoever sends as a stolen password or key does is held; nothing is lost, people are told, and one command lets it go."""

import json

import api
import mail
from api import Api
from machine import wait_until

SCOPES = api.SCOPES + ",send,messages:read,webhooks:read,webhooks:write"
ABUSE = {"abuse.recipients": 5, "abuse.spike": 2}


def test_a_mailbox_that_suddenly_sends_to_many_is_held_and_its_mail_goes_on_when_it_is_released(lab):
    server = watchful(lab)
    client = Api(lab, server, SCOPES)
    alice = mail.address(server, "alice")
    recipients = [f"spread{number}@outside.test" for number in range(6)]
    note = mail.note(alice, recipients[0])
    sent = mail.call(lab.outside, "send", host=server.ip, port=587, user=alice, password=mail.PASSWORD, sender=alice,
                     recipient=recipients, content=mail.packed(note), source=mail.CLIENT_ADDRESS)
    assert sent["code"] == 250, sent
    [hold] = wait_until(lambda: client.get("/holds"), 60, "the mailbox to be held")
    assert (hold["sender"], hold["kind"], hold["reason"], hold["held_by"]) == (alice, "mailbox", "spike", "vectis"), hold
    assert "6 recipients" in hold["detail"], hold
    # The owner, and the postmaster, who is alice here, are told.
    subject = f"Mail of {alice} is kept back"
    assert f"vectis hold release {alice}" in mail.wait_for(lab, server, "alice", subject).get_content()

    # What comes now is taken, and waits, whatever is restarted; nobody else's does.
    held = mail.note(alice, "order@outside.test")
    assert mail.submit(lab, server, "alice", "order@outside.test", held)["code"] == 250
    other = mail.note(mail.address(server, "bob"), "order@outside.test")
    assert mail.submit(lab, server, "bob", "order@outside.test", other)["code"] == 250
    mail.received(lab, "order@outside.test", other["Subject"])
    [waiting] = wait_until(lambda: [each for each in client.get("/queue") if each["queue"] == "hold"], 30, "its mail on hold")
    assert waiting["sender"] == alice, waiting
    server.exec("systemctl", "kill", "--kill-whom=all", "--signal=KILL", "vectis-api.service")
    server.exec("systemctl", "restart", server.postfix)
    wait_until(lambda: client.answer("GET", "/auth/me")["status"] == 200, 60, "the API")
    wait_until(lambda: [each["waiting"] for each in client.get("/holds")] == [1], 30, "what waits to be known")
    assert alice in server.out("vectis", "hold", "list")
    assert held["Subject"] not in [each["Subject"] for each in lab.outside.mailbox("order@outside.test")]

    server.exec("vectis", "hold", "release", alice)
    mail.received(lab, "order@outside.test", held["Subject"])
    wait_until(lambda: client.get("/holds") == [], 60, "the hold to end")
    id = held["Message-ID"].strip("<>")

    def followed():
        rows = client.get(f"/messages?message_id={id}")
        return rows and [each["status"] for each in client.get(f"/messages/{rows[0]['id']}")["recipients"]] == ["delivered"]
    wait_until(followed, 60, "what waited to be followed to its end")
    client.close()


def test_a_key_that_is_held_loses_nothing_and_what_waits_can_be_thrown_away(lab):
    server = watchful(lab)
    client = Api(lab, server, SCOPES)
    shop = Api(lab, server, "send,messages:read", name="shop")
    body = {"from": {"email": mail.address(server, "alice")}, "to": [{"email": "order@outside.test"}], "text": "x"}
    deferred = shop.post("/send", body | {"subject": "deferred", "to": [{"email": "full@outside.test"}]}, 202)["id"]

    def status(id):
        return client.get(f"/messages/{id}")["recipients"][0]["status"]
    wait_until(lambda: status(deferred) == "deferred", 60, "a message to wait at Postfix")
    hook = client.post("/webhooks", {"url": "https://hooks.outside.test/holds", "events": ["sender.held", "sender.released"]}, 201)["id"]
    server.exec("vectis", "hold", "add", "shop", "--detail", "the key was published")
    subjects = [f"held {number}" for number in range(3)]
    ids = [shop.post("/send", body | {"subject": subject}, 202) for subject in subjects]
    assert {each["status"] for each in ids} == {"held"}, ids
    ids = [each["id"] for each in ids]
    queue_id = client.get(f"/messages/{deferred}")["recipients"][0]["queue_id"]
    wait_until(lambda: [each["queue"] for each in client.get("/queue") if each["id"] == queue_id] == ["hold"], 30, "what Postfix had")
    assert sorted(each["id"] for each in client.get("/messages?status=held")) == sorted(ids)
    assert client.post("/send", body | {"subject": "somebody else's"}, 202)["status"] == "queued"
    mail.received(lab, "order@outside.test", "somebody else's")
    server.exec("systemctl", "kill", "--kill-whom=all", "--signal=KILL", "vectis-api.service")
    wait_until(lambda: client.answer("GET", "/auth/me")["status"] == 200, 60, "the API")
    assert {status(id) for id in ids} == {"held"}

    server.exec("vectis", "hold", "release", "shop")
    for subject in subjects:
        mail.received(lab, "order@outside.test", subject)
    wait_until(lambda: client.get("/holds") == [], 60, "the hold to end")
    told = [event["told"] for event in client.get(f"/messages/{ids[0]}/events")]
    assert told[1:3] == ["kept back for order@outside.test: the mail of shop is held", "no longer kept back for order@outside.test"], told
    assert [each["queue"] for each in client.get("/queue") if each["id"] == queue_id] == ["deferred"]

    server.exec("vectis", "hold", "add", "shop")
    lost = shop.post("/send", body | {"subject": "thrown away"}, 202)["id"]
    asked = server.exec("vectis", "hold", "discard", "shop", check=False)
    assert asked.returncode != 0 and "--yes" in asked.stderr, asked
    wait_until(lambda: [each["queue"] for each in client.get("/queue") if each["id"] == queue_id] == ["hold"], 30, "what Postfix had")
    server.exec("vectis", "hold", "discard", "shop", "--yes")
    wait_until(lambda: client.get("/holds") == [], 60, "the hold to end")
    wait_until(lambda: (status(lost), status(deferred)) == ("canceled", "canceled"), 60, "both to be canceled")
    assert [each for each in client.get("/queue") if each["id"] == queue_id] == []
    after = shop.post("/send", body | {"subject": "afterwards"}, 202)
    assert after["status"] == "queued"
    mail.received(lab, "order@outside.test", "afterwards")
    assert "thrown away" not in [each["Subject"] for each in lab.outside.mailbox("order@outside.test")]
    types = [each["type"] for each in client.get(f"/webhooks/{hook}/deliveries?limit=50")]
    assert sorted(types) == ["sender.held"] * 2 + ["sender.released"] * 2, types
    assert json.loads(server.out("vectis", "hold", "list", "--json")) == []
    client.close()
    shop.close()


def watchful(lab):
    """A server that judges whoever sends to more than a few."""
    server = mail.configured(lab)
    for key, value in ABUSE.items():
        server.exec("vectis", "config", "set", key, value)
    server.exec("vectis", "apply", "--yes")
    return server
