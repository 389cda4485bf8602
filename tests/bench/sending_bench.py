"""Sending: how fast what programs send is accepted, handed over and told, and how soon one finds a message among a year of them.

Machines are shared and differ: beside each rate stands its aim, and what the same machine did in the same run without what is measured.
VECTIS_THROUGH says how many messages go through Postfix each way (20,000), VECTIS_HISTORY how many a year has (1,000,000)."""

import json
import os
import re
import statistics
import time

import build
import runner
from host import SOURCE
from machine import wait_until

api_bench = runner.load(SOURCE / "tests/bench/api_bench.py")
intake = runner.load(SOURCE / "tests/bench/intake_bench.py")
webhooks = runner.load(SOURCE / "tests/flow/webhooks_test.py")
api, mail = webhooks.api, webhooks.mail
API = api_bench.API

THROUGH = int(os.environ.get("VECTIS_THROUGH", "20000"))
HISTORY = int(os.environ.get("VECTIS_HISTORY", "1000000"))
ROUNDS = 4
AIM_ACCEPT, AIM_ACCEPT_P99, AIM_BATCH = 3000, 30, 8000      # a second, ms, messages a second
AIM_THROUGH = 0.95                                          # of what Postfix does by itself
AIM_LAG, AIM_DELIVERIES, LAG_RATE = 250, 1000, 200          # ms, a second, messages a second
AIM_SEARCH = 200                                            # ms
TEXT = "A line of the news that a program has for its readers.\n" * 18      # 1 kB
DAY = 86400
SINK, RECEIVER = "198.51.100.90", "198.51.100.91"
DATABASE = "/var/lib/vectis/api/vectis.db"


def message(server, **more):
    return {"from": {"email": mail.address(server, "alice")}, "to": [{"email": "reader@sink.test"}], "subject": "The news", "text": TEXT} | more


def days_from_now(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * DAY))


def test_messages_are_accepted_3000_times_a_second(lab):
    build.install(["wrk"])
    server = lab.vectis(fresh=True)
    tokens = [api_bench.key(server, f"bench {number}", "send") for number in range(20)]
    syncs = float(server.out("python3", "-c", SYNCS))
    one = message(server, send_at=days_from_now(20))
    hundred = {"messages": [one] * 100}
    print(f"\n{'accepted':<34}{'connections':>12}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'longest ms':>12}{'bad':>6}")
    rows = {}
    with Sink(lab):
        for name, path, body, connections, seconds in (
                ("GET /version", "/version", None, 32, 5), ("POST /send, for later", "/send", one, 32, 10),
                ("POST /send, for later", "/send", one, 1, 5), ("POST /send, goes out meanwhile", "/send", message(server), 32, 5),
                ("POST /send/batch of 100, for later", "/send/batch", hundred, 8, 10)):
            before = accepted(server)
            row = rows[name, connections] = api_bench.load(server, API + path, tokens, connections, seconds, body)
            print(f"{name:<34}{connections:>12}{row['rate']:>10.0f}{row['p50']:>9.2f}{row['p99']:>9.2f}{row['max']:>12.1f}{row['bad']:>6}",
                  flush=True)
            answered = row["rate"] * seconds * (0 if body is None else len(body.get("messages", [body])))
            assert accepted(server) - before >= 0.98 * answered, "what was answered is not there"
            drop_waiting(server)
    many, batches = rows["POST /send, for later", 32], rows["POST /send/batch of 100, for later", 8]
    print(f"a message each: {many['rate'] / AIM_ACCEPT:.2f} of {AIM_ACCEPT} a second, p99 {many['p99'] / AIM_ACCEPT_P99:.2f} of "
          f"{AIM_ACCEPT_P99} ms, {many['rate'] / rows['GET /version', 32]['rate']:.2f} of what HTTP alone does, {many['rate'] / syncs:.2f} "
          f"for each of {syncs:.0f} write-and-fdatasync a second\n"
          f"batches: {100 * batches['rate']:.0f} messages a second, {100 * batches['rate'] / AIM_BATCH:.2f} of {AIM_BATCH}")
    assert not any(row["bad"] for row in rows.values()), rows


