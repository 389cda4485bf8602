"""Clients of the API at work, whoever kills what: api.storm runs it on the server. The first line of standard input is JSON: {path,
bodies, field, name, remove_every, clients, every}. So many clients then POST the bodies in turn, `field` being `name` with a number, each under
its name as the Idempotency-Key and until it is answered: each client one every so many seconds, and what it is late with at once. Of the
things made each `remove_every`th is deleted again, 0 for none. A line of JSON for each of them: {name, id, removed}. They end when
standard input does."""

import http.client
import json
import os
import socket
import sys
import threading
import time

PATIENCE = 300
ended = threading.Event()


class Admin(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect("/run/vectis-api/admin.sock")


def until_answered(method, path, good, body=None, fields={}):
    """The same request until one of these codes is the answer. What the server may say meanwhile: 409 while it still does what
    an earlier one asked for, 503."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            connection = Admin("localhost")
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status in good:
                return text
            if answer.status not in (409, 503):
                fail(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    fail(f"{method} {path}: never answered")


def fail(text):
    print(text, file=sys.stderr, flush=True)
    os._exit(1)


def client(number, path, bodies, field, name, remove_every=0, every=0):
    begun = time.monotonic()
    count = 0
    while not ended.is_set():
        count += 1
        this = name.format(f"{number}x{count}")
        made = until_answered("POST", path, (201, 202), json.dumps({**bodies[(number + count) % len(bodies)], field: this}),
                              {"Content-Type": "application/json", "Idempotency-Key": this})
        id = json.loads(made)["data"]["id"]
        removed = remove_every > 0 and count % remove_every == 0
        if removed:
            # 404: it was done, and the answer was lost.
            until_answered("DELETE", f"{path}/{id}?confirm={this}", (200, 404))
        print(json.dumps({"name": this, "id": id, "removed": removed}) + "\n", end="", flush=True)
        ended.wait(max(0, begun + count * every - time.monotonic()))


if __name__ == "__main__":
    request = json.loads(sys.stdin.readline())
    clients = [threading.Thread(target=client, args=(number,), kwargs=request) for number in range(request.pop("clients", 4))]
    for each in clients:
        each.start()
    sys.stdin.read()
    ended.set()
    for each in clients:
        each.join()
