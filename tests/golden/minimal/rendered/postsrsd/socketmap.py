# postsrsd, and the only way to it: a socket of the group postfix.
# Read by Python, which postsrsd.service runs with the hostname as argument; Vectis renders it. postsrsd itself answers on
# TCP ports, where any program of the host could have a valid return address made for anybody and then relay to them through
# port 25. Its unit therefore has a network of its own, and this program, in there with it, translates what Postfix asks
# (socketmap_table(5): `forward SENDER` or `reverse RECIPIENT`) into what postsrsd understands (tcp_table(5)).

import os
import pwd
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse

from systemd import daemon

PORTS = {"forward": 10001, "reverse": 10002}
SOCKET = "/run/postsrsd/socket"
LIMIT = 100_000     # Postfix's own for a reply


def ask(name, key):
    with socket.create_connection(("127.0.0.1", PORTS[name]), timeout=5) as server:
        server.sendall(f"get {urllib.parse.quote(key, safe='')}\n".encode())
        code, _, text = server.makefile().readline().rstrip("\n").partition(" ")
    if code == "200":
        return "OK " + urllib.parse.unquote(text)
    return "NOTFOUND " if code == "500" else "TEMP " + text


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while (request := self.request_text()) is not None:
            name, _, key = request.partition(" ")
            try:
                reply = ask(name, key) if name in PORTS else "PERM no such map"
            except OSError as error:
                reply = f"TEMP postsrsd: {error}"
            self.wfile.write(f"{len(reply.encode())}:{reply},".encode())

    def request_text(self):
        """The text of a netstring; nothing at the end of the connection, or for anything that is none."""
        digits = b""
        while (byte := self.rfile.read(1)).isdigit() and len(digits) < 6:
            digits += byte
        if byte != b":" or not digits or int(digits) > LIMIT:
            return None
        text = self.rfile.read(int(digits) + 1)
        return text[:-1].decode(errors="replace") if text.endswith(b",") else None


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


def await_postsrsd(process):
    while process.poll() is None:
        try:
            return [socket.create_connection(("127.0.0.1", port)).close() for port in PORTS.values()]
        except OSError:
            time.sleep(0.05)
    sys.exit(f"postsrsd ended with status {process.returncode}")


def main(hostname):
    # Eight characters of the keyed hash instead of four: nobody can try them all.
    postsrsd = subprocess.Popen(["/usr/sbin/postsrsd", "-4", "-l", "127.0.0.1", "-f", str(PORTS["forward"]),
                                 "-r", str(PORTS["reverse"]), "-d", hostname, "-s", "/etc/postsrsd.secret", "-a", "=",
                                 "-n", "8", "-N", "8", "-u", "postsrsd", "-c", "/var/lib/postsrsd"])
    await_postsrsd(postsrsd)
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    server = Server(SOCKET, Handler)
    user = pwd.getpwnam("postsrsd")
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    threading.Thread(target=lambda: os._exit(postsrsd.wait() or 1), daemon=True).start()
    daemon.notify("READY=1")
    server.serve_forever()


main(sys.argv[1])