# How often a second a page is written and synced there, one after the other.
SYNCS = r"""
import os, time
file = os.open("/var/lib/vectis/sync-test", os.O_RDWR | os.O_CREAT, 0o600)
page, count, start = bytes(4096), 0, time.monotonic()
while time.monotonic() < start + 3:
    os.pwrite(file, page, count % 256 * 4096)
    os.fdatasync(file)
    count += 1
os.unlink("/var/lib/vectis/sync-test")
print(count / (time.monotonic() - start))
"""


def accepted(server):
    return api.rows(server, "select count(*) as number from messages")[0]["number"]


def drop_waiting(server):
    """Whatever has not been handed to Postfix yet never is."""
    server.exec("systemctl", "stop", *api.UNITS)
    server.exec("runuser", "-u", "vectis", "--", "sqlite3", DATABASE, "update recipients set status = 'canceled' where status = 'queued'")
    server.exec("systemctl", "start", *api.UNITS)
    server.wait("curl", "-sf", f"{API}/health", what="the API")


def test_messages_go_through_postfix_as_fast_as_postfix_lets_them(lab):
    server = mail.configured(lab)
    token = api_bench.key(server, "through", "send")
    main_cf = "/var/lib/vectis/current/postfix/main.cf"
    with Sink(lab) as sink:
        rows = [("with Rspamd, which signs", *alternate(server, sink, token))]
        before = server.read(main_cf)
        intake.set_parameter(server, main_cf, "smtpd_milters", "")
        server.exec("systemctl", "reload", server.postfix)
        rows.append(("without Rspamd", *alternate(server, sink, token)))
        server.write(main_cf, before)
        server.exec("systemctl", "reload", server.postfix)
    print(f"\n{'through Postfix to a sink':<28}{'sessions':>10}{'smtp-source':>13}{'API':>8}{'ratio':>8}   ratios of {ROUNDS} rounds of "
          f"{THROUGH // ROUNDS}; aim {AIM_THROUGH}")
    for what, sessions, theirs, ours in rows:
        ratios = sorted(one / other for one, other in zip(ours, theirs))
        print(f"{what:<28}{sessions:>10}{statistics.median(theirs):>13.0f}{statistics.median(ours):>8.0f}{statistics.median(ratios):>8.2f}   "
              + " ".join(f"{ratio:.2f}" for ratio in ratios), flush=True)


def alternate(server, sink, token):
    """The best number of smtp-source's sessions; messages a second of smtp-source, while the API does not run, and of the API."""
    count = THROUGH // ROUNDS
    server.write("/root/message", mail.note(mail.address(server, "alice"), "reader@sink.test", "The news", TEXT).as_bytes().replace(b"\r\n", b"\n"))
    rates = ([], [])
    stop(server)
    tried = {sessions: by_source(server, sink, sessions, 1000) for sessions in (4, 8, 16, 32)}
    print("\nsmtp-source's sessions: " + ", ".join(f"{sessions}: {rate:.0f} a second" for sessions, rate in tried.items()), flush=True)
    sessions = max(tried, key=tried.get)
    for _ in range(ROUNDS):
        stop(server)
        rates[0].append(by_source(server, sink, sessions, count))
        start(server, sink, token)
        rates[1].append(by_api(server, sink, token, count))
    return sessions, *rates


def stop(server):
    server.exec("systemctl", "stop", *api.UNITS)


def start(server, sink, token):
    """Returns once it has read what Postfix's log said meanwhile."""
    server.exec("systemctl", "start", *api.UNITS)
    server.wait("curl", "-sf", f"{API}/health", what="the API")
    by_api(server, sink, token, 1)


def by_source(server, sink, sessions, count):
    """The same way in that the API has."""
    return sink.rate(count, lambda: server.exec(
        "smtp-source", "-d", "-s", sessions, "-m", count, "-M", "localhost", "-f", mail.address(server, "alice"), "-t", "reader@sink.test",
        "-F", "/root/message", "unix:/var/spool/postfix/public/vectis-submit"))


