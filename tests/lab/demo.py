"""./dev demo: a mail server from nothing, shown step by step. Every line that says 'ok' was checked."""

import json
import time

import build
import outside as outside_machine
import server
from host import LabError, say
from machine import Machine

FILE = build.BUILD / "demo.json"

# Runs on the outside machine: sends through submission, as alice's mail program would.
SUBMIT = '''
import smtplib, ssl, sys
from email.message import EmailMessage
host, sender, password, recipient, subject = sys.argv[1:]
message = EmailMessage()
message["From"], message["To"], message["Subject"] = f"Alicé <{sender}>", recipient, subject
message.set_content("Grüße from the demo.\\n")
message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="bytes-ü.bin")
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE     # self-signed until there is a real certificate
with smtplib.SMTP(host, 587) as client:
    client.starttls(context=context)
    client.login(sender, password)
    client.send_message(message, sender, [recipient])
'''

# Waits for a message by IMAP and prints it.
FETCH = '''
import imaplib, ssl, sys, time
host, user, password, subject = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with imaplib.IMAP4_SSL(host, 993, ssl_context=context) as client:
    client.login(user, password)
    for attempt in range(300):
        client.select("INBOX", readonly=True)
        found = client.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        if found:
            print(client.fetch(found[-1], "(RFC822)")[1][0][1].decode("utf-8", "replace"))
            sys.exit(0)
        time.sleep(0.1)
sys.exit(f"no message with subject {subject!r} within 30 s")
'''

# Judges a message as a receiver does: every DKIM signature by itself, SPF for the client, DMARC for the author.
JUDGE = '''
import json, re, sys, dkim, spf
from authheaders import authenticate_message
client, helo, sender, path = sys.argv[1:]
raw = open(path, "rb").read()
verifier = dkim.DKIM(raw)
algorithms = [re.search(rb"a=([a-z0-9-]+)", value).group(1).decode()
              for name, value in verifier.headers if name.lower() == b"dkim-signature"]
print(json.dumps({
    "dkim": {algorithm: dkim.DKIM(raw).verify(idx=number) for number, algorithm in enumerate(algorithms)},
    "spf": spf.check2(i=client, s=sender, h=helo)[0],
    "dmarc": authenticate_message(raw, "mx.outside.test", ip=client, mail_from=sender, helo=helo, spf=True, dkim=True),
}))
'''


def main(suite):
    started = time.monotonic()
    package = build.deb(suite)
    machine = Machine(server.DEFAULT)
    if not (machine.running and machine.state.get("package") == server.package_id(package)
            and machine.state.get("setup")):
        machine = server.boot_with_vectis(suite=suite)
    demo = describe(machine)
    demo["api_key"] = api_key(machine, demo)
    stamp = time.strftime("%H:%M:%S")
    certify(machine)
    webmail(machine, demo)
    receive(machine, demo, f"in {stamp}")
    send(machine, demo, f"out {stamp}")
    refuse_spam(machine, demo)
    change(machine)
    FILE.write_text(json.dumps(demo, indent=2) + "\n")
    say(f"done in {time.monotonic() - started:.0f} s; the server runs on: ./dev exec -- vectis status")
    for name, value in demo.items():
        if value is not None:
            print(f"{name:<18}{value}")
    return 0


def describe(machine):
    """What build/demo.json says. The admin pages are not part of Vectis yet: null."""
    domain = machine.hostname.partition(".")[2]
    setup = machine.state["setup"]
    return {"name": machine.name, "ip": machine.ip, "hostname": machine.hostname, "admin_url": None,
            "admin_email": setup["first_admin"], "admin_password": setup["one_time_password"],
            "api_url": f"https://{machine.hostname}/api/v1", "api_key": None, "webmail_url": f"https://{machine.hostname}/webmail/", "mailbox": f"alice@{domain}", "mailbox_password": server.PASSWORD}


def api_key(machine, demo):
    """The one of the last run if it is still good, else a new one that may do everything."""
    say(f"an API key for {demo['api_url']}")
    known = json.loads(FILE.read_text()).get("api_key") if FILE.exists() else None
    if known and me(machine, known).get("data"):
        return known
    machine.exec("vectis", "key", "remove", "demo", "--yes", check=False)
    document = json.loads(machine.out("curl", "-s", "http://127.0.0.1:8800/api/v1/openapi.json"))
    scopes = document["components"]["schemas"]["NewApiKey"]["properties"]["scopes"]["items"]["enum"]
    made = json.loads(machine.out("vectis", "key", "add", "demo", "--scopes", ",".join(scopes), "--json"))
    told = me(machine, made["token"])
    expect(told.get("data", {}).get("role") == "super_admin", "the API knows it", str(told))
    return made["token"]


