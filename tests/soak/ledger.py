"""Sending under load while everything is killed and webhooks' receivers fail in every way. What was accepted, what became of it, what the
other side has and what was told are counted in the end, and agree. VECTIS_LEDGER_SECONDS says how long: 600 unless it is set."""

import collections
import itertools
import os
import pathlib
import random
import time

import runner
from machine import wait_until

FLOW = pathlib.Path(__file__).parents[1] / "flow"
sending = runner.load(FLOW / "sending_test.py")
webhooks = runner.load(FLOW / "webhooks_test.py")
api, mail = sending.api, sending.mail

SECONDS = int(os.environ.get("VECTIS_LEDGER_SECONDS", "600"))
RATE = 50           # messages a second
CLIENTS = 16
BETWEEN_KILLS = 20  # seconds
# One message in ten comes from this domain, whose events are those that the failing receivers are told of.
NEWS = "news.test"
# What an attempt comes to at each of them.
FAILING = {"slow": 200, "500": 500, "410": 410, "redirect": 302, "half": "protocol", "refused": "connect", "tls": "tls"}
OVER = "('delivered', 'bounced', 'expired', 'suppressed', 'canceled', 'unknown')"


def test_what_is_accepted_under_load_with_everything_killed_is_sent_and_told(lab):
    server = webhooks.ready(lab)
    server.exec("vectis", "domain", "add", NEWS)
    client = api.Api(lab, server, webhooks.SCOPES)
    good = webhooks.Hook(client, lab)
    hooks = failing(lab, client)
    killed = collections.Counter()
    turns = itertools.cycle(random.sample(sending.parts(server), 4))

    def kill(server):
        unit = next(turns)
        sending.kill(server, unit)
        killed[unit] += 1
    begun = time.monotonic()
    accepted = api.storm(server, kill, max(1, SECONDS // BETWEEN_KILLS), apart=BETWEEN_KILLS, path="/api/v1/send", bodies=bodies(server),
                         field="subject", name="ledger {}", clients=CLIENTS, every=CLIENTS / RATE)
    took = time.monotonic() - begun
    print(f"\n{len(accepted)} messages accepted in {took:.0f} s, {len(accepted) / took:.1f} a second; killed: {told(killed)}", flush=True)
    # What waits for its next attempt, which is minutes away, is not what is looked at here.
    server.exec("postqueue", "-f")
    until_none(server, f"recipients where status not in {OVER}", "every message to come to its end")
    print(f"all at their end {time.monotonic() - begun - took:.0f} s later", flush=True)

    messages_agree(lab, server, accepted, sum(killed.values()))
    events = api.rows(server, "select id, message, domain from events where type like 'message.%' order by seq")
    until_none(server, f"webhook_deliveries where status = 'pending' and webhook = '{good.id}'", "the good receiver to be told of all")
    print(f"the good receiver was told of all {time.monotonic() - begun - took:.0f} s after the last message", flush=True)
    came = arrivals(lab)
    in_order(came[good.path], events)
    tell_receivers("while they fail", server, came, {"good": good, **hooks})
    told_of_news = [event["id"] for event in events if event["domain"] == NEWS]
    for name, hook in hooks.items():
        attempts_came_to(server, name, hook)
        # Who said 410 is told of nothing more.
        if name != "410":
            there = {row["event"] for row in api.rows(server, f"select event from webhook_deliveries where webhook = '{hook.id}'")}
            assert there >= set(told_of_news), f"{name}: no delivery was made of {set(told_of_news) - there}"

    # They work again: all of it is told on demand.
    repair(lab, client, hooks)
    for name, hook in hooks.items():
        replayed = client.post(f"/webhooks/{hook.id}/replay", {"since": "2026-01-01T00:00:00.000Z"}, 200)["replayed"]
        assert replayed >= len(told_of_news), (name, replayed)
    until_none(server, "webhook_deliveries where status = 'pending'", "every receiver to be told of all")
    came = arrivals(lab)
    tell_receivers("when they work again", server, came, {"good": good, **hooks})
    for name, hook in hooks.items():
        missing = set(told_of_news) - came[hook.path].keys()
        assert not missing, f"{name} was never told of {len(missing)} of {len(told_of_news)} events"
    assert not api.rows(server, "select id from webhook_deliveries where status <> 'delivered'")
    client.close()


def bodies(server):
    """To the other side, to a mailbox here, and from the other domain to one who is there and one who is not."""
    common = {"from": {"email": mail.address(server, "alice")}, "text": "x"}
    return [common | {"to": [{"email": "ledger@outside.test"}]}] * 8 + [common | {"to": [{"email": mail.address(server, "bob")}]}] + [
        common | {"from": {"email": f"shop@{NEWS}"}, "to": [{"email": "ledger@outside.test"}, {"email": "refused@outside.test"}]}]


def failing(lab, client):
    """A webhook for each way to fail."""
    hosts = {"refused": "closed.outside.test", "tls": "untrusted.outside.test"}
    hooks = {name: webhooks.Hook(client, lab, host=hosts.get(name, "hook.outside.test"), domain=NEWS) for name in FAILING}
    # An address where nobody listens, and one where the certificate is another name's.
    lab.outside.dns.set(hosts["refused"], "A", ["198.51.100.82"])
    lab.outside.dns.set(hosts["tls"], "A", ["198.51.100.80"])
    for name, answer in {"slow": {"delay": 10}, "500": {"status": 500}, "410": {"status": 410}, "half": {"cut": True, "body": "half of it"},
                         "redirect": {"status": 302, "headers": {"Location": "https://hook.outside.test/other"}}}.items():
        lab.outside.http_answer(hooks[name].path, **answer)
    return hooks


def repair(lab, client, hooks):
    for name in ("closed.outside.test", "untrusted.outside.test"):
        lab.outside.serve_https(name)
    for hook in hooks.values():
        lab.outside.http_answer(hook.path)
    assert client.answer("PATCH", f"/webhooks/{hooks['410'].id}", {"enabled": True})["status"] == 200


def messages_agree(lab, server, accepted, kills):
    """What was accepted is there, nothing else is, and each recipient's end is what their side saw."""
    rows = api.rows(server, "select messages.id, subject, address, status from messages join recipients on message = messages.id "
                            "where subject like 'ledger %'")
    assert sorted({row["id"] for row in rows}) == sorted(each["id"] for each in accepted)
    copies = {address: mail.subjects(lab, address) for address in ("ledger@outside.test", "refused@outside.test")}
    copies[mail.address(server, "bob")] = collections.Counter(
        message["subject"] for folder in ("INBOX", "Junk")
        for message in mail.fetch(lab, server, "bob", folder, part="BODY.PEEK[HEADER.FIELDS (SUBJECT)]"))
    more = sum(max(0, copies[row["address"]][row["subject"]] - 1) for row in rows)
    print(f"recipients: {told(collections.Counter(row['status'] for row in rows))}; {more} copies too many after {kills} kills", flush=True)
    wrong = [row for row in rows if row["status"] != "unknown"
             and (copies[row["address"]][row["subject"]] > 0) != (row["status"] == "delivered")]
    assert not wrong, f"{len(wrong)} ended otherwise than the other side saw it: {wrong[:5]}"
    assert not any(row["status"] == "unknown" for row in rows), [row for row in rows if row["status"] == "unknown"][:5]
    assert more <= kills, f"{more} copies too many after {kills} kills"


def arrivals(lab):
    """{path: {event: how often it came}}, in the order in which each came first."""
    came = collections.defaultdict(collections.Counter)
    for row in lab.outside.http_requests():
        came[row["path"]][row["headers"].get("webhook-id")] += 1
    return came


def in_order(came, events):
    """Every event came, and those of one message in their order."""
    missing = [event["id"] for event in events if event["id"] not in came]
    assert not missing, f"{len(missing)} of {len(events)} events never came: {missing[:5]}"
    place = {id: number for number, id in enumerate(came)}
    last = {}
    late = []
    for event in events:
        if place[event["id"]] < last.get(event["message"], -1):
            late.append(event["id"])
        last[event["message"]] = place[event["id"]]
    print(f"events: {len(events)}, {sum(came.values()) - len(came)} repetitions at the good receiver, {len(late)} out of order", flush=True)
    assert not late, late[:5]


def attempts_came_to(server, name, hook):
    rows = api.rows(server, "select coalesce(a.fault, a.code) as end, count(*) as number from webhook_attempts as a join webhook_deliveries as d "
                            f"on d.id = a.delivery where webhook = '{hook.id}' group by 1")
    print(f"attempts at {name}: {told({row['end']: row['number'] for row in rows})}", flush=True)
    assert str(FAILING[name]) in {str(row["end"]) for row in rows}, (name, rows)


def tell_receivers(when, server, came, hooks):
    states = collections.defaultdict(collections.Counter)
    for row in api.rows(server, "select webhook, status, count(*) as number from webhook_deliveries group by 1, 2"):
        states[row["webhook"]][row["status"]] = row["number"]
    print(f"\n{'receivers ' + when:<34}{'delivered':>10}{'pending':>10}{'dead':>10}{'requests':>10}{'events':>10}{'repeated':>10}")
    for name, hook in hooks.items():
        state, seen = states[hook.id], came[hook.path]
        print(f"{name:<34}{state['delivered']:>10}{state['pending']:>10}{state['dead']:>10}{sum(seen.values()):>10}{len(seen):>10}"
              f"{sum(seen.values()) - len(seen):>10}", flush=True)


def until_none(server, what, words):
    wait_until(lambda: not api.rows(server, f"select 1 from {what} limit 1"), 300 + SECONDS, words)


def told(counts):
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items(), key=lambda each: -each[1]))