def by_api(server, sink, token, count):
    return sink.rate(count, lambda: feed(server, token, message(server), count))


def feed(server, token, one, count, batch=100, every=0):
    server.exec("python3", "-c", FEED, input=json.dumps([token, one, count, batch, every]))


# Sends so many messages in batches, one every so many seconds.
FEED = r"""
import http.client, json, sys, time
token, one, count, batch, every = json.load(sys.stdin)
api = http.client.HTTPConnection("127.0.0.1", 8800)
begun = time.monotonic()
for number in range(0, count, batch):
    api.request("POST", "/api/v1/send/batch", json.dumps({"messages": [one] * min(batch, count - number)}),
                {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    answer = api.getresponse()
    text = answer.read()
    assert answer.status == 202, text
    time.sleep(max(0, begun + (number / batch + 1) * every - time.monotonic()))
"""


def serve(lab, name, *command):
    """Runs a server on the outside machine; /var/lib/NAME has what it says."""
    lab.outside.exec("systemd-run", "--collect", f"--unit={name}", "-p", f"StandardOutput=truncate:/var/lib/{name}", *command)


class Sink:
    """A mail server of the outside machine's for sink.test that takes all and keeps nothing."""

    def __init__(self, lab):
        self.lab, self.said = lab, lab.outside.root / "var/lib/sink"

    def __enter__(self):
        if not self.lab.dns.holds("sink.test"):
            self.lab.dns.add_zone("sink.test")
        self.lab.dns.set_all({("sink.test", "MX"): ["10 mx.sink.test."], ("mx.sink.test", "A"): [SINK]})
        serve(self.lab, "sink", "smtp-sink", "-u", "nobody", "-c", f"{SINK}:25", "512")
        return self

    def __exit__(self, *_):
        self.lab.outside.exec("systemctl", "stop", "sink")

    def taken(self):
        with open(self.said, "rb") as said:
            said.seek(max(0, self.said.stat().st_size - 200))
            return int(([b"0"] + re.findall(rb"mesg=(\d+)\r", said.read()))[-1])

    def rate(self, count, send):
        """Messages a second until it has taken so many."""
        wanted, begun = self.taken() + count, time.monotonic()
        send()
        while self.taken() < wanted:
            assert time.monotonic() < begun + 1200, f"{wanted - self.taken()} of {count} messages did not come"
            time.sleep(0.02)
        return count / (time.monotonic() - begun)


def test_an_event_is_told_at_once(lab):
    server = webhooks.ready(lab)
    client = api.Api(lab, server, webhooks.SCOPES)
    token = api_bench.key(server, "told", "send")
    lab.dns.set("fast.outside.test", "A", [RECEIVER])
    serve(lab, "receiver", "node", "-e", FAST_RECEIVER, RECEIVER)
    try:
        lab.outside.wait("curl", "-sf", f"http://{RECEIVER}/")
        hook = webhooks.Hook(client, lab, "http://fast.outside.test/one", events=["message.delivered"])
        with Sink(lab):
            feed(server, token, message(server), 20, 20)    # what is new to all of them
            heard(lab, server, hook, 20)
            count = 30 * LAG_RATE
            begun = time.monotonic()
            feed(server, token, message(server), count, 20, 20 / LAG_RATE)
            took = time.monotonic() - begun
            rows = heard(lab, server, hook, count, before=20)
        logged = logged_times(server)
        lags = sorted(at - logged[queue_id] for at, queue_id, _ in rows)
        p50, p99 = (lags[int(len(lags) * share)] for share in (0.5, 0.99))
        print(f"\nfrom Postfix's line to the webhook, {count / took:.0f} messages a second accepted, {rate(rows):.0f} told: p50 {p50:.0f} ms, "
              f"p99 {p99:.0f} ms, longest {lags[-1]:.0f} ms: {p99 / AIM_LAG:.2f} of {AIM_LAG} ms", flush=True)
        assert lags[0] > -2, "the clocks differ"
        hook.remove()

        # All that has happened, told to one that is new.
        hook = webhooks.Hook(client, lab, "http://fast.outside.test/all")
        replayed = client.post(f"/webhooks/{hook.id}/replay", {"since": "2026-01-01T00:00:00.000Z"}, 200)["replayed"]
        rows = heard(lab, server, hook, replayed)
        print(f"{replayed} deliveries to a fast receiver: {rate(rows):.0f} a second, {rate(rows) / AIM_DELIVERIES:.2f} of {AIM_DELIVERIES}",
              flush=True)
        hook.remove()
    finally:
        lab.outside.exec("systemctl", "stop", "receiver")
    client.close()


