"""Domains, mailboxes and aliases that the API makes: by the command line and over HTTP, judged by real mail."""

import concurrent.futures
import json
import random
import subprocess

import mail
from api import Api, kill_one_of, storm
from server import PASSWORD


def test_a_mailbox_takes_and_sends_mail_from_its_first_second_on_and_none_after_its_last(lab):
    server = mail.configured(lab)
    running = server.out("systemctl", "show", "-P", "MainPID", server.postfix)
    vectis(server, "domain", "add", "shop.test")
    vectis(server, "mailbox", "add", "anna@shop.test", "--password-stdin", input=PASSWORD + "\n")
    assert mail.login(lab, server, "anna@shop.test")
    assert mail.deliver(lab, server, "anna@shop.test", mail.note("a@outside.test", "anna@shop.test", "first"))["code"] == 250
    mail.wait_for(lab, server, "anna@shop.test", "first")
    # Both of the new domain's keys sign: what they say is in the message, whatever DNS has.
    assert mail.submit(lab, server, "anna@shop.test", mail.address(server, "alice"),
                       message=mail.note("anna@shop.test", mail.address(server, "alice"), "signed"))["code"] == 250
    mail.wait_for(lab, server, "alice", "signed")
    raw = server.out("doveadm", "fetch", "-u", mail.address(server, "alice"), "hdr.dkim-signature", "subject", "signed")
    assert raw.count("d=shop.test") == 2 and "a=rsa-sha256" in raw and "a=ed25519-sha256" in raw, raw
    # RFC 2142.
    assert mail.deliver(lab, server, "postmaster@shop.test", mail.note("a@outside.test", "postmaster@shop.test", "to the postmaster"))["code"] == 250

    vectis(server, "alias", "add", "info@shop.test", "--destinations", "anna@shop.test")
    assert mail.deliver(lab, server, "info@shop.test", mail.note("a@outside.test", "info@shop.test", "by alias"))["code"] == 250
    mail.wait_for(lab, server, "anna@shop.test", "by alias")

    vectis(server, "mailbox", "suspend", "anna@shop.test")
    assert not mail.login(lab, server, "anna@shop.test")
    assert mail.deliver(lab, server, "anna@shop.test")["code"] == 550
    vectis(server, "mailbox", "resume", "anna@shop.test")
    assert mail.login(lab, server, "anna@shop.test")

    vectis(server, "domain", "add", "store.test", "--alias-of", "shop.test")
    vectis(server, "alias", "add", mail.address(server, "shop"), "--destinations", "anna@shop.test")
    ways = ("anna@shop.test", "anna@store.test", mail.address(server, "shop"))
    expect(lab, server, ways, 250)
    # A catch-all takes none of it over: not that of the alias's own domain, and none that is suspended itself.
    vectis(server, "domain", "add", "main.test", "--catch-all", mail.address(server, "alice"))
    vectis(server, "domain", "add", "other.test", "--catch-all", "anna@shop.test")
    vectis(server, "alias", "add", "x@main.test", "--destinations", "anna@store.test")
    suspended = (*ways, "x@main.test", "anybody@other.test")
    expect(lab, server, suspended, 250)
    vectis(server, "domain", "change", "shop.test", "--active", "false")
    expect(lab, server, suspended, 550)
    assert mail.deliver(lab, server, "anybody@main.test")["code"] == 250
    vectis(server, "alias", "remove", "x@main.test", "--yes")
    vectis(server, "domain", "remove", "main.test", "--yes")
    vectis(server, "domain", "remove", "other.test", "--yes")
    assert not mail.login(lab, server, "anna@shop.test")
    vectis(server, "domain", "change", "shop.test", "--active", "true")
    expect(lab, server, ways, 250)
    vectis(server, "alias", "remove", mail.address(server, "shop"), "--yes")
    vectis(server, "domain", "remove", "store.test", "--yes")

    vectis(server, "alias", "remove", "info@shop.test", "--yes")
    vectis(server, "mailbox", "remove", "anna@shop.test", "--yes")
    assert not mail.login(lab, server, "anna@shop.test")
    assert mail.deliver(lab, server, "anna@shop.test")["code"] == 550
    kept = server.out("sh", "-c", "grep -rl --include='*,S=*' 'Subject: first' /var/vmail/.archive/shop.test/anna.*")
    assert len(kept.split()) == 1, kept
    # Whoever has the address next has none of it.
    vectis(server, "mailbox", "add", "anna@shop.test", "--password-stdin", input=PASSWORD + "\n")
    assert mail.fetch(lab, server, "anna@shop.test") == []
    vectis(server, "mailbox", "remove", "anna@shop.test", "--yes")
    vectis(server, "domain", "remove", "shop.test", "--yes")
    assert mail.deliver(lab, server, "postmaster@shop.test")["code"] in (550, 554)
    for bad in ("anna+x@shop.test", "anna@nowhere.test"):
        refused = server.exec("vectis", "mailbox", "add", bad, "--password-stdin", input=PASSWORD + "\n", check=False)
        assert refused.returncode == 1 and refused.stderr.startswith("vectis: "), refused
    assert server.out("systemctl", "show", "-P", "MainPID", server.postfix) == running, "Postfix was started again"
    assert server.exec("vectis", "plan", check=False).returncode == 0, "the API's rows are no drift"


