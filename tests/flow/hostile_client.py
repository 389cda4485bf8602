"""An attacker who speaks SMTP below the level of any library. hostile_test.py runs it on the outside machine: one call as JSON
on standard input, {"call": function, ...arguments}; its result as JSON on standard output. Bytes travel as base64."""

import base64
import json
import select
import socket
import ssl
import sys
import time

ANY_CERTIFICATE = ssl._create_unverified_context()
ENVELOPE = "EHLO attack.outside.test\r\n", "MAIL FROM:<{sender}>\r\n", "RCPT TO:<{recipient}>\r\n", "DATA\r\n"


class Session:
    def __init__(self, host, port=25, source=None, timeout=60):
        self.socket = socket.create_connection((host, port), timeout, (source, 0) if source else None)
        if port == 465:
            self.socket = ANY_CERTIFICATE.wrap_socket(self.socket, server_hostname=host)
        self.buffer = b""

    def line(self):
        while b"\n" not in self.buffer:
            chunk = self.socket.recv(65536)
            if not chunk:
                rest, self.buffer = self.buffer, b""
                return rest
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def reply(self):
        """The last line of the next reply; "" when the server has gone."""
        while True:
            try:
                line = self.line().decode(errors="replace").rstrip()
            except OSError:
                return ""
            if line[3:4] != "-":
                return line

    def say(self, data):
        """One command, or anything else that has one reply."""
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except OSError:
            pass    # what the server said before it hung up is still there
        return self.reply()

    def rest(self, seconds):
        """Every line that comes until the server hangs up or falls silent."""
        self.socket.settimeout(seconds)
        lines = []
        try:
            while line := self.line():
                lines.append(line.decode(errors="replace").rstrip())
        except OSError:
            pass
        return lines


def opened(host, sender, recipient, source=None, port=25, user=None, password=None):
    """A session that was asked for DATA, and the answers so far."""
    session = Session(host, port, source)
    replies = [session.reply(), session.say(ENVELOPE[0])]
    if user:
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        replies.append(session.say(f"AUTH PLAIN {token}\r\n"))
    for command in ENVELOPE[1:]:
        replies.append(session.say(command.format(sender=sender, recipient=recipient)))
    return session, replies


def put(host, sender, recipient, content, source=None, end="DQouDQo=", after="", **login):
    """Sends the message, the end of data, and what follows, in one go: every line that is answered."""
    session, replies = opened(host, sender, recipient, source, **login)
    if not replies[-1].startswith("354"):
        return replies[-1:]
    data = base64.b64decode(content) + base64.b64decode(end) + base64.b64decode(after) + b"QUIT\r\n"
    try:
        session.socket.sendall(data)
    except OSError:
        pass
    return [line for line in session.rest(60) if not line.startswith("221")]


def put_many(messages, **shared):
    return [put(**shared, **message) for message in messages]


def commands(host, lines, source=None, port=25):
    """One after the other, each with its reply; stops when the server hangs up."""
    session = Session(host, port, source)
    replies = [session.reply()]
    for line in lines:
        if not (answer := session.say(base64.b64decode(line))):
            break
        replies.append(answer)
    return replies


def recipients(host, sender, pattern, number, source=None):
    """RCPT after RCPT in one session: how often each code was answered, and the last reply."""
    session = Session(host, 25, source)
    session.reply()
    session.say(ENVELOPE[0])
    session.say(f"MAIL FROM:<{sender}>\r\n")
    codes, last = {}, ""
    for one in range(number):
        answer = session.say(f"RCPT TO:<{pattern.format(one)}>\r\n")
        if not answer:
            break
        last = answer
        codes[answer[:3]] = codes.get(answer[:3], 0) + 1
    return {"codes": codes, "last": last, "ehlo": session.say("RSET\r\n")}


def inject_before_tls(host, port, sender, recipient, source=None):
    """Commands in the same packet as STARTTLS: what the server says under TLS before it is asked anything, and to EHLO."""
    session = Session(host, port, source)
    session.reply()
    session.say(ENVELOPE[0])
    session.socket.sendall(f"STARTTLS\r\nEHLO injected\r\nMAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\n".encode())
    first = session.reply()
    if not first.startswith("220"):
        return {"starttls": first, "unasked": [], "after": session.rest(3)}
    try:
        session.socket = ANY_CERTIFICATE.wrap_socket(session.socket, server_hostname=host)
    except OSError as error:
        return {"starttls": first, "unasked": [], "after": [type(error).__name__]}
    session.buffer = b""
    ready, _, _ = select.select([session.socket], [], [], 2)
    unasked = session.rest(2) if ready else []
    session.socket.settimeout(20)
    return {"starttls": first, "unasked": unasked, "after": [session.say("DATA\r\n")]}


def stream(host, sender, recipient, megabytes, source=None, announce=False):
    """A message of this size without a word about it, or with."""
    session = Session(host, 25, source, timeout=240)
    session.reply()
    session.say(ENVELOPE[0])
    size = f" SIZE={megabytes << 20}" if announce else ""
    answer = session.say(f"MAIL FROM:<{sender}>{size}\r\n")
    if not answer.startswith("250"):
        return {"step": "mail", "answer": answer}
    session.say(ENVELOPE[2].format(recipient=recipient))
    session.say(ENVELOPE[3])
    block = (b"x" * 76 + b"\r\n") * 13000
    try:
        session.socket.sendall(b"Subject: large\r\n\r\n")
        for _ in range((megabytes << 20) // len(block) + 1):
            session.socket.sendall(block)
    except OSError:
        return {"step": "data", "answer": session.reply()}
    return {"step": "data", "answer": session.say("\r\n.\r\n")}


def silent(host, sources, number, seconds, port=25, drip="", until_answered=False):
    """Connections that say nothing, or one octet a second of `drip` once they were greeted: how many were greeted, turned away and
    hung up on within this time, or when each was answered."""
    connections = []
    for source in sources:
        for _ in range(number):
            try:
                one = socket.create_connection((host, port), 5, (source, 0))
                one.setblocking(False)
                connections.append(one)
            except OSError:
                pass
    said, closed = {}, set()
    end = time.monotonic() + seconds
    position = 0
    while time.monotonic() < end and not (until_answered and len(said) == len(connections)):
        ready, _, _ = select.select([one for one in connections if one not in closed], [], [], 1)
        for one in ready:
            try:
                data = one.recv(4096)
            except OSError:
                data = b""
            if data:
                said[one] = said.get(one, b"") + data
            else:
                closed.add(one)
        if drip:
            for one in connections:
                # Before the last line of the greeting it would be postscreen that hangs up.
                if b"220 " in said.get(one, b"") and one not in closed:
                    try:
                        one.send(drip[position % len(drip)].encode())
                    except OSError:
                        closed.add(one)
            position += 1
    first = [text.decode(errors="replace")[:3] for text in said.values()]
    return {"opened": len(connections), "greeted": first.count("220"), "turned_away": first.count("421"), "closed": len(closed)}


if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(json.dumps(globals()[request.pop("call")](**request)))
