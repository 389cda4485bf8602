"""Fronts: the libraries of other mail services, unchanged, send through this server, are refused in their own words, and what
arrives outside is what was meant, byte for byte."""

import base64
import json
import os
import random
import subprocess

import mail
import node

SUPPRESSED = "suppressed@outside.test"


def program(lab, server, vendor):
    """Runs tests/client/VENDOR.mjs on the outside machine's network; what it says should arrive."""
    keys = {"KEY": ("send,messages:read,suppressions:read", "10000"), "READER": ("messages:read", "10000"), "SLOW": ("messages:read", "1")}
    client = node.installed("tests/client")
    environment = {"PATH": os.environ["PATH"], "BASE": f"https://{server.ip}/compat/{vendor}", "FROM": mail.address(server, "alice"),
                   "RUN": f"{random.randrange(10 ** 9)}", "NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_NO_WARNINGS": "1"}
    server.exec("vectis", "suppression", "add", SUPPRESSED, "--domain", mail.domain(server), check=False)
    try:
        for name, (scopes, rate) in keys.items():
            server.exec("vectis", "key", "remove", name, "--yes", check=False)
            environment[name] = json.loads(server.out("vectis", "key", "add", name, "--scopes", scopes, "--rate", rate, "--json"))["token"]
        told = subprocess.run(["ip", "netns", "exec", lab.outside.netns, "node", f"{vendor}.mjs"], cwd=client, env=environment, text=True,
                              capture_output=True, timeout=120, check=False)
    finally:
        for name in keys:
            server.exec("vectis", "key", "remove", name, "--yes", check=False)
        server.exec("vectis", "suppression", "remove", SUPPRESSED, "--yes", check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return json.loads(told.stdout)


def arrived(lab, meant):
    """Each of them is in its mailbox once, and is what was meant."""
    assert meant
    for one in meant:
        raw = mail.received(lab, one["to"], one["subject"])
        message = mail.parsed(raw)
        parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
        text, html = (part and part.get_payload(decode=True).replace(b"\r\n", b"\n").decode() for part in parts.values())
        assert (text, html) == (one["text"], one["html"]), (one["subject"], text, html)
        files = [part for part in message.walk() if part.get_filename()]
        found = sorted((part.get_filename(), part.get_payload(decode=True), part["Content-ID"]) for part in files)
        assert found == sorted((each["filename"], base64.b64decode(each["content"]), each["id"] and f"<{each['id']}>")
                               for each in one["attachments"]), (one["subject"], [each[0] for each in found])
        assert {name: message[name] for name in one["headers"]} == one["headers"]
        assert message["Bcc"] is None and raw.count(b"DKIM-Signature:") == 2
        assert message["To"].addresses[0].addr_spec == one["to"]
    subjects = {(one["to"], one["subject"]) for one in meant}
    for to in {one["to"] for one in meant}:
        there = [message["subject"] for message in lab.outside.mailbox(to) if (to, message["subject"]) in subjects]
        assert len(there) == len(set(there)), there
    # Of what was refused, and of what was only tried, nothing arrived.
    assert [message for message in lab.outside.mailbox("order@outside.test") if message["subject"] == "a"] == []
    assert lab.outside.mailbox(SUPPRESSED) == []


def test_resends_library_sends_by_its_base_url_alone(lab):
    server = mail.configured(lab)
    meant = program(lab, server, "resend")
    arrived(lab, meant)
    assert mail.received(lab, "resend-bcc@outside.test", meant[0]["subject"])


def test_postmarks_library_sends_by_its_host_alone(lab):
    server = mail.configured(lab)
    server.exec("vectis", "template", "add", "postmark", "--subject", "{{subject}}", "--text-file", "-", input="{{text}}")
    meant = program(lab, server, "postmark")
    server.exec("vectis", "template", "remove", "postmark", "--yes")
    arrived(lab, meant)
    assert mail.received(lab, "postmark-bcc@outside.test", meant[0]["subject"])


def test_sendgrids_library_sends_by_its_base_url_alone(lab):
    server = mail.configured(lab)
    meant = program(lab, server, "sendgrid")
    arrived(lab, meant)
    assert mail.received(lab, "sendgrid-bcc@outside.test", meant[0]["subject"])
    assert mail.received(lab, "sendgrid-two@outside.test", meant[-1]["subject"])


def test_mailguns_library_sends_by_its_url_alone(lab):
    server = mail.configured(lab)
    meant = program(lab, server, "mailgun")
    arrived(lab, meant)
    assert mail.received(lab, "mailgun-bcc@outside.test", meant[0]["subject"])
    # In both nobody sees the other.
    for to, other in (("mailgun@outside.test", b"mailgun-two@"), ("mailgun-two@outside.test", b"<mailgun@")):
        assert other not in mail.received(lab, to, meant[2]["subject"])
