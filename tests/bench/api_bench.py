"""The API with 100,000 mailboxes: one of them read over kept connections, its pages, its memory, and how soon a new mailbox can
log in. wrk runs on the host in the server's network. Beside each rate stands that of GET /version over the same connections,
which is what HTTP itself costs here, and that of nginx for a redirection of its own."""

import json
import re
import tempfile

import build
import runner
from host import SOURCE, run
from server import PASSWORD

mail = runner.load(SOURCE / "tests/flow/mail.py")
memory = runner.load(SOURCE / "tests/bench/memory_bench.py")

MAILBOXES = 100_000
API = "http://127.0.0.1:8800/api/v1"
AIM_RATE, AIM_P99, AIM_MEMORY, AIM_LOGIN = 5000, 30, 25, 50      # a second, ms, MB, ms

# Writes argv[1] mailboxes of bench.test as the supervisor would; prints the id of the one in the middle.
FILL = r"""
import sqlite3, sys, time, uuid
count = int(sys.argv[1])
database = sqlite3.connect("/var/lib/vectis/directory/directory.db")
at = "2026-11-26T00:00:00.000Z"
ids = [str(uuid.UUID(int=(1_795_000_000_000 + n) << 80 | 7 << 76 | 2 << 62 | n)) for n in range(count)]
with database:
    database.executemany("insert into mailboxes (id, address, domain, local_part, managed_by, created_at, updated_at) "
                         "values (?, ?, 'bench.test', ?, 'api', ?, ?)",
                         ((id, f"m{n}@bench.test", f"m{n}", at, at) for n, id in enumerate(ids)))
print(ids[count // 2])
"""


def test_one_of_100000_mailboxes_is_read_5000_times_a_second(lab):
    build.install(["wrk"])
    server = lab.vectis(fresh=True)
    server.reboot()
    server.exec("curl", "-sf", f"{API}/health")
    server.exec("sleep", "30")
    idle = resident(server)
    server.exec("vectis", "domain", "add", "bench.test")
    middle = server.out("python3", "-c", FILL, MAILBOXES, timeout=600)
    # A key has a limit of its own, which is not what is measured.
    tokens = [key(server, f"bench {number}", "mailboxes:read") for number in range(20)]
    token = tokens[0]
    paths = {"GET /mailboxes/{id}": f"{API}/mailboxes/{middle}", "GET /version": f"{API}/version",
             "nginx": f"http://{server.ip}/api/v1/version"}
    found = json.loads(server.out("curl", "-s", "-H", f"Authorization: Bearer {token}", paths["GET /mailboxes/{id}"]))
    assert found["data"]["address"] == f"m{MAILBOXES // 2}@bench.test", found
    print(f"\n{'':<24}{'connections':>12}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'longest ms':>12}{'bad':>6}")
    rows = {}
    for name, url in paths.items():
        for connections in (32, 256):
            row = rows[name, connections] = load(server, url, tokens, connections)
            print(f"{name:<24}{connections:>12}{row['rate']:>10.0f}{row['p50']:>9.2f}{row['p99']:>9.2f}{row['max']:>12.1f}{row['bad']:>6}", flush=True)
    loaded = resident(server)
    read = rows["GET /mailboxes/{id}", 32]
    print(f"32 connections: {read['rate'] / AIM_RATE:.2f} of {AIM_RATE} a second; p99 {read['p99'] / AIM_P99:.2f} of {AIM_P99} ms; "
          f"{read['rate'] / rows['GET /version', 32]['rate']:.2f} of what HTTP alone does")
    print(f"memory (PSS) {idle:.1f} MB idle, {loaded:.1f} MB after the load: {idle / AIM_MEMORY:.2f} of {AIM_MEMORY} MB")
    assert not any(row["bad"] for row in rows.values()), rows
    first, last = (listing(server, token, order) for order in ("asc", "desc"))
    deep = listing(server, token, "asc", after=MAILBOXES - 100)
    print(f"a page of 50: the first {first:.1f} ms, the first from the other end {last:.1f} ms, "
          f"after {MAILBOXES - 100} others {deep:.1f} ms: {deep / first:.2f} of the first")


