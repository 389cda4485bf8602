"""Administrators and owners of mailboxes log in as a browser does: by curl with its own cookie jar, through nginx. One-time
passwords are made here from RFC 6238, QR codes are read by zbar."""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import re
import struct
import time
import urllib.parse

import mail
from server import PASSWORD as MAILBOXS     # of alice and bob

PASSWORD = "a good password"
SOCKET = "/run/dovecot/auth-password"
BODY = json.dumps({"name": "made in a session", "scopes": ["keys:read"]})

# Answers the question of `vectis admin totp` as somebody with an authenticator would: prints all that it printed.
ANSWER = '''
import subprocess, sys
asked = subprocess.Popen(["vectis", "admin", "totp", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
lines = []
while not (lines and lines[-1].startswith("Secret ")):
    lines.append(asked.stdout.readline())
    assert lines[-1], lines
import base64, hashlib, hmac, struct, time
digest = hmac.digest(base64.b32decode(lines[-1].split()[1]), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
at = digest[-1] & 15
code = (struct.unpack(">I", digest[at:at + 4])[0] & 0x7fffffff) % 1000000
rest, _ = asked.communicate(f"{code:06}\\n")
sys.stdout.write("".join(lines) + rest)
sys.exit(asked.returncode)
'''


def test_a_session_is_begun_used_and_ended(lab):
    server = lab.vectis()
    anna = admin(server, "anna")
    jar = Jar(lab, server, "anna")
    assert jar.ask("POST", "/auth/login", {"email": anna, "password": "a bad password"})["status"] == 401
    assert jar.ask("GET", "/auth/me")["status"] == 401
    told = jar.ask("POST", "/auth/login", {"email": anna, "password": PASSWORD})
    assert told["status"] == 200, told
    cookie = told["fields"]["set-cookie"]
    assert re.fullmatch(r"__Host-vectis=[0-9a-f]{64}; Path=/; Secure; HttpOnly; SameSite=Strict", cookie), cookie
    token = told["json"]["data"]["csrf_token"]
    assert jar.ask("GET", "/auth/me")["json"]["data"]["name"] == anna
    assert jar.ask("POST", "/api-keys", json.loads(BODY))["status"] == 403
    assert jar.ask("POST", "/api-keys", json.loads(BODY), token)["status"] == 201
    # Another origin's form cannot send JSON, and knows no token; over HTTP the cookie does not travel at all.
    assert jar.ask("POST", "/api-keys", None, None, "-H", "Content-Type: text/plain", "--data", BODY)["status"] == 403
    row = json.loads(server.out("vectis", "audit", "list", "--actor", anna, "--limit", "1", "--json"))[0]
    assert (row["credential"], row["action"], row["address"]) == ("session", "api_key.create", lab.outside.ip), row
    sessions = jar.ask("GET", "/auth/sessions")["json"]["data"]
    assert [(each["current"], each["address"]) for each in sessions] == [(True, lab.outside.ip)], sessions
    server.exec("systemctl", "restart", "vectis-api.service")
    assert jar.ask("GET", "/auth/me")["status"] == 200, "a session outlives the process"
    assert jar.ask("POST", "/auth/logout", None, token)["status"] == 200
    assert jar.ask("GET", "/auth/me")["status"] == 401
    secret = cookie.partition("=")[2].partition(";")[0]
    kept = server.out("sh", "-ec", "journalctl -q --no-pager; cat /var/log/nginx/*; tr -c '[:print:]' '\\n' < /var/lib/vectis/api/vectis.db; "
                                   "tr -c '[:print:]' '\\n' < /var/lib/vectis/api/vectis.db-wal")
    assert anna in kept, "the database was not read"
    assert secret not in kept and PASSWORD not in kept


