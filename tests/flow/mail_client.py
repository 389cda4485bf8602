"""A mail program: Python's own smtplib and imaplib, and verifiers that are not ours. mail.py runs it in a machine.

One call as JSON on standard input, {"call": function, ...arguments}; its result as JSON on standard output.
"""

import base64
import imaplib
import json
import os
import re
import smtplib
import socket
import ssl
import sys
import time

ANY_CERTIFICATE = ssl._create_unverified_context()      # a new server's certificate is self-signed
SENDER_SECONDS = 0.25


def session(host, port, source, hello):
    """An SMTP session after EHLO: under TLS on 465 and 587, in the clear on 25."""
    where = {"local_hostname": hello, "timeout": 60, "source_address": (source, 0) if source else None}
    if port == 465:
        smtp = smtplib.SMTP_SSL(host, port, context=ANY_CERTIFICATE, **where)
    else:
        smtp = smtplib.SMTP(host, port, **where)
    smtp.ehlo_or_helo_if_needed()
    if port == 587:
        smtp.starttls(context=ANY_CERTIFICATE)
        smtp.ehlo()
    return smtp


def send(host, port, sender, recipient, content, user=None, password=None, source=None, hello="client.outside.test",
         announce=True, mail_options=(), rcpt_options=()):
    """Sends as far as the server lets: the last step taken, its code and its text. announce: MAIL FROM tells the size;
    recipient is one address or several, of which the server has to take each."""
    raw = base64.b64decode(content)
    recipients = [recipient] if isinstance(recipient, str) else recipient
    with session(host, port, source, hello) as smtp:
        steps = (("mail", lambda: smtp.mail(sender, [*mail_options, *([f"size={len(raw)}"] if announce else [])])),
                 *(("rcpt", lambda each=each: smtp.rcpt(each, rcpt_options)) for each in recipients),
                 ("data", lambda: smtp.data(raw)))
        try:
            if user:
                smtp.user, smtp.password = user, password
                smtp.auth("PLAIN", smtp.auth_plain)     # login() tries every mechanism, and each failure is answered late
            for step, take in steps:
                code, text = take()
                if code >= 400:
                    break
        except smtplib.SMTPAuthenticationError as refused:
            step, code, text = "auth", refused.smtp_code, refused.smtp_error
        except smtplib.SMTPDataError as refused:
            code, text = refused.smtp_code, refused.smtp_error
    return {"step": step, "code": code, "text": text.decode(errors="replace")}


def offers(host, port, tls):
    """The extensions that EHLO is answered with, after STARTTLS if tls."""
    with smtplib.SMTP(host, port, local_hostname="client.outside.test", timeout=60) as smtp:
        if tls:
            smtp.starttls(context=ANY_CERTIFICATE)
        smtp.ehlo()
        return sorted(smtp.esmtp_features)


def impatient(host, source, commands):
    """Says everything before it is greeted, as spam programs do; the code of each answer."""
    codes = []
    with socket.create_connection((host, 25), timeout=60, source_address=(source, 0)) as connection:
        connection.sendall("".join(command + "\r\n" for command in commands).encode())
        for line in connection.makefile(encoding="ascii", errors="replace"):
            if line[3:4] == " ":
                codes.append(int(line[:3]))
    return codes


def imap(host, user, password):
    connection = imaplib.IMAP4_SSL(host, 993, ssl_context=ANY_CERTIFICATE, timeout=60)
    connection.login(user, password)
    return connection


def login(host, user, password):
    try:
        imap(host, user, password).logout()
    except imaplib.IMAP4.error:
        return False
    return True


def fetch(host, user, password, folder="INBOX", part="BODY.PEEK[]"):
    """Every message of a folder, oldest first, base64."""
    with imap(host, user, password) as connection:
        if connection.select(folder, readonly=True)[0] != "OK":
            return []
        rows = connection.fetch("1:*", f"({part})")[1] if connection.search(None, "ALL")[1][0] else []
    return [base64.b64encode(row[1]).decode() for row in rows if isinstance(row, tuple)]