def me(machine, token):
    return json.loads(machine.out("curl", "-s", "-H", f"Authorization: Bearer {token}", "http://127.0.0.1:8800/api/v1/auth/me"))


def certify(machine):
    say("a certificate for every name, from the ACME test server")
    if "mode: acme" not in machine.read("/etc/vectis/config.yaml"):
        machine.exec("vectis", "config", "set", "tls.acme_server", "https://acme.outside.test:14000/dir")
        machine.exec("vectis", "config", "set", "tls.mode", "acme")
        machine.exec("vectis", "apply", "--yes")
        server.publish_dns(machine)
        machine.exec("vectis", "certificates", "renew", check=False)
    listed = machine.exec("vectis", "certificates", "list", check=False)
    expect(listed.returncode == 0, "every certificate is issued", listed.stdout)


def webmail(machine, demo):
    say(f"webmail at {demo['webmail_url']}")
    outside = outside_machine.outside()
    outside.exec("sh", "-c", "curl -sf https://acme.outside.test:15000/roots/0 >/tmp/acme-root.pem")
    page = outside.exec("curl", "-s", "--cacert", "/tmp/acme-root.pem", demo["webmail_url"], check=False).stdout
    expect("rcmloginuser" in page, "its login page is there, and the certificate is good", page[:500])


def receive(machine, demo, subject):
    say(f"mail from outside to {demo['mailbox']}, read by IMAP")
    outside = outside_machine.outside()
    outside.send("someone@outside.test", demo["mailbox"],
                 f"From: someone@outside.test\nTo: {demo['mailbox']}\nSubject: {subject}\n\nHello from outside.\n")
    message = outside.python(FETCH, machine.hostname, demo["mailbox"], demo["mailbox_password"], subject).stdout
    expect("Hello from outside." in message, "the message arrived whole", message)


def send(machine, demo, subject):
    say(f"mail from {demo['mailbox']} through submission to friend@outside.test")
    outside = outside_machine.outside()
    outside.python(SUBMIT, machine.hostname, demo["mailbox"], demo["mailbox_password"], "friend@outside.test", subject)
    message = outside.wait_mail("friend@outside.test", subject)
    outside.write("/tmp/received.eml", message.original)
    client = machine.ip6 if machine.ip6 in message["received"] else machine.ip
    verdict = json.loads(outside.python(JUDGE, client, machine.hostname, demo["mailbox"], "/tmp/received.eml").stdout)
    expect(verdict["dkim"] == {"rsa-sha256": True, "ed25519-sha256": True}, "DKIM verifies with both keys", verdict)
    expect(verdict["spf"] == "pass", "SPF passes", verdict)
    expect("dmarc=pass" in verdict["dmarc"], "DMARC passes", verdict)


def refuse_spam(machine, demo):
    say("GTUBE, the test pattern of spam, from outside")
    done = outside_machine.outside().swaks(
        "--server", machine.hostname, "--to", demo["mailbox"], "--from", "spammer@outside.test", "--body",
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X")
    expect("<** 5" in done.stdout, "it is refused during the SMTP dialogue", done.stdout)


def change(machine):
    say("one change of config.yaml: its plan, its apply, and back")
    before = machine.out("postconf", "-h", "message_size_limit")
    generation = machine.out("basename", machine.out("readlink", "/var/lib/vectis/current"))
    machine.exec("vectis", "config", "set", "message_size", "77 MiB")
    print(machine.exec("vectis", "plan", check=False).stdout)
    machine.exec("vectis", "apply", "--yes")
    expect(machine.out("postconf", "-h", "message_size_limit") == str(77 << 20), "the change is applied", before)
    machine.exec("vectis", "rollback", generation, "--yes")
    expect(machine.out("postconf", "-h", "message_size_limit") == before, "rollback brought the old limit back", before)
    machine.exec("vectis", "config", "set", "message_size", "50 MiB")


def expect(true, what, found):
    if not true:
        raise LabError(f"cannot show that {what}; found:\n{found}", "./dev logs tells what the server did")
    say(f"  ok: {what}")