def test_a_new_mailbox_logs_in_at_once(lab):
    server = lab.vectis()
    server.exec("vectis", "domain", "add", "login.test")
    hashed = server.out("vectis", "hash-password", "--password-stdin", input=PASSWORD + "\n")
    token = key(server, "login", "mailboxes:write")
    before = unit_changes(server)
    told = json.loads(server.out("python3", "-c", LOGIN, input=json.dumps([token, hashed, PASSWORD, 20])))
    middle = {name: sorted(values)[len(values) // 2] for name, values in told.items()}
    beside = max(0.0, middle["first"] - middle["again"])
    print(f"\nmade by POST in {middle['made']:.1f} ms; its first IMAP login {middle['first']:.1f} ms, the next {middle['again']:.1f} ms "
          f"(the password's hash is most of each): {(middle['made'] + beside) / AIM_LOGIN:.2f} of {AIM_LOGIN} ms")
    assert unit_changes(server) == before


def unit_changes(server):
    """What systemd has said of starting, stopping and reloading the mail's daemons since the boot."""
    return [server.out("journalctl", "-q", "-b", "-o", "cat", "--no-pager", "-t", "systemd", f"UNIT={unit}.service")
            for unit in ("dovecot", server.postfix.removesuffix(".service"), "rspamd")]


# Milliseconds until a mailbox is made, until it has logged in for the first time, and for a second login.
LOGIN = r"""
import http.client, imaplib, json, ssl, sys, time
token, hashed, password, rounds = json.load(sys.stdin)
told = {"made": [], "first": [], "again": []}
def login(user):
    start = time.monotonic()
    with imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=ssl._create_unverified_context()) as connection:
        connection.login(user, password)
        return (time.monotonic() - start) * 1000
for number in range(rounds):
    user = f"new{number}@login.test"
    start = time.monotonic()
    api = http.client.HTTPConnection("127.0.0.1", 8800)
    api.request("POST", "/api/v1/mailboxes", json.dumps({"address": user, "password_hash": hashed}),
                {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    answer = api.getresponse()
    assert answer.status == 201, answer.read()
    told["made"].append((time.monotonic() - start) * 1000)
    told["first"].append(login(user))
    told["again"].append(login(user))
print(json.dumps(told))
"""


def key(server, name, scope):
    return json.loads(server.out("vectis", "key", "add", name, "--scopes", scope, "--rate", "60000", "--json"))["token"]


# Each request shows the next of the keys.
WRK = """
local next_one = 0
function request()
  next_one = next_one % #tokens + 1
  return wrk.format(body and "POST" or "GET", nil, {["Authorization"] = "Bearer " .. tokens[next_one], ["Host"] = host,
                                                    ["Content-Type"] = body and "application/json"}, body)
end
"""


def load(server, url, tokens, connections, seconds=10, body=None):
    """What wrk says: requests a second (POST if there is a body), milliseconds, and how many answers were none or bad ones."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f'local host = "{server.hostname}"\nlocal tokens = {{{", ".join(repr(token) for token in tokens)}}}\n'
                     f'local body = {"nil" if body is None else f"[==[{json.dumps(body)}]==]"}\n{WRK}')
        script.flush()
        said = run("ip", "netns", "exec", server.netns, "wrk", "-t", min(2, connections), "-c", connections, "-d", f"{seconds}s", "--latency",
                   "--timeout", "10s", "-s", script.name, url).stdout
    units = {"us": 0.001, "ms": 1, "s": 1000}
    of = lambda pattern: (found := re.search(pattern, said)) and float(found[1]) * units[found[2]]
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return {"rate": float(re.search(r"Requests/sec: *([\d.]+)", said)[1]), "p50": of(r"50%\s+([\d.]+)(us|ms|s)"), "p99": of(r"99%\s+([\d.]+)(us|ms|s)"),
            "max": of(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)"), "bad": sum(map(int, errors.groups() if errors else ())) + int(bad[1] if bad else 0)}


def listing(server, token, order, after=0, rounds=20):
    """Milliseconds of a page of 50 by address, over one connection, in the middle; `after` so many others."""
    return float(server.out("python3", "-c", PAGES, input=json.dumps([token, order, after, rounds])))


PAGES = r"""
import http.client, json, sys, time, urllib.parse
token, order, after, rounds = json.load(sys.stdin)
api = http.client.HTTPConnection("127.0.0.1", 8800)
def page(limit, cursor):
    path = f"/api/v1/mailboxes?sort=address&order={order}&limit={limit}" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else "")
    api.request("GET", path, headers={"Authorization": "Bearer " + token})
    answer = api.getresponse()
    body = json.load(answer)
    assert answer.status == 200, body
    return body
cursor = None
while after > 0:
    cursor = page(min(after, 200), cursor)["meta"]["pagination"]["next_cursor"]
    after -= 200
times = []
for _ in range(rounds):
    start = time.monotonic()
    page(50, cursor)
    times.append((time.monotonic() - start) * 1000)
print(sorted(times)[rounds // 2])
"""


def resident(server):
    return memory.measure(server)["vectis-api.service"][1] / 1024