def move(host, user, password, subject, source, target):
    """Moves the messages with this subject, as a mail program does; answers how many."""
    with imap(host, user, password) as connection:
        connection.select(source)
        found = connection.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].split()
        for uid in found:
            assert connection.uid("MOVE", uid, target)[0] == "OK", uid
        return len(found)


def verify(content, ip, sender, hello):
    """dkimpy's, pyspf's and authheaders' opinion of a message, by the DNS that this machine sees."""
    import authheaders
    import dkim
    import spf
    raw = base64.b64decode(content)
    signatures = []
    for number in range(len(re.findall(rb"(?im)^dkim-signature:", raw.partition(b"\r\n\r\n")[0]))):
        one = dkim.DKIM(raw)
        valid = one.verify(idx=number)
        fields = {name.decode(): value.decode() for name, value in one.signature_fields.items()}
        signatures.append({"valid": valid, "domain": fields["d"], "algorithm": fields["a"], "selector": fields["s"]})
    spf_result = spf.check2(i=ip, s=sender, h=hello)[0]
    results = authheaders.authenticate_message(raw, "outside.test", ip=ip, mail_from=sender, helo=hello, spf=True)
    return {"dkim": signatures, "spf": spf_result, "dmarc": "dmarc=pass" in results, "results": results}


def arc(content):
    """dkimpy's opinion of the ARC seals of a message, and who sealed, the last first."""
    import dkim
    result, seals, why = dkim.arc_verify(base64.b64decode(content))
    return {"result": result.decode(), "by": [seal["as-domain"].decode() for seal in seals], "why": why}


def stream(host, recipient, source, ledger, stop):
    """Sends message after message, each until it is accepted, as a mail server would, until the file `stop` is there.

    The ledger's lines: `taken N ID`, synced, after the server's 250; `unclear N ID` when the connection broke after the
    message was sent and before the answer, which lets one more copy exist; `refused N ID CODE` ends it: a 5xx.
    """
    with open(ledger, "a", encoding="ascii") as log:
        def note(*words):
            log.write(" ".join(map(str, words)) + "\n")
            log.flush()
            os.fsync(log.fileno())
        number = 0
        while not os.path.exists(stop):
            number += 1
            name = f"{number}.{os.getpid()}@client.outside.test"
            while (outcome := attempt(host, recipient, source, number, name)) != "taken":
                if outcome == "unclear":
                    note("unclear", number, name)
                elif outcome != "later":
                    return note("refused", number, name, outcome)
                time.sleep(SENDER_SECONDS)
            note("taken", number, name)
            time.sleep(SENDER_SECONDS)


def attempt(host, recipient, source, number, name):
    """taken, later (4xx or nobody there), unclear, or the code of a refusal."""
    outcome = "later"
    try:
        with session(host, 25, source, "client.outside.test") as smtp:
            for take in (lambda: smtp.mail("news@outside.test"), lambda: smtp.rcpt(recipient)):
                code = take()[0]
                if code >= 400:
                    return judged(code)
            outcome = "unclear"
            outcome = judged(smtp.data(news(recipient, number, name))[0])
    except (OSError, smtplib.SMTPException):
        pass    # what was known when the connection broke counts
    return outcome


def judged(code):
    return "taken" if code < 400 else "later" if code < 500 else str(code)


def news(recipient, number, name):
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    return (f"From: News of the day <news@outside.test>\r\nTo: <{recipient}>\r\nSubject: News of the day, part {number}\r\n"
            f"Date: {date}\r\nMessage-ID: <{name}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
            f"Good morning,\r\n\r\nthis is part {number} of what happened here today.\r\n\r\nKind regards\r\n").encode()


if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(json.dumps(globals()[request.pop("call")](**request)))