def test_guessing_ends_and_keeps_no_owner_out(lab):
    server = lab.vectis()
    bert = admin(server, "bert")
    assert Jar(lab, server, "bert").ask("POST", "/auth/login", {"email": bert, "password": PASSWORD})["status"] == 200
    assert [guess(server, bert, f"guess {number}")[0] for number in range(6)] == [401] * 5 + [429]
    assert guess(server, bert, PASSWORD)[0] == 429
    assert Jar(lab, server, "bert").ask("POST", "/auth/login", {"email": bert, "password": PASSWORD})["status"] == 200


def test_the_owner_of_a_mailbox_has_that_one_and_no_other(lab):
    server = mail.configured(lab)
    bob, zoe = mail.address(server, "bob"), mail.address(server, "zoe")
    server.exec("vectis", "mailbox", "add", zoe, "--password-stdin", input=MAILBOXS + "\n")
    ids = {each: json.loads(server.out("vectis", "mailbox", "show", each, "--json"))["id"] for each in (bob, zoe)}
    for owner, other in ((bob, zoe), (zoe, bob)):     # of config.yaml, and of the API
        jar, elsewhere = Jar(lab, server, "owner"), Jar(lab, server, "elsewhere")
        assert jar.ask("POST", "/auth/login", {"email": owner, "password": "a bad password"})["status"] == 401
        token = jar.login(owner.upper(), MAILBOXS)
        elsewhere.login(owner, MAILBOXS)
        me = jar.ask("GET", "/auth/me")["json"]["data"]
        assert (me["role"], me["name"], me["mailbox_id"], me["admin_id"]) == ("mailbox", owner, ids[owner], None), me
        own, foreign = f"/mailboxes/{ids[owner]}", f"/mailboxes/{ids[other]}"
        script = {"script": "keep;\n"}
        assert jar.ask("PUT", f"{own}/sieve/mine", script, token)["status"] == 200
        assert {"name": "mine", "active": False} in jar.ask("GET", f"{own}/sieve")["json"]["data"]
        assert jar.ask("DELETE", f"{own}/sieve/mine?confirm=mine", None, token)["status"] == 200
        assert jar.ask("GET", f"{own}/use")["status"] == 200
        made = jar.ask("POST", f"{own}/app-passwords", {"name": "phone", "protocols": ["imap"]}, token)
        assert made["status"] == 201, made
        phone = made["json"]["data"]["generated_password"]
        assert mail.login(lab, server, owner, phone)
        assert Jar(lab, server, "phone").ask("POST", "/auth/login", {"email": owner, "password": phone})["status"] == 401
        for method, path, body, status in (
                ("GET", foreign, None, 404), ("GET", f"{foreign}/sieve", None, 404), ("PUT", f"{foreign}/sieve/mine", script, 404),
                ("POST", f"{foreign}/app-passwords", {"name": "mine"}, 404), ("GET", "/mailboxes", None, 403),
                ("PATCH", own, {"quota": 0}, 403), ("POST", "/api-keys", json.loads(BODY), 403), ("GET", "/audit", None, 403),
                ("POST", "/auth/totp/setup", None, 403), ("POST", f"{own}/suspend", None, 403)):
            assert jar.ask(method, path, body, token)["status"] == status, (method, path)
        change = {"current": MAILBOXS, "password": PASSWORD}
        assert jar.ask("POST", "/auth/password", change | {"current": phone}, token)["status"] == 403
        assert jar.ask("POST", "/auth/password", change, token)["status"] == 200
        assert jar.ask("GET", "/auth/me")["status"] == 200
        assert elsewhere.ask("GET", "/auth/me")["status"] == 401
        assert mail.login(lab, server, owner, PASSWORD) and mail.login(lab, server, owner, phone)
        assert not mail.login(lab, server, owner, MAILBOXS)
        row = json.loads(server.out("vectis", "audit", "list", "--actor", owner, "--limit", "1", "--json"))[0]
        assert (row["action"], row["credential"], row["actor_id"], row["address"]) == (
            "mailbox.change_password", "session", None, lab.outside.ip), row
        assert server.exec("vectis", "plan", check=False).returncode == 0
        # Whatever else ends their way in ends the session.
        if owner == zoe:
            server.exec("vectis", "mailbox", "suspend", zoe)
        else:
            server.exec("vectis", "mailbox", "password", bob, "--password-stdin", input=MAILBOXS + "\n")
        assert jar.ask("GET", own)["status"] == 401
    assert Jar(lab, server, "zoe").ask("POST", "/auth/login", {"email": zoe, "password": PASSWORD})["status"] == 401
    kept = server.out("sh", "-ec", "journalctl -q --no-pager; cat /var/lib/vectis/api/vectis.db* | tr -c '[:print:]' '\\n'")
    assert zoe in kept and MAILBOXS not in kept and PASSWORD not in kept
    server.exec("vectis", "mailbox", "remove", zoe, "--yes")
    server.exec("vectis", "mailbox", "remove-app-password", bob, "--name", "phone", "--yes")


