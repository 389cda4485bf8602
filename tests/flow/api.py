"""The REST API for the tests, as a client on the outside machine meets it."""

import json
import re

from machine import wait_until

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

    def __init__(self, lab, server):
        self.lab, self.server = lab, server
        server.exec("vectis", "key", "remove", "test", "--yes", check=False)
        made = json.loads(server.out("vectis", "key", "add", "test", "--scopes", SCOPES, "--rate", "10000", "--json"))
        self.bearer = ("-H", f"Authorization: Bearer {made['token']}")

    def close(self):
        self.server.exec("vectis", "key", "remove", "test", "--yes")

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
