"""The DNS records of a domain that the API made: listed, published, and judged as DNS has them."""

import base64
import concurrent.futures
import json
import threading

import mail
from api import Api
from machine import wait_until
from server import PASSWORD


def test_a_domains_records_are_listed_and_each_is_looked_up(lab):
    server = mail.configured(lab)
    server.exec("vectis", "domain", "add", "shop.test")
    lab.dns.add_zone("shop.test")
    listed = json.loads(server.out("vectis", "domain", "dns", "shop.test", "--json"))
    types = {record["type"] for record in listed["records"] if record["zone"] == "shop.test"}
    assert types == {"MX", "TXT", "SRV"}, types
    assert "autoconfig" not in listed["zone_file"], "nginx does not answer to it"
    # The records of a domain of config.yaml's are those that `vectis dns` prints.
    whole = json.loads(server.out("vectis", "dns", "--json"))["records"]
    assert [each for each in whole if each["zone"] == "shop.test"] == [each for each in listed["records"] if each["zone"] == "shop.test"]
    ours = json.loads(server.out("vectis", "domain", "dns", mail.domain(server), "--json"))["records"]
    assert [each for each in whole if each["zone"] == mail.domain(server)] == [each for each in ours if each["zone"] == mail.domain(server)]

    checked = verify(server, "shop.test", 1)
    assert status_of(checked, "shop.test", "MX") == ["missing"]
    assert not checked["complete"]
    publish(lab, server, listed["zone_file"])
    checked = verify(server, "shop.test", 0)
    assert {record["status"] for record in checked["records"]} == {"published"}, checked
    assert all(record["secure"] for record in checked["records"] if record["zone"] == "shop.test"), checked
    assert "Everything that mail needs is published." in server.out("vectis", "domain", "verify", "shop.test")

    lab.dns.set("shop.test", "TXT", ['"v=spf1 include:elsewhere.test -all"'])
    lab.dns.set("r1._domainkey.shop.test", "TXT", ['"v=DKIM1; k=rsa; p=AAAA"'])
    lab.dns.set("shop.test", "MX", ["5 mx.elsewhere.test."])
    forget(server)
    checked = verify(server, "shop.test", 1)
    assert status_of(checked, "shop.test", "MX") == status_of(checked, "shop.test", "TXT") == ["different"], checked
    assert status_of(checked, "r1._domainkey.shop.test", "TXT") == ["different"]
    found = next(record for record in checked["records"] if record["type"] == "MX")
    assert found["found"] == ["5 mx.elsewhere.test"] and "in the zone of shop.test" in found["advice"], found
    server.exec("vectis", "domain", "remove", "shop.test", "--yes")


def publish(lab, server, zone_file):
    lab.dns.publish(zone_file)
    forget(server)


def forget(server):
    """The server's resolver remembers for a while that there was nothing, or something else."""
    server.exec("unbound-control", "-q", "flush_zone", "shop.test")
    server.exec("unbound-control", "-q", "flush_negative")


def test_mail_verifies_at_every_moment_of_a_rotation(lab):
    server = mail.configured(lab)
    server.exec("vectis", "domain", "add", "shop.test")
    lab.dns.add_zone("shop.test")
    publish(lab, server, zone_file_of(server))
    server.exec("vectis", "mailbox", "add", "anna@shop.test", "--password-stdin", input=PASSWORD + "\n")
    seen, stop = [], threading.Event()

    def send_and_verify():
        while not stop.is_set():
            subject = f"rotation {len(seen)}"
            send(lab, server, subject)
            seen.append(signatures(lab, server, subject))

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send_and_verify)

        def wait_for_more():
            count = len(seen)
            wait_until(lambda: len(seen) > count + 3 or sending.done(), 120, "messages that are sent")

        try:
            wait_for_more()
            server.exec("vectis", "domain", "rotate-keys", "shop.test")
            assert state_of(server) == {"r1": "signing", "e1": "signing", "r2": "waiting", "e2": "waiting"}
            for verb, words in (("rotate-keys", "waiting for DNS"), ("activate-keys", "DNS does not have")):
                refused = server.exec("vectis", "domain", verb, "shop.test", check=False)
                assert refused.returncode == 1 and words in refused.stderr, refused
            wait_for_more()
            publish(lab, server, zone_file_of(server))
            server.exec("vectis", "domain", "activate-keys", "shop.test")
            assert state_of(server) == {"r1": "retired", "e1": "retired", "r2": "signing", "e2": "signing"}
            wait_for_more()
        finally:
            stop.set()
        sending.result(120)
    # Each carries one signature of each kind, and both are good.
    assert {tuple(message) for message in seen} == {(("e1", True), ("r1", True)), (("e2", True), ("r2", True))}, seen
    assert seen == sorted(seen), seen
    early = server.exec("vectis", "domain", "remove-key", "shop.test", "--selector", "r1", "--yes", check=False)
    assert early.returncode == 1 and "under way until" in early.stderr, early
    server.exec("vectis", "mailbox", "remove", "anna@shop.test", "--yes")
    server.exec("vectis", "domain", "remove", "shop.test", "--yes")


