"""Webhooks: what happens to a message is told to whoever wants to know, in order, signed, at least once; never to an
address that is not the internet's; and whoever does not answer keeps nobody else from being told."""

import base64
import collections
import json
import random
import subprocess
import urllib.parse

import api
import mail
import node
from api import Api
from machine import wait_until

SCOPES = api.SCOPES + ",send,messages:read,webhooks:read,webhooks:write"
EVERYTHING_WELL = ["message.queued", "message.sent", "message.delivered"]


def ready(lab):
    """A server whose webhooks may reach the outside machine, which is at an address of the documentation's."""
    server = mail.configured(lab)
    lab.outside.serve_https("hook.outside.test")
    server.exec("vectis", "config", "set", "network.webhook_networks", "[198.51.100.0/24]")
    server.exec("vectis", "apply", "--yes")
    return server


class Hook:
    """A webhook at a path of its own, and what arrived there."""

    def __init__(self, client, lab, url=None, host="hook.outside.test", **wants):
        self.client, self.lab = client, lab
        self.path = f"/{random.randrange(10 ** 9)}"
        made = client.post("/webhooks", {"url": url or f"https://{host}{self.path}"} | wants, 201)
        self.id, self.secret = made["id"], made["secret"]

    def requests(self):
        return [row | {"json": json.loads(row["body"])} for row in self.lab.outside.http_requests(self.path)]

    def types(self, message):
        return [row["json"]["type"] for row in self.requests() if row["json"]["data"].get("id") == message]

    def get(self):
        return self.client.get(f"/webhooks/{self.id}")

    def deliveries(self, query=""):
        return self.client.get(f"/webhooks/{self.id}/deliveries?limit=200{query}")

    def remove(self):
        url = self.get()["url"]
        answer = self.client.answer("DELETE", f"/webhooks/{self.id}?confirm={urllib.parse.quote(url, safe='')}")
        assert answer["status"] == 200, answer


def verified(requests, *secrets):
    """By standardwebhooks and svix, with each of the secrets."""
    lines = "".join(json.dumps({"secrets": secrets, "headers": row["headers"], "body": base64.b64encode(row["body"]).decode()}) + "\n"
                    for row in requests)
    told = subprocess.run(["node", "verify_webhooks.mjs"], input=lines, text=True, capture_output=True, check=False,
                          cwd=node.installed("tests/client"))
    assert told.returncode == 0, told.stderr
    return int(told.stdout)


def send(client, server, to="order@outside.test", **more):
    body = {"from": {"email": mail.address(server, "alice")}, "to": [{"email": to}], "subject": "a", "text": "b"} | more
    return client.post("/send", body, 202)["id"]


def test_what_happens_to_a_message_is_told_in_order_and_signed(lab):
    server = ready(lab)
    client = Api(lab, server, SCOPES)
    everything = Hook(client, lab)
    bounces = Hook(client, lab, events=["message.bounced"], domain=mail.domain(server))
    good = send(client, server, tags=["order"], metadata={"order": "4711"}, subject="Grüße")
    bad = send(client, server, "refused@outside.test")
    wait_until(lambda: everything.types(good) == EVERYTHING_WELL, 60, "the story of a message")
    wait_until(lambda: len(bounces.requests()) == 1, 60, "the bounce")
    wait_until(lambda: everything.types(bad) == ["message.queued", "message.sent", "message.bounced"], 60, "the same by the other webhook")
    last = everything.requests()[[row["json"]["type"] for row in everything.requests()].index("message.delivered")]
    assert last["headers"]["webhook-id"] == last["json"]["id"] and last["json"]["version"] == "1", last
    data = last["json"]["data"]
    assert data["recipient"] == "order@outside.test" and data["domain"] == mail.domain(server) and data["subject"] == "Grüße", data
    assert data["tags"] == ["order"] and data["metadata"] == {"order": "4711"} and "250" in data["answer"], data
    [bounce] = bounces.requests()
    assert bounce["json"]["data"]["id"] == bad and bounce["json"]["data"]["code"] == "5.1.1", bounce
    assert verified(everything.requests(), everything.secret) >= 6 and verified(bounces.requests(), bounces.secret) == 1

    # While a secret takes the place of another both sign.
    rotated = client.post(f"/webhooks/{everything.id}/rotate-secret", None, 200)["secret"]
    assert rotated != everything.secret and "secret" not in everything.get()
    before = len(everything.requests())
    tested = client.post(f"/webhooks/{everything.id}/test", None, 202)
    wait_until(lambda: len(everything.requests()) > before, 30, "the test event")
    assert everything.requests()[-1]["json"]["type"] == "webhook.test"
    assert verified(everything.requests()[before:], everything.secret, rotated) == 1
    row = wait_until(lambda: (row := client.get(f"/webhook-deliveries/{tested['id']}"))["status"] == "delivered" and row, 30, "the row")
    assert row["code"] == 200 and len(row["attempts_log"]) == 1, row

    # The same event once more has the same id.
    [delivery] = bounces.deliveries()
    client.post(f"/webhook-deliveries/{delivery['id']}/replay", None, 200)
    wait_until(lambda: len(bounces.requests()) == 2, 30, "the bounce again")
    assert len({row["headers"]["webhook-id"] for row in bounces.requests()}) == 1
    everything.remove()
    bounces.remove()
    client.close()


