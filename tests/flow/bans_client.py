"""Somebody who guesses, from an address of choice. bans_test.py runs it in a machine: one call as JSON on standard input,
{"call": function, ...arguments}; its result as JSON on standard output."""

import concurrent.futures
import imaplib
import json
import smtplib
import socket
import ssl
import sys

ANY_CERTIFICATE = ssl._create_unverified_context()


class ImapFrom(imaplib.IMAP4_SSL):
    """imaplib, from a source address."""

    def __init__(self, host, source):
        self.source = source
        super().__init__(host, 993, ssl_context=ANY_CERTIFICATE, timeout=30)

    def _create_socket(self, timeout):
        plain = socket.create_connection((self.host, self.port), timeout, (self.source, 0))
        return self.ssl_context.wrap_socket(plain, server_hostname=self.host)


def attempt(host, port, source, user, password):
    try:
        if port == 993:
            connection = ImapFrom(host, source)
            connection.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            connection.logout()
        else:
            options = {"local_hostname": "guess.outside.test", "timeout": 30, "source_address": (source, 0)}
            smtp = smtplib.SMTP_SSL(host, port, context=ANY_CERTIFICATE, **options) if port == 465 else smtplib.SMTP(host, port, **options)
            with smtp:
                if port == 587:
                    smtp.starttls(context=ANY_CERTIFICATE)
                smtp.ehlo()
                smtp.user, smtp.password = user, password
                smtp.auth("PLAIN", smtp.auth_plain)
        return "in"
    except (imaplib.IMAP4.error, smtplib.SMTPException):
        return "refused"
    except OSError as error:
        return type(error).__name__


def guess(host, port, source, user, number, password="wrong"):
    """Tries a password `number` times at once: Dovecot lets an address wait longer after each failure."""
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: attempt(host, port, source, user, password), range(number)))


def reach(host, ports, source):
    """Whether each port takes a connection and says something by itself (TLS: shakes hands)."""
    found = {}
    for port in ports:
        try:
            with socket.create_connection((host, port), 3, (source, 0)) as plain:
                if port in (465, 993):
                    ANY_CERTIFICATE.wrap_socket(plain, server_hostname=host).close()
                    found[port] = True
                else:
                    plain.settimeout(10)
                    found[port] = plain.recv(100).startswith(b"220")
        except OSError:
            found[port] = False
    return found


def guess_recipients(host, source, domain, number, sessions, hello="guess.outside.test", patient=True):
    """Asks for recipients until the server cuts it off: the answers of each session."""
    with concurrent.futures.ThreadPoolExecutor(sessions) as pool:
        return list(pool.map(lambda session: one_dictionary(host, source, domain, number, session, hello, patient), range(sessions)))


def one_dictionary(host, source, domain, number, session, hello, patient):
    answers = []
    try:
        with socket.create_connection((host, 25), 15, (source, 0)) as connection:
            stream = connection.makefile("rwb")
            read = lambda: stream.readline().decode(errors="replace")
            while read()[3:4] == "-" and patient:     # postscreen says the last line when the client has waited
                pass
            for command in [f"HELO {hello}", "MAIL FROM:<guess@outside.test>"]:
                stream.write(command.encode() + b"\r\n")
                stream.flush()
                read()
            for guessed in range(number):
                stream.write(f"RCPT TO:<guess{session}x{guessed}@{domain}>\r\n".encode())
                stream.flush()
                answer = read()
                if not answer:
                    break
                answers.append(answer)
    except OSError:
        pass
    return answers


if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(json.dumps(globals()[request.pop("call")](**request)))