def test_guessing_at_a_mailbox_ends_and_keeps_its_owner_in(lab):
    server = lab.vectis()
    bob = mail.address(server, "bob")
    server.exec("systemctl", "restart", "vectis-api.service")     # which counts anew
    Jar(lab, server, "bob").login(bob, MAILBOXS)
    assert [guess(server, bob, f"guess {number}")[0] for number in range(6)] == [401] * 5 + [429]
    assert guess(server, bob, MAILBOXS)[0] == 429
    Jar(lab, server, "bob").login(bob, MAILBOXS)
    assert mail.login(lab, server, "bob"), "by IMAP nobody has guessed"


def test_neither_a_refusal_nor_its_time_says_whose_address_it_is(lab):
    server = lab.vectis()
    emil, bob = admin(server, "emil"), mail.address(server, "bob")
    server.exec("systemctl", "restart", "vectis-api.service")     # which counts anew
    for email in ("nobody@example.test", emil, bob, f"vectis-probe@{server.hostname}"):
        code, seconds = guess(server, email, "a bad password")
        assert code == 401 and seconds >= 3, (email, code, seconds)
    # Several at once, each by a connection of its own to Dovecot; more would be taken for guesses until they are answered.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda number: guess(server, bob, MAILBOXS), range(4)))
    assert {code for code, _ in told} == {200}, told
    # It cannot be asked, and only an administrator's good password needs it not.
    server.exec("chmod", "000", SOCKET)
    try:
        told = {(email, guess(server, email, password)[0]) for email, password in
                (("nobody@example.test", MAILBOXS), (emil, "a bad password"), (bob, MAILBOXS), (emil, PASSWORD))}
        assert told == {("nobody@example.test", 503), (emil, 503), (bob, 503), (emil, 200)}, told
    finally:
        server.exec("chmod", "600", SOCKET)
    assert guess(server, bob, MAILBOXS)[0] == 200


def test_a_second_factor_from_its_qr_code_to_its_recovery_codes(lab):
    server = lab.vectis()
    carla = admin(server, "carla")
    jar = Jar(lab, server, "carla")
    token = jar.ask("POST", "/auth/login", {"email": carla, "password": PASSWORD})["json"]["data"]["csrf_token"]
    begun = jar.ask("POST", "/auth/totp/setup", None, token)["json"]["data"]
    assert read_qr(lab, svg_rows(begun["svg"])) == begun["uri"]
    uri = urllib.parse.urlparse(begun["uri"])
    assert urllib.parse.unquote(uri.path) == f"/{server.hostname}:{carla}", uri
    secret = urllib.parse.parse_qs(uri.query)["secret"][0]
    codes = jar.ask("POST", "/auth/totp/verify", {"code": totp(secret)}, token)["json"]["data"]["recovery_codes"]

    def login(code=None):
        body = {"email": carla, "password": PASSWORD} | ({"code": code} if code else {})
        return Jar(lab, server, "new").ask("POST", "/auth/login", body)
    assert login()["json"]["code"] == "code_needed"
    assert login(totp(secret, 30))["status"] == 200
    assert login(totp(secret, 30))["status"] == 401, "a code is good once"
    assert login(codes[3])["status"] == 200
    assert login(codes[3])["status"] == 401
    server.exec("vectis", "admin", "remove-totp", carla)
    assert login()["status"] == 200