# Notes when the head of each POST came, and which event it was; a GET gives the notes, and they begin anew.
FAST_RECEIVER = r"""
let rows = [];
require("http").createServer((request, response) => {
  const at = performance.timeOrigin + performance.now(), parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    if (request.method === "GET") {
      response.end(JSON.stringify(rows));
      rows = [];
      return;
    }
    const event = JSON.parse(Buffer.concat(parts));
    rows.push([at, event.data.queue_id, event.id]);
    response.end();
  });
}).listen(80, process.argv[1]);
"""


def heard(lab, server, hook, count, before=0):
    """What the receiver was told, each event once, when that is so many beside those before."""
    done = f"select count(*) as number from webhook_deliveries where webhook = '{hook.id}' and status = 'delivered'"
    wait_until(lambda: api.rows(server, done)[0]["number"] >= before + count, 600, f"{count} deliveries")
    rows = {id: (at, queue_id, id) for at, queue_id, id in json.loads(lab.outside.out("curl", "-sf", f"http://{RECEIVER}/"))}
    assert len(rows) == count, (len(rows), count)
    return sorted(rows.values())


def rate(rows):
    return (len(rows) - 1) / (rows[-1][0] - rows[0][0]) * 1000


def logged_times(server):
    """{queue id: ms} of what Postfix said was sent to the sink."""
    server.exec("journalctl", "--sync")
    lines = server.out("journalctl", "-q", "-o", "json", "--no-pager", "-t", "postfix/smtp", "-g", "to=<reader@sink.test>.*status=sent",
                       "--output-fields=MESSAGE,_SOURCE_REALTIME_TIMESTAMP")
    rows = [json.loads(line) for line in lines.splitlines()]
    return {row["MESSAGE"].partition(":")[0]: int(row.get("_SOURCE_REALTIME_TIMESTAMP") or row["__REALTIME_TIMESTAMP"]) / 1000 for row in rows}


