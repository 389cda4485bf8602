"""What people send by a mail program is followed beside what programs send through the API."""

import collections
import json

import mail
from api import Api
from machine import wait_until


def test_mail_of_a_mailbox_is_a_message_whose_story_is_told_to_each_of_its_recipients(lab):
    home = "example.test"
    server = mail.configured(lab)
    client = Api(lab, server, "send,messages:read,suppressions:read,analytics:read,webhooks:read,webhooks:write")
    hooks = {origins: client.post("/webhooks", {"url": f"https://hooks.outside.test/{len(origins)}", "origins": list(origins)}, 201)["id"]
             for origins in (("api",), ("api", "submission"))}
    alice = mail.address(server, "alice")
    before = figures(client)
    earlier = {origin: ids(client, origin) for origin in ("submission", "api")}
    note = mail.note(f"Alice <{alice}>", "order@outside.test")
    recipients = ["order@outside.test", "refused@outside.test", "carl@elsewhere.test", f"info@{home}", f"bob@{home}"]
    taken = mail.call(lab.outside, "send", host=server.ip, port=587, user=alice, password=mail.PASSWORD, sender=alice,
                      recipient=recipients, content=mail.packed(note), source=mail.CLIENT_ADDRESS)
    assert taken["code"] == 250, taken
    assert mail.deliver(lab, server, f"bob@{home}")["code"] == 250, "port 25, which is not followed"
    id = note["Message-ID"].strip("<>")
    row = wait_until(lambda: next(iter(client.get(f"/messages?message_id={id}")), None), 30, "the message to be known")
    assert (row["origin"], row["sent_by"], row["sender"], row["domain"], row["subject"]) == ("submission", alice, alice, home, ""), row

    def over():
        whole = client.get(f"/messages/{row['id']}")
        return len(whole["recipients"]) == 5 and all(each["status"] in ("delivered", "bounced") for each in whole["recipients"]) and whole
    whole = wait_until(over, 60, "its end")
    states = {each["email"]: each for each in whole["recipients"]}
    assert {email: each["status"] for email, each in states.items()} == {
        "order@outside.test": "delivered", "refused@outside.test": "bounced", "carl@elsewhere.test": "delivered", alice: "delivered",
        f"bob@{home}": "delivered"}, states
    assert states[alice]["original_to"] == f"info@{home}" and states["order@outside.test"]["original_to"] is None, states
    assert states["refused@outside.test"]["code"] == "5.1.1" and "nobody of that name" in states["refused@outside.test"]["answer"], states
    story = collections.defaultdict(list)
    for event in client.get(f"/messages/{row['id']}/events"):
        story[event["recipient"]].append(event["type"])
    assert story["refused@outside.test"] == ["message.sent", "message.bounced"], story
    assert sum(map(len, story.values())) == 10, story
    told = server.out("vectis", "message", "story", row["id"])
    assert f"came from {alice} for {alice} (by info@{home})" in told and "refused it for refused@outside.test for good" in told, told
    # The bounce is the person's, and no message of theirs. What a program sends is not among it.
    mail.wait_for(lab, server, "alice", "Undelivered Mail Returned to Sender")
    sent = client.post("/send", {"from": {"email": alice}, "to": [{"email": "order@outside.test"}], "subject": "s", "text": "t"}, 202)
    assert ids(client, "submission") - earlier["submission"] == {row["id"]}
    assert ids(client, "api") - earlier["api"] == {sent["id"]}
    listed = json.loads(server.out("vectis", "message", "list", "--origin", "submission", "--json"))
    assert {each["id"] for each in listed} == ids(client, "submission"), listed
    assert client.status("GET", "/messages?origin=mail") == 422 and client.status("POST", f"/messages/{row['id']}/cancel") == 409

    assert client.get("/suppressions") == []
    wait_until(lambda: figures(client)["delivered"] == before["delivered"] + 5, 60, "the program's to be delivered, too")
    assert figures(client)["bounced"] == before["bounced"] + 1 and figures(client)["sent"] == before["sent"] + 6
    deliveries = {origins: client.get(f"/webhooks/{hook}/deliveries?limit=200") for origins, hook in hooks.items()}
    assert {each["message"] for each in deliveries[("api",)]} == {sent["id"]}, deliveries
    assert len([each for each in deliveries[("api", "submission")] if each["message"] == row["id"]]) == 10, deliveries

    # While it waits it is taken out of the queue there; the API's process was killed meanwhile.
    later = mail.note(alice, "full@outside.test")
    assert mail.submit(lab, server, "alice", "full@outside.test", later, port=465)["code"] == 250
    server.exec("systemctl", "kill", "--kill-whom=all", "--signal=KILL", "vectis-api.service", check=False)
    server.exec("systemctl", "start", "vectis-api.service")

    def waiting():
        answer = client.answer("GET", f"/messages?message_id={later['Message-ID'].strip('<>')}")
        found = answer["json"]["data"] if answer["status"] == 200 else []
        whole = client.get(f"/messages/{found[0]['id']}") if found else {"recipients": []}
        return whole if [each["status"] for each in whole["recipients"]] == ["deferred"] else None
    whole = wait_until(waiting, 60, "the message to be deferred")
    server.exec("vectis", "queue", "remove", whole["recipients"][0]["queue_id"], "--yes")
    wait_until(lambda: client.get(f"/messages/{whole['id']}")["recipients"][0]["status"] == "canceled", 30, "that to be known")
    client.close()


def ids(client, origin):
    return {each["id"] for each in client.get(f"/messages?origin={origin}&limit=200")}


def figures(client):
    [group] = client.get("/analytics")["groups"] or [{"figures": {}}]
    return collections.Counter(group["figures"])