def test_a_receiver_that_does_not_take_an_event_gets_it_again_and_keeps_nobody_waiting(lab):
    server = ready(lab)
    client = Api(lab, server, SCOPES)
    outside = lab.outside
    hooks = {}
    for name, answer in (("good", {}), ("broken", {"status": 500, "body": "out of order"}), ("slow", {"delay": 10}),
                         ("gone", {"status": 410}), ("moved", {"status": 302, "headers": {"Location": "https://hook.outside.test/other"}})):
        hooks[name] = Hook(client, lab)
        if answer:
            outside.http_answer(hooks[name].path, **answer)
    refusing = Hook(client, lab, "https://hook.outside.test:8443/nobody")
    outside.dns.set("inside.outside.test", "A", ["127.0.0.1"])
    hidden = {name: Hook(client, lab, url) for name, url in (
        ("own", "https://127.0.0.1:8443/"), ("private", "http://10.1.2.3:8443/"), ("mapped", "http://[::ffff:127.0.0.1]:8443/"),
        ("name", "http://inside.outside.test:8443/"))}
    # Counts what is sent to that port of any address but the outside machine's, whatever becomes of it.
    server.exec("nft", "-f", "-", input="table inet watch { chain out { type filter hook output priority 0;\n"
                "tcp dport 8443 ip daddr != 198.51.100.80 counter\ntcp dport 8443 meta nfproto ipv6 counter\n}\n}\n")
    ids = [send(client, server) for _ in range(5)]
    for one in ids:
        wait_until(lambda one=one: hooks["good"].types(one) == EVERYTHING_WELL, 60, "the story of a message")

    # What is wrong is told of each attempt, and a redirect is followed by nobody.
    wait_until(lambda: hooks["moved"].deliveries()[0]["code"] == 302, 30, "the redirect")
    assert outside.http_requests("/other") == []
    row = wait_until(lambda: (row := client.get(f"/webhook-deliveries/{hooks['broken'].deliveries()[0]['id']}"))["attempts"] >= 2 and row,
                     60, "another attempt")
    assert [each["code"] for each in row["attempts_log"][:2]] == [500, 500] and row["attempts_log"][0]["detail"] == "out of order", row
    wait_until(lambda: refusing.deliveries()[0]["fault"] == "connect", 30, "nobody to listen")
    for name, hook in hidden.items():
        fault = wait_until(lambda hook=hook: hook.deliveries()[0]["fault"], 60, f"the refusal of {name}")
        assert fault == "refused_address", (name, fault)
    assert server.out("nft", "list", "table", "inet", "watch").count("counter packets 0 bytes 0") == 2
    server.exec("curl", "-s", "--max-time", "2", "http://127.0.0.1:8443/", check=False)
    assert server.out("nft", "list", "table", "inet", "watch").count("counter packets 0 bytes 0") == 1 # it does count
    server.exec("nft", "delete", "table", "inet", "watch")

    # 410: it wants nothing any more, which another one is told.
    wait_until(lambda: not hooks["gone"].get()["enabled"], 30, "the webhook to be disabled")
    assert "410" in hooks["gone"].get()["disabled_because"], hooks["gone"].get()
    told = wait_until(lambda: [row["json"] for row in hooks["good"].requests() if row["json"]["type"] == "webhook.disabled"], 30, "the notice")
    assert told[0]["data"]["webhook"] == hooks["gone"].id, told
    assert {row["status"] for row in hooks["gone"].deliveries()} == {"dead"}

    # It works again: what it missed is told on demand, what failed comes by itself.
    outside.http_answer(hooks["gone"].path)
    outside.http_answer(hooks["broken"].path)
    assert client.answer("PATCH", f"/webhooks/{hooks['gone'].id}", {"enabled": True})["status"] == 200
    assert client.post(f"/webhooks/{hooks['gone'].id}/replay", {"since": "2026-01-01T00:00:00.000Z"}, 200)["replayed"] >= 15
    for one in ids:
        wait_until(lambda one=one: sorted(set(hooks["gone"].types(one))) == sorted(EVERYTHING_WELL), 60, "what it missed")
    for row in hooks["broken"].deliveries("&status=pending"):
        client.post(f"/webhook-deliveries/{row['id']}/replay", None, 200)
    for one in ids:
        wait_until(lambda one=one: set(hooks["broken"].types(one)) == set(EVERYTHING_WELL), 60, "what had failed")
    for hook in (*hooks.values(), refusing, *hidden.values()):
        hook.remove()
    client.close()