def test_a_year_of_messages_is_searched_at_once(lab):
    server = lab.vectis(fresh=True)
    server.exec("vectis", "domain", "add", "small.test")
    server.exec("vectis", "config", "set", "retention.messages", "forever")
    server.exec("vectis", "apply", "--yes")
    token = api_bench.key(server, "history", "messages:read,analytics:read")
    server.exec("systemctl", "restart", "vectis-api.service")
    server.wait("curl", "-sf", f"{API}/health", what="the API")
    empty = api_bench.resident(server)
    begun = time.monotonic()
    fill(server)
    filled = time.monotonic() - begun
    size = int(server.out("stat", "-c", "%s", DATABASE))
    fill_counts(server)
    more = int(server.out("stat", "-c", "%s", DATABASE)) - size
    print(f"\n{HISTORY} messages and {4 * HISTORY} events of a year (VECTIS_HISTORY), written by SQL in {filled:.0f} s: {size / 1e6:.0f} MB, "
          f"{size / HISTORY:.0f} bytes a message; and {more / 1e6:.0f} MB of figures by the day and by the hour")
    started = time.monotonic()
    server.exec("systemctl", "start", *api.UNITS)
    server.wait("curl", "-sf", f"{API}/health", what="the API")
    print(f"it answers {time.monotonic() - started:.1f} s after its start")
    middle = api.rows(server, f"select id, created_at from messages where seq = {HISTORY // 2}")[0]
    year = f"since={days_from_now(-364)}"
    asked = {"the newest": "/messages?limit=50", "by recipient": "/messages?recipient=reader77@sink.test",
             "by a recipient who is none": "/messages?recipient=nobody@sink.test", "by a rare word of the subject": "/messages?subject=needle",
             "by a word that is in each": "/messages?subject=order", "by the start of that word": "/messages?subject=or",
             "by a tag of one in 20": "/messages?tag=tag7", "by a rare tag": "/messages?tag=rare",
             "delivered": "/messages?status=delivered", "bounced": "/messages?status=bounced", "deferred": "/messages?status=deferred",
             "bounced with a tag": "/messages?status=bounced&tag=tag7", "of a small domain": "/messages?domain=small.test",
             "of a small domain by that word": "/messages?domain=small.test&subject=order",
             "before the middle": f"/messages?until={middle['created_at']}", "a message": f"/messages/{middle['id']}",
             "its events": f"/messages/{middle['id']}/events"}
    counted = {"analytics of the year": f"/analytics?{year}", "the same by tag": f"/analytics?by=tag&{year}",
               "the same by provider": f"/analytics?by=provider&{year}",
               "analytics of a month by the hour": f"/analytics?granularity=hour&since={days_from_now(-30)}"}
    told, memory = {}, []
    for questions in (asked, counted):
        told |= json.loads(server.out("python3", "-c", ASK, input=json.dumps([token, questions, 7]), timeout=3600))
        memory.append(api_bench.resident(server))
    print(f"{'ms':<34}{'first':>9}{'median':>9}{'of ' + str(AIM_SEARCH):>9}{'rows':>7}")
    for name, (times, rows) in told.items():
        print(f"{name:<34}{times[0]:>9.1f}{statistics.median(times):>9.1f}{statistics.median(times) / AIM_SEARCH:>9.2f}{rows:>7}", flush=True)
    print(f"memory (PSS) of vectis serve: {empty:.1f} MB without a message, {memory[0]:.1f} MB after the searches, "
          f"{memory[1]:.1f} MB after the figures")
    found = {name: rows for name, (_, rows) in told.items()}
    per_page = min(50, HISTORY)
    assert found["by recipient"] == 20 and found["by a recipient who is none"] == found["deferred"] == 0, found
    assert found["by a rare word of the subject"] == min(50, HISTORY // 10_000) and found["by a rare tag"] == min(50, HISTORY // 10_000), found
    assert all(found[name] == per_page for name in ("the newest", "by a word that is in each", "delivered", "bounced")), found
    assert found["its events"] == 4 and found["a message"] == 1, found


def fill(server):
    """A year of messages, each with a recipient and four events."""
    stop(server)
    steps = max(1, HISTORY // 100_000)
    script = "pragma foreign_keys = off;\n" + "".join(
        "begin;\n" + FILL.format(first=HISTORY * step // steps + 1, last=HISTORY * (step + 1) // steps, all=HISTORY) + "commit;\n"
        for step in range(steps))
    write_rows(server, script)


def fill_counts(server):
    """What is counted of them."""
    write_rows(server, COUNTS)


def write_rows(server, script):
    server.exec("runuser", "-u", "vectis", "--", "sqlite3", "-bail", DATABASE, input=script + "pragma wal_checkpoint(truncate);\n", timeout=7200)


# Messages number {first} to {last} of {all}; one in a hundred bounces, one in ten thousand is rare.
FILL = r"""
create temp table if not exists rows (n integer primary key, ms integer, at text, id text);
delete from rows;
insert into rows (n, ms)
    select value, (unixepoch() - 365 * 86400) * 1000 + value * (365 * 86400 * 1000 / {all}) from generate_series({first}, {last});
update rows set at = strftime('%Y-%m-%dT%H:%M:%fZ', ms / 1000.0, 'unixepoch'),
    id = printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, n);
insert into messages (id, domain, sent_by, sender, subject, message_id, tags, metadata, size, created_at, seq)
    select id, iif(n % 10000 = 1, 'small.test', 'example.test'), 'shop', 'shop@example.test',
        printf('Your order %d of word%d', n, n * 7919 % 5000) || iif(n % 10000 = 0, ' needle', ''), id || '@example.test',
        iif(n % 10000 = 0, '["rare"]', printf('["tag%d"]', n % 20)), '{{"order":"' || n || '"}}', 1500, at, n from rows;
insert into message_subjects (rowid, subject) select seq, subject from messages where seq between {first} and {last};
insert into message_tags (tag, message) select iif(n % 10000 = 0, 'rare', printf('tag%d', n % 20)), id from rows;
insert into recipients (message, address, status, queue_id, due_at, code, answer, relay, updated_at)
    select id, printf('reader%d@sink.test', n % ({all} / 20)), iif(n % 100 = 7, 'bounced', 'delivered'), printf('4jbk%010d', n), at,
        iif(n % 100 = 7, '5.1.1', '2.0.0'), '250 2.0.0 Ok: queued as 4jbkgl59rSz8sg', 'mx.sink.test[198.51.100.90]:25', at from rows;
insert into events (id, at, type, domain, message, recipient, data)
    select printf('%08x-%04x-7%03d-9000-%012x', ms >> 16, ms & 65535, k.value, n), at,
        case k.value when 0 then 'message.queued' when 1 then 'message.sent' when 2 then 'message.deferred'
            else iif(n % 100 = 7, 'message.bounced', 'message.delivered') end,
        iif(n % 10000 = 1, 'small.test', 'example.test'), id, printf('reader%d@sink.test', n % ({all} / 20)),
        iif(k.value = 0, '{{}}', printf('{{"queue_id":"4jbk%010d","code":"2.0.0","answer":"250 2.0.0 Ok: queued as 4jbkgl59rSz8sg",'
            || '"relay":"mx.sink.test[198.51.100.90]:25","provider":"sink.test"}}', n))
    from rows, generate_series(0, 3) as k order by n, k.value;
"""

# By the day of a year and by the hour of a quarter: all, 30 providers and 21 tags, each with 7 figures and the times of 12 steps, or 4.
COUNTS = r"""
create temp table kinds (kind text, name text);
insert into kinds select 'all', '' union all select 'provider', printf('provider%d.test', value) from generate_series(1, 30)
    union all select 'tag', printf('tag%d', value) from generate_series(0, 19) union all select 'tag', 'rare';
create temp table figures (what text);
insert into figures values ('queued'), ('sent'), ('deferred'), ('delivered'), ('bounced'), ('bounced.hard'), ('bytes');
insert into figures select printf('within.%02d', value) from generate_series(30, 41);
create temp table spans (span text, at text);
insert into spans select 'day', strftime('%Y-%m-%dT00:00:00.000Z', unixepoch() - value * 86400, 'unixepoch') from generate_series(0, 364)
    union all select 'hour', strftime('%Y-%m-%dT%H:00:00.000Z', unixepoch() - value * 3600, 'unixepoch') from generate_series(0, 2159);
insert into counts (span, at, domain, kind, name, what, number)
    select span, at, 'example.test', kind, name, what, 100 from spans, kinds, figures
    where span = 'day' or what < 'within.34' order by span, kind, name, at, what;
"""

# Milliseconds of each question, asked so often, and how many rows came.
ASK = r"""
import http.client, json, sys, time
token, asked, rounds = json.load(sys.stdin)
api = http.client.HTTPConnection("127.0.0.1", 8800, timeout=600)
told = {}
for name, path in asked.items():
    times = []
    for _ in range(rounds):
        start = time.monotonic()
        api.request("GET", "/api/v1" + path, headers={"Authorization": "Bearer " + token})
        answer = api.getresponse()
        text = answer.read()
        times.append((time.monotonic() - start) * 1000)
        assert answer.status == 200, text
    data = json.loads(text)["data"]
    told[name] = [times, len(data) if isinstance(data, list) else 1]
print(json.dumps(told))
"""