def test_a_key_that_another_server_has_published_is_imported_and_signs(lab):
    server = mail.configured(lab)
    server.exec("vectis", "domain", "add", "shop.test")
    server.exec("vectis", "mailbox", "add", "anna@shop.test", "--password-stdin", input=PASSWORD + "\n")
    lab.dns.add_zone("shop.test")
    # DNS as the other server had it: our own keys are not there.
    rsa, rsa_record = key_of_another_server(lab, "genrsa -traditional 2048")
    ed25519, ed25519_record = key_of_another_server(lab, "genpkey -algorithm ed25519")
    lab.dns.publish("\n".join(line for line in zone_file_of(server).splitlines() if "_domainkey" not in line))
    lab.dns.set("old._domainkey.shop.test", "TXT", [in_strings(rsa_record)])
    lab.dns.set("old-ed._domainkey.shop.test", "TXT", [in_strings(ed25519_record)])
    forget(server)

    # Whatever is refused leaves nothing behind.
    keys = "/var/lib/vectis/dkim/shop.test"
    public = lab.outside.out("openssl", "pkey", "-pubout", input=rsa)
    weak = lab.outside.out("openssl", "genrsa", "768")
    for pem, words in ((public, "a public key"), (weak, "768 bits"), (rsa + ed25519, "more than one"), ("", "has 0 bytes")):
        refused = import_key(server, "old", pem, check=False)
        assert refused.returncode == 1 and words in refused.stderr and "/private_key" in refused.stderr, refused
    refused = import_key(server, "r1", rsa, check=False)
    assert refused.returncode == 1 and "already" in refused.stderr, refused
    assert server.out("ls", keys).split() == ["e1.key", "r1.key"]

    server.write("/root/old.pem", rsa, "600")
    shown = server.out("vectis", "domain", "import-key", "shop.test", "--selector", "old", "--file", "/root/old.pem", "--dry-run")
    assert '"..."' in shown and secret_of(rsa) not in shown, shown
    server.exec("vectis", "domain", "import-key", "shop.test", "--selector", "old", "--file", "/root/old.pem")
    api = Api(lab, server)
    path = f"/domains/{json.loads(server.out('vectis', 'domain', 'show', 'shop.test', '--json'))['id']}/dkim/import"
    wrong = api.answer("POST", path, {"selector": "old-ed", "private_key": public})
    assert wrong["status"] == 422 and [each["pointer"] for each in wrong["json"]["errors"]] == ["/private_key"], wrong
    imported = api.post(path, {"selector": "old-ed", "private_key": ed25519}, 200)
    assert {key["selector"]: key["state"] for key in imported["keys"]} == state_of(server), imported
    assert state_of(server) == {"r1": "signing", "e1": "signing", "old": "waiting", "old-ed": "waiting"}
    # Another of a kind that waits.
    refused = import_key(server, "other", rsa, check=False)
    assert refused.returncode == 1 and "waiting for DNS" in refused.stderr, refused
    assert len(set(server.out("sh", "-c", f"stat -c '%U %G %a' {keys}/*").splitlines())) == 1

    server.exec("vectis", "domain", "activate-keys", "shop.test")
    assert state_of(server) == {"r1": "retired", "e1": "retired", "old": "signing", "old-ed": "signing"}
    send(lab, server, "signed as before the move")
    assert signatures(lab, server, "signed as before the move") == [("old", True), ("old-ed", True)]
    # The next keys are ours again, and an imported one that does not sign goes with its file.
    server.exec("vectis", "domain", "rotate-keys", "shop.test")
    for selector in ("r2", "e2"):
        server.exec("vectis", "domain", "remove-key", "shop.test", "--selector", selector, "--yes")
    import_key(server, "spare", lab.outside.out("openssl", "genrsa", "1024"))
    assert "spare.key" in server.out("ls", keys)
    server.exec("vectis", "domain", "remove-key", "shop.test", "--selector", "spare", "--yes")
    assert "spare.key" not in server.out("ls", keys)

    # The private halves are in the keys' files and nowhere else.
    server.exec("rm", "/root/old.pem")
    told = server.out("sh", "-c", "journalctl -q --no-pager; cat /var/lib/vectis/api/* /var/lib/vectis/directory/* "
                                  "/var/lib/vectis/supervisor.db*; vectis audit export")
    assert "domain.import_dkim_key" in told
    assert secret_of(rsa) not in told and secret_of(ed25519) not in told
    api.close()
    server.exec("vectis", "mailbox", "remove", "anna@shop.test", "--yes")
    server.exec("vectis", "domain", "remove", "shop.test", "--yes")