def test_a_name_that_leads_elsewhere_the_next_time_is_judged_each_time(lab):
    server = ready(lab)
    client = Api(lab, server, SCOPES)
    dns, name, good = lab.outside.dns, "rebind.outside.test", "198.51.100.80"
    lab.outside.serve_https(name)

    def lead_to(*addresses):
        dns.set_all({(name, "A"): [each for each in addresses if ":" not in each],
                     (name, "AAAA"): [each for each in addresses if ":" in each]}, ttl=0)
    # Counts what the courier sends to anybody but the receiver, other than questions to this host's resolver.
    courier = server.out("stat", "-c", "%u", "/proc/" + server.out("systemctl", "show", "-P", "MainPID", "vectis-webhooks.service"))
    server.exec("nft", "-f", "-", input="table inet watch { chain out { type filter hook output priority 0;\n"
                f"ip daddr 127.0.0.1 th dport 53 accept\nip daddr {good} accept\nmeta skuid {courier} counter\n}}\n}}\n")

    def sent_elsewhere():
        return "counter packets 0 bytes 0" not in server.out("nft", "list", "table", "inet", "watch")
    lead_to(good)
    hook = Hook(client, lab, host=name)
    one = send(client, server)
    wait_until(lambda: hook.types(one) == EVERYTHING_WELL, 60, "the story of a message")
    delivery = hook.deliveries()[0]["id"]

    def attempt():
        """What comes of delivering it once more."""
        before = len(client.get(f"/webhook-deliveries/{delivery}")["attempts_log"])
        client.post(f"/webhook-deliveries/{delivery}/replay", None, 200)
        log = wait_until(lambda: (log := client.get(f"/webhook-deliveries/{delivery}")["attempts_log"]) and len(log) > before and log,
                         30, "another attempt")
        assert log[-1]["code"] in (200, 302) or log[-1]["fault"] in ("refused_address", "dns"), log
        return log[-1]["code"] or log[-1]["fault"]
    # The resolver remembers for a second that there was no address of a kind.
    for closed in (["127.0.0.1"], ["10.1.2.3"], ["::1"], ["127.0.0.1", "10.1.2.3", "::1", server.ip, server.ip6]):
        lead_to(*closed)
        wait_until(lambda: attempt() == "refused_address", 30, f"the refusal of {closed}")
        before = len(hook.requests())
        assert attempt() == "refused_address" and len(hook.requests()) == before, closed
        # Among others, the good one alone is asked.
        lead_to(good, *closed)
        wait_until(lambda: attempt() == 200, 30, f"the good one beside {closed}")
    lead_to(good)
    for inside in ("http://10.1.2.3/", "https://127.0.0.1/"):
        lab.outside.http_answer(hook.path, status=302, headers={"Location": inside})
        wait_until(lambda: attempt() == 302, 30, "the redirect")
    lab.outside.http_answer(hook.path)

    # While it changes all the time whatever was asked for arrives in the end, and at no other place.
    ids = []
    for closed in 4 * ("127.0.0.1", "10.1.2.3", server.ip):
        ids.append(send(client, server))
        lead_to(closed)
        lead_to(good)
    assert client.post(f"/webhooks/{hook.id}/replay", {"since": "2026-01-01T00:00:00.000Z"}, 200)["replayed"] >= 3 * len(ids)
    for id in ids:
        wait_until(lambda id=id: set(hook.types(id)) == set(EVERYTHING_WELL), 60, "the story of a message")
    wait_until(lambda: not hook.deliveries("&status=pending"), 60, "the last delivery")
    seen = collections.Counter(row["fault"] or row["code"] for row in hook.deliveries())
    assert seen.keys() == {200}, seen
    assert not sent_elsewhere(), "the courier sent something to another address"
    server.exec("setpriv", f"--reuid={courier}", "--clear-groups", "curl", "-sk", "--max-time", "2", "https://127.0.0.1/", check=False)
    assert sent_elsewhere(), "it does not count"
    server.exec("nft", "delete", "table", "inet", "watch")
    hook.remove()
    client.close()


def test_with_everything_killed_each_event_arrives(lab):
    server = ready(lab)
    client = Api(lab, server, SCOPES)
    hook = Hook(client, lab)
    ids = []
    for unit in ("vectis-webhooks.service", "vectis-api.service", "vectis-webhooks.service", "vectis-api.service"):
        ids += [send(client, server) for _ in range(5)]
        server.exec("systemctl", "kill", "--kill-whom=all", "--signal=KILL", unit)
        wait_until(lambda: client.answer("GET", "/auth/me")["status"] == 200, 60, "the API")
    for one in ids:
        wait_until(lambda one=one: set(hook.types(one)) == set(EVERYTHING_WELL), 120, "the story of a message")
    by_event = collections.Counter(row["headers"]["webhook-id"] for row in hook.requests())
    assert verified(hook.requests(), hook.secret) == sum(by_event.values()) and len(by_event) >= 3 * len(ids)
    print(f"{len(by_event)} events, {sum(by_event.values()) - len(by_event)} repetitions after 4 kills")
    hook.remove()
    client.close()