def test_an_app_password_lets_in_by_its_protocols_alone(lab):
    server = mail.configured(lab)
    alice = mail.address(server, "alice")
    vectis(server, "domain", "add", "shop.test")
    vectis(server, "mailbox", "add", "anna@shop.test", "--password-stdin", input=PASSWORD + "\n")
    for owner in (alice, "anna@shop.test"):     # of config.yaml, and of the API
        phone = app_password(server, owner, "phone", "--protocols", "imap")
        program = app_password(server, owner, "program")
        note = mail.note(owner, alice, f"sent by {owner}'s program")
        assert mail.login(lab, server, owner, phone) and mail.login(lab, server, owner, program) and mail.login(lab, server, owner)
        assert mail.submit(lab, server, owner, alice, message=note, password=phone)["code"] == 535
        assert mail.submit(lab, server, owner, alice, message=note, password=program)["code"] == 250
        assert mail.submit(lab, server, owner, alice, message=note)["code"] == 250
        other = "anna@shop.test" if owner == alice else alice
        # By doveadm: whoever guesses from outside is banned. Whoever has an app password changes no password with it.
        tried = [(owner, wrong, "imap") for wrong in (phone[:8], phone[:-1] + "?", phone[:8] + PASSWORD, phone + "x", phone[:7] + "'", "")]
        tried += [(other, phone, "imap"), (owner, program, "password"), (owner, phone, "imap"), (owner, PASSWORD, "password")]
        with concurrent.futures.ThreadPoolExecutor(len(tried)) as pool:
            let_in = [one for one, good in zip(tried, pool.map(lambda one: is_let_in(server, *one), tried)) if good]
        assert let_in == tried[-2:], let_in
    server.exec("vectis", "config", "set", f"domains[{mail.domain(server)}].quota", "3 GiB")
    server.exec("vectis", "apply", "--yes")
    assert mail.login(lab, server, "alice", app_password(server, alice, "third"))
    listed = json.loads(vectis(server, "mailbox", "app-passwords", alice, "--json"))
    assert [(each["name"], each["protocols"]) for each in listed] == [
        ("phone", ["imap"]), ("program", ["imap", "pop3", "sieve", "smtp"]), ("third", ["imap", "pop3", "sieve", "smtp"])], listed
    assert program not in server.out("sh", "-c", "journalctl -q --no-pager; cat /var/lib/vectis/directory/directory.db*")

    vectis(server, "mailbox", "suspend", "anna@shop.test")
    assert not mail.login(lab, server, "anna@shop.test", program)
    assert mail.submit(lab, server, "anna@shop.test", alice, password=program)["code"] == 535
    vectis(server, "mailbox", "resume", "anna@shop.test")
    with lab.outside.spawn("python3", "-c", LINGER, server.ip, "anna@shop.test", program, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout.readline() == "in\n"
        vectis(server, "mailbox", "remove-app-password", "anna@shop.test", "--name", "program", "--yes")
        assert session.stdout.readline() == "out\n"
    assert not mail.login(lab, server, "anna@shop.test", program) and mail.login(lab, server, "anna@shop.test")
    vectis(server, "mailbox", "remove", "anna@shop.test", "--yes")
    vectis(server, "mailbox", "add", "anna@shop.test", "--password-stdin", input=PASSWORD + "\n")
    assert json.loads(vectis(server, "mailbox", "app-passwords", "anna@shop.test", "--json")) == []
    vectis(server, "mailbox", "remove", "anna@shop.test", "--yes")
    vectis(server, "domain", "remove", "shop.test", "--yes")
    for name in ("phone", "program", "third"):
        vectis(server, "mailbox", "remove-app-password", alice, "--name", name, "--yes")


def test_a_filter_written_over_the_api_acts_and_one_that_cannot_be_compiled_is_refused(lab):
    server = mail.configured(lab)
    api = Api(lab, server)
    alice = mail.address(server, "alice")
    mail.empty(server, "alice")
    path = f"/mailboxes/{json.loads(vectis(server, 'mailbox', 'show', alice, '--json'))['id']}"
    assert api.get(f"{path}/sieve") == []
    script = 'require ["fileinto", "mailbox"];\nif header :contains "subject" "invoice" { fileinto :create "Bills"; }\n'
    written = api.put(f"{path}/sieve/my%20filter", {"script": script})
    assert written == {"name": "my filter", "active": False, "script": script}, written
    wrong = api.answer("PUT", f"{path}/sieve/other", {"script": "fileinto Bills"})
    assert wrong["status"] == 422 and "line 1" in json.dumps(wrong["json"]["errors"]), wrong
    for name, status in (("..%2Fx", 404), ("no", 404)):
        assert api.status("GET", f"{path}/sieve/{name}") == status
    assert api.post(f"{path}/sieve/my%20filter/activate", None, 200) == [{"name": "my filter", "active": True}]
    assert mail.deliver(lab, server, alice, mail.note("a@outside.test", alice, "your invoice"))["code"] == 250
    mail.wait_for(lab, server, "alice", "your invoice", "Bills")
    use = api.get(f"{path}/use")
    assert use["messages"] == 1 and 0 < use["bytes"] < 100_000, use
    assert api.status("DELETE", f"{path}/sieve/my%20filter?confirm=my%20filter") == 409, "it is active"
    api.post(f"{path}/sieve/my%20filter/deactivate", None, 200)
    assert mail.deliver(lab, server, alice, mail.note("a@outside.test", alice, "second invoice"))["code"] == 250
    mail.wait_for(lab, server, "alice", "second invoice")
    assert api.status("DELETE", f"{path}/sieve/my%20filter?confirm=my%20filter") == 200
    assert api.get(f"{path}/sieve") == []
    told = [row["action"] for row in api.get(f"/audit?target={alice}&limit=4")]
    assert told == ["sieve_script.remove", "sieve_script.deactivate", "sieve_script.remove.failed", "sieve_script.remove"], told
    api.close()


def app_password(server, address, name, *options):
    return json.loads(vectis(server, "mailbox", "add-app-password", address, "--name", name, *options, "--json"))["generated_password"]


def is_let_in(server, address, password, protocol):
    """Each time as if from elsewhere: Dovecot lets an address wait that has failed."""
    name = {"2.3": "service", "2.4": "protocol"}[server.dovecot]
    source = f"198.18.{random.randrange(100, 250)}.{random.randrange(1, 250)}"
    return server.exec("doveadm", "auth", "test", "-x", f"{name}={protocol}", "-x", f"rip={source}", address, password,
                       check=False).returncode == 0


LINGER = """
import imaplib, ssl, sys
host, user, password = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
session = imaplib.IMAP4_SSL(host, ssl_context=context, timeout=60)
session.login(user, password)
print("in", flush=True)
session.readline()
print("out", flush=True)
"""


IMPORTED = """kind,name,display_name,password_hash,quota,destinations,alias_of
domain,shop.test,,,,,
domain,shop.example,,,,,shop.test
mailbox,anna@shop.test,"Anna, the first",{bcrypt},2 GiB,,
mailbox,bert@shop.test,,{sha512},,,
alias,info@shop.test,,,,anna@shop.test bert@shop.test,
"""


def test_a_file_of_accounts_from_elsewhere_is_imported_whole_or_row_by_row(lab):
    server = mail.configured(lab)
    # As crypt(3) writes them: what other servers have, without Dovecot's name of the scheme.
    hashes = {name: server.out("doveadm", "pw", "-s", scheme, "-p", PASSWORD).strip().split("}", 1)[1]
              for name, scheme in (("bcrypt", "BLF-CRYPT"), ("sha512", "SHA512-CRYPT"))}
    csv = IMPORTED.format(**hashes)
    with_faults = csv + f"mailbox,{mail.address(server, 'alice')},,,,,\nmailbox,anna+x@shop.test,,,,,\nmailbox,carl@nowhere.test,,,,,\n"
    server.exec("sh", "-c", "cat > /root/accounts.csv", input=csv)
    server.exec("sh", "-c", "cat > /root/faults.csv", input=with_faults)
    assert vectis(server, "import", "/root/accounts.csv", "--dry-run").splitlines() == ["would make 2 domains, 2 mailboxes and 1 alias"]
    assert not mail.login(lab, server, "anna@shop.test")
    refused = server.exec("vectis", "import", "/root/faults.csv", check=False)
    assert refused.returncode == 1, refused
    for line in (7, 8, 9):
        assert f"/root/faults.csv:{line}" in refused.stderr, refused.stderr
    assert "shop.test" not in server.out("vectis", "domain", "list")

    # Killed in the middle: wholly there, or not at all; asked for again, it is there once.
    with server.spawn("vectis", "import", "/root/accounts.csv", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        for unit in ("vectis-api.service", "vectis-supervisor.service"):
            server.exec("systemctl", "kill", "--kill-whom=main", "--signal=KILL", unit)
    server.exec("systemctl", "reset-failed")
    server.wait("curl", "-sf", "http://127.0.0.1:8800/api/v1/health", what="the API")
    server.exec("vectis", "import", "/root/accounts.csv", check=False)
    rows = [server.out("vectis", what, "list") for what in ("domain", "mailbox", "alias")]
    assert rows[0].count("shop.") >= 2 and rows[1].count("@shop.test") == 2 and rows[2].count("info@shop.test") == 1, rows

    assert mail.login(lab, server, "anna@shop.test") and mail.login(lab, server, "bert@shop.test")
    note = mail.note("a@outside.test", "info@shop.example", "to both")
    assert mail.deliver(lab, server, "info@shop.example", note)["code"] == 250
    for name in ("anna", "bert"):
        mail.wait_for(lab, server, f"{name}@shop.test", "to both")
    assert json.loads(vectis(server, "mailbox", "show", "anna@shop.test", "--json"))["quota"] == 2 << 30

    yaml = "mailboxes:\n  - {address: carl@shop.test}\n  - {address: anna@shop.test}\n  - {address: dora+x@shop.test}\n"
    server.exec("sh", "-c", "cat > /root/more.yaml", input=yaml)
    told = server.exec("vectis", "import", "/root/more.yaml", "--row-by-row", "--json", check=False)
    report = json.loads(told.stdout)
    assert told.returncode == 1 and report["mailboxes"] == 1, report
    assert [(each["line"], each["code"]) for each in report["failures"]] == [(3, "conflict"), (4, "conflict")], report
    assert server.exec("vectis", "plan", check=False).returncode == 0, "the API's rows are no drift"
    vectis(server, "alias", "remove", "info@shop.test", "--yes")
    for name in ("anna", "bert", "carl"):
        vectis(server, "mailbox", "remove", f"{name}@shop.test", "--yes")
    for name in ("shop.example", "shop.test"):
        vectis(server, "domain", "remove", name, "--yes")


def test_config_yaml_and_the_api_leave_each_others_alone(lab):
    server = mail.configured(lab)
    alice = mail.address(server, "alice")
    refused = server.exec("vectis", "mailbox", "suspend", alice, check=False)
    assert refused.returncode == 1 and "config.yaml" in refused.stderr, refused
    vectis(server, "mailbox", "add", mail.address(server, "zoe"), "--password-stdin", input=PASSWORD + "\n")
    server.exec("vectis", "apply", "--yes")
    assert mail.login(lab, server, "zoe")
    listed = {row["address"]: row["managed_by"] for row in json.loads(vectis(server, "mailbox", "list", "--json"))}
    assert listed[alice] == "config" and listed[mail.address(server, "zoe")] == "api"
    # What config.yaml would take from the API is refused before anything is changed, all of it at once.
    vectis(server, "alias", "add", mail.address(server, "team"), "--destinations", alice)
    before = server.read("/etc/vectis/config.yaml")
    server.write("/etc/vectis/config.yaml", before.replace("    mailboxes:\n", "    mailboxes:\n      - name: zoe\n      - name: team\n", 1))
    refused = server.exec("vectis", "plan", check=False)
    assert refused.returncode == 1 and "'zoe@" in refused.stderr and "'team@" in refused.stderr, refused
    server.write("/etc/vectis/config.yaml", before)
    vectis(server, "alias", "remove", mail.address(server, "team"), "--yes")
    vectis(server, "mailbox", "remove", mail.address(server, "zoe"), "--yes")


def test_with_api_and_supervisor_killed_under_load_each_change_is_made_once(lab):
    server = mail.configured(lab)
    hashed = server.read("/root/config.yaml").split('password_hash: "')[1].split('"')[0]
    made = storm(server, kill_one_of("vectis-api.service", "vectis-supervisor.service"), path="/api/v1/mailboxes", field="address",
                 name="storm{}@" + mail.domain(server), bodies=[{"password_hash": hashed}], remove_every=4)
    answered = sorted((each["name"], each["id"]) for each in made if not each["removed"])
    removed = [each["id"] for each in made if each["removed"]]
    there = sorted((row["address"], row["id"]) for row in json.loads(vectis(server, "mailbox", "list", "--managed-by", "api", "--json"))
                   if row["address"].startswith("storm"))
    print(f"{len(answered)} mailboxes made, {len(removed)} more made and removed", flush=True)
    assert answered and answered == there
    rows = [row for row in map(json.loads, server.out("vectis", "audit", "export").splitlines()) if row["target"].startswith("storm")]
    assert sorted(row["target_id"] for row in rows if row["action"] == "mailbox.create") == sorted([id for _, id in there] + removed)
    assert sorted(row["target_id"] for row in rows if row["action"] == "mailbox.delete") == sorted(removed)
    assert json.loads(vectis(server, "audit", "verify", "--json"))["whole"] is True


def expect(lab, server, addresses, code):
    """Each of these is answered so at port 25. Where a domain was made or removed just now, Rspamd reads its list of signers
    anew, and Postfix may answer one message that was under way 451: its sender comes again, and so do we, once."""
    answers = {each: mail.deliver(lab, server, each) for each in addresses}
    for each, answer in answers.items():
        if answer["code"] == 451 and "4.7.1 Service unavailable" in answer["text"]:
            answers[each] = mail.deliver(lab, server, each)
    assert {answer["code"] for answer in answers.values()} == {code}, answers


def vectis(server, *words, **options):
    return server.out("vectis", *words, **options)