def key_of_another_server(lab, how):
    """The private key, and what its owner has published of it."""
    pem = lab.outside.out(f"openssl {how}")
    kind = "rsa" if "BEGIN RSA" in pem else "ed25519"
    # RFC 8463 section 4: of an Ed25519 key the 32 bytes alone.
    part = "cat" if kind == "rsa" else "tail -c 32"
    half = lab.outside.out("sh", "-c", f"openssl pkey -pubout -outform DER | {part} | base64 -w0", input=pem + "\n")
    return pem + "\n", f"v=DKIM1; k={kind}; p={half}"


def in_strings(text):
    """A TXT record's value: strings of at most 255 bytes."""
    return " ".join(f'"{text[at:at + 255]}"' for at in range(0, len(text), 255))


def import_key(server, selector, pem, **options):
    return server.exec("vectis", "domain", "import-key", "shop.test", "--selector", selector, input=pem, **options)


def secret_of(pem):
    return [line for line in pem.splitlines() if len(line) == 64][-1][32:]


def test_what_rspamd_could_not_be_told_it_is_told_later(lab):
    server = mail.configured(lab)
    server.exec("vectis", "domain", "add", "gone.test")
    server.exec("vectis", "domain", "add", "shop.test")
    server.exec("vectis", "domain", "rotate-keys", "shop.test")
    keys, signers = "/var/lib/vectis/dkim", "/var/lib/vectis/dkim/signers.conf"
    assert server.out("ls", f"{keys}/shop.test").split() == ["e1.key", "e2.key", "r1.key", "r2.key"]
    before = server.out("cat", f"{keys}/shop.test/r2.key")
    server.exec("vectis", "domain", "remove-key", "shop.test", "--selector", "r2", "--yes")
    assert server.out("ls", f"{keys}/shop.test").split() == ["e1.key", "e2.key", "r1.key"]
    server.exec("vectis", "domain", "remove-key", "shop.test", "--selector", "e2", "--yes")
    # Somebody put it back, or it survived a kill: nobody signs with it again.
    server.exec("tee", f"{keys}/shop.test/r2.key", input=before)
    server.exec("vectis", "domain", "rotate-keys", "shop.test")
    assert server.out("cat", f"{keys}/shop.test/r2.key") != before
    server.exec("systemctl", "mask", "--runtime", "--now", "rspamd.service")
    server.exec("vectis", "domain", "remove", "gone.test", "--yes")
    server.exec("vectis", "domain", "add", "new.test")
    server.exec("systemctl", "unmask", "--runtime", "rspamd.service")
    reloads = reloads_of_rspamd(server)
    server.exec("systemctl", "start", "rspamd.service")
    listed = server.out("cat", signers)
    assert "new.test" in listed and "gone.test" not in listed, listed
    wait_until(lambda: reloads_of_rspamd(server) > reloads, 90, "the supervisor to tell Rspamd")
    for domain in ("new.test", "shop.test"):
        server.exec("vectis", "domain", "remove", domain, "--yes")
    assert server.exec("ls", f"{keys}/new.test", check=False).returncode != 0


def reloads_of_rspamd(server):
    return server.out("journalctl", "-u", "rspamd.service", "-o", "cat", "--no-pager").count("Reloaded rspamd.service")


def send(lab, server, subject):
    """Rspamd may be reading its configuration again: 451, and the sender tries again."""
    def accepted():
        code = mail.submit(lab, server, "anna@shop.test", "bert@outside.test",
                           message=mail.note("anna@shop.test", "bert@outside.test", subject))["code"]
        assert code in (250, 451), code
        return code == 250
    wait_until(accepted, 60, f"'{subject}' to be taken")


def signatures(lab, server, subject):
    """Those of shop.test on a message that bert got: which key made each, and whether it is good."""
    raw = mail.received(lab, "bert@outside.test", subject)
    found = mail.call(lab.outside, "verify", content=base64.b64encode(raw).decode(), ip=server.ip, sender="anna@shop.test",
                      hello=server.hostname)
    return sorted((one["selector"], one["valid"]) for one in found["dkim"] if one["domain"] == "shop.test")


def zone_file_of(server):
    return json.loads(server.out("vectis", "domain", "dns", "shop.test", "--json"))["zone_file"]


def state_of(server):
    return {key["selector"]: key["state"] for key in json.loads(server.out("vectis", "domain", "keys", "shop.test", "--json"))["keys"]}


def verify(server, domain, expected):
    done = server.exec("vectis", "domain", "verify", domain, "--json", check=False)
    assert done.returncode == expected, done
    return json.loads(done.stdout)


def status_of(checked, name, type):
    return [record["status"] for record in checked["records"] if (record["name"], record["type"]) == (name, type)]
