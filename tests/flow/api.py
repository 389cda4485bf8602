"""The REST API for the tests, as a client on the outside machine meets it."""

import json
import os
import pathlib
import random
import re
import subprocess
import time

from machine import wait_until

KILLS = int(os.environ.get("VECTIS_API_KILLS", "8"))
STORM = pathlib.Path(__file__).with_name("storm_client.py").read_text()

UNITS = ("vectis-api-admin.socket", "vectis-api-local.socket", "vectis-api-proxy.socket", "vectis-api-lmtp.socket",
         "vectis-api-policy.socket", "vectis-api.service")

SCOPES = ("config:read,config:write,operations:read,operations:write,audit:read,domains:read,domains:write,mailboxes:read,"
          "mailboxes:write")


def ask(lab, server, path, *options, wait=0):
    """Through nginx, from outside: {status, fields, json, text}."""
    if wait:
        lab.outside.exec("sleep", str(wait))
    told = lab.outside.out("curl", "-ksSi", "--http1.1", "--resolve", f"{server.hostname}:443:{server.ip}", *options,
                           f"https://{server.hostname}/api/v1{path}")
    head, _, body = told.partition("\n\n")
    lines = head.splitlines()
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    is_json = re.search(r"\bjson\b", fields.get("content-type", ""))
    return {"status": int(lines[0].split()[1]), "fields": fields, "json": json.loads(body) if is_json else None, "text": body}


class Api:
    """The API from outside, with a key of its own."""

    def __init__(self, lab, server, scopes=SCOPES, *options, name="test"):
        self.lab, self.server, self.name = lab, server, name
        server.exec("vectis", "key", "remove", name, "--yes", check=False)
        made = json.loads(server.out("vectis", "key", "add", name, "--scopes", scopes, "--rate", "10000", *options, "--json"))
        self.bearer = ("-H", f"Authorization: Bearer {made['token']}")

    def close(self):
        self.server.exec("vectis", "key", "remove", self.name, "--yes")

    def get(self, path):
        answer = self.answer("GET", path)
        assert answer["status"] == 200, answer
        return answer["json"]["data"]

    def post(self, path, body, status):
        answer = self.answer("POST", path, body)
        assert answer["status"] == status, answer
        return answer["json"]["data"]

    def put(self, path, body):
        answer = self.answer("PUT", path, body)
        assert answer["status"] == 200, answer
        return answer["json"]["data"]

    def answer(self, method, path, body=None):
        options = () if body is None else ("-H", "Content-Type: application/json", "-d", json.dumps(body))
        return ask(self.lab, self.server, path, "-X", method, *self.bearer, *options)

    def status(self, method, path):
        return self.answer(method, path)["status"]

    def ended(self, operation):
        def over():
            # While the API is being started again, nginx says so.
            answer = self.answer("GET", f"/operations/{operation['id']}")
            assert answer["status"] in (200, 503), answer
            return answer["status"] == 200 and answer["json"]["data"]["status"] != "running" and answer["json"]["data"]
        return wait_until(over, 180, f"operation {operation['kind']} to end")


def storm(server, kill, kills=KILLS, apart=0, **request):
    """What storm_client.py's clients were answered while kill(server) is called so often, each time after some answers, so that a
    slow server gets on, too, and after so many seconds."""
    server.write("/root/storm_client.py", STORM)
    answers = []
    with server.spawn("python3", "/root/storm_client.py", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:
        try:
            clients.stdin.write(json.dumps(request) + "\n")
            clients.stdin.flush()
            for _ in range(kills):
                enough, until = len(answers) + random.randint(1, 12), time.monotonic() + apart
                while len(answers) < enough or time.monotonic() < until:
                    line = clients.stdout.readline()
                    assert line, "the clients failed: see above"
                    answers.append(json.loads(line))
                time.sleep(random.uniform(0, 0.5))
                kill(server)
        finally:
            clients.stdin.close()
        answers += map(json.loads, clients.stdout)
    assert clients.returncode == 0, "the clients failed: see above"
    server.exec("systemctl", "reset-failed")
    server.wait("curl", "-sf", "http://127.0.0.1:8800/api/v1/health", what="the API")
    return answers


def rows(server, select):
    """What vectis.db says, row by row."""
    return json.loads(server.out("runuser", "-u", "vectis", "--", "sqlite3", "-json", "/var/lib/vectis/api/vectis.db", select) or "[]")


def kill_one_of(*units):
    return lambda server: server.exec("systemctl", "kill", "--kill-whom=main", "--signal=KILL", random.choice(units), check=False)