def test_the_terminal_shows_a_qr_code_too(lab):
    server = lab.vectis()
    dora = admin(server, "dora")
    refused = server.exec("vectis", "admin", "totp", dora, check=False, input="000000\n")
    assert refused.returncode == 1 and "/code" in refused.stderr, refused
    assert Jar(lab, server, "dora").ask("POST", "/auth/login", {"email": dora, "password": PASSWORD})["status"] == 200
    told = server.out("python3", "-c", ANSWER, dora)
    secret = re.search(r"^Secret  ([A-Z2-7]{32})$", told, re.MULTILINE).group(1)
    assert f"secret={secret}&" in read_qr(lab, terminal_rows(told))
    assert len(re.findall(r"^(?:\w{4}-){3}\w{4}$", told, re.MULTILINE)) == 10, told
    assert Jar(lab, server, "dora").ask("POST", "/auth/login", {"email": dora, "password": PASSWORD})["json"]["code"] == "code_needed"


class Jar:
    """curl on the outside machine, with the cookies of one browser."""

    def __init__(self, lab, server, name):
        self.lab, self.server, self.file = lab, server, f"/root/{name}-{time.monotonic_ns()}.jar"

    def ask(self, method, path, body=None, token=None, *options):
        """{status, fields, json}."""
        data = ("-H", "Content-Type: application/json", "--data", json.dumps(body)) if body is not None else ()
        csrf = ("-H", f"X-CSRF-Token: {token}") if token else ()
        told = self.lab.outside.out("curl", "-ksSi", "--http1.1", "-X", method, "-b", self.file, "-c", self.file, "--resolve",
                                    f"{self.server.hostname}:443:{self.server.ip}", *data, *csrf, *options,
                                    f"https://{self.server.hostname}/api/v1{path}")
        head, _, text = told.partition("\n\n")
        lines = head.splitlines()
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return {"status": int(lines[0].split()[1]), "fields": fields, "json": json.loads(text)}

    def login(self, email, password):
        """Logs in; the token for changes."""
        told = self.ask("POST", "/auth/login", {"email": email, "password": password})
        assert told["status"] == 200, told
        return told["json"]["data"]["csrf_token"]


def guess(server, email, password):
    """Tries to log in, on the host: from another address than all others. Status and seconds."""
    told = server.out("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "-H", "Content-Type: application/json",
                      "--data", json.dumps({"email": email, "password": password}), "http://127.0.0.1:8800/api/v1/auth/login")
    code, seconds = told.split()
    return int(code), float(seconds)


def admin(server, name):
    """An administrator who may do everything, made on the host."""
    email = f"{name}@example.test"
    server.exec("vectis", "admin", "add", email, "--role", "super_admin", "--password-stdin", input=PASSWORD + "\n")
    return email


def totp(secret, later=0):
    """RFC 6238, with the values that every authenticator has."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", (int(time.time()) + later) // 30), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def svg_rows(svg):
    """Rows of modules: '1' is dark."""
    size = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1))
    rows = [["0"] * size for _ in range(size)]
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg.rpartition("<path")[2]):
        for column in range(int(x), int(x) + int(width)):
            rows[int(y)][column] = "1"
    return rows


def terminal_rows(text):
    rows = []
    for line in re.findall(r"\x1b\[30;107m(.*?)\x1b\[0m", text):
        rows.append(["1" if letter in "█▀" else "0" for letter in line])
        rows.append(["1" if letter in "█▄" else "0" for letter in line])
    return rows


def read_qr(lab, rows, scale=4):
    lines = ["".join(module * scale for module in row) for row in rows for _ in range(scale)]
    lab.outside.write("/root/qr.pbm", f"P1\n{len(lines[0])} {len(lines)}\n" + "\n".join(" ".join(line) for line in lines) + "\n")
    return lab.outside.out("zbarimg", "-q", "--raw", "/root/qr.pbm").strip()
