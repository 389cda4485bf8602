"""What is rendered is what the daemons read: each golden file is given to its real daemon, whose own tool prints the values
back; and names with every character that means something to a shell, SQL, Postfix or Dovecot stay what they are."""

import json
import pathlib
import re
import sqlite3
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
GENERATION = "/var/lib/vectis/generations/1"
DATABASE = "/var/lib/vectis/directory/directory.db"
LINKS = {
    "postfix/main.cf": "/etc/postfix/main.cf",
    "postfix/master.cf": "/etc/postfix/master.cf",
    "dovecot/dovecot.conf": "/etc/dovecot/dovecot.conf",
    "rspamd/local.d": "/etc/rspamd/local.d",
    "fail2ban/jail.d/vectis.conf": "/etc/fail2ban/jail.d/vectis.conf",
    "fail2ban/fail2ban.d/vectis.conf": "/etc/fail2ban/fail2ban.d/vectis.conf",
    "fail2ban/filter.d/vectis-dovecot.conf": "/etc/fail2ban/filter.d/vectis-dovecot.conf",
    "fail2ban/filter.d/vectis-smtp.conf": "/etc/fail2ban/filter.d/vectis-smtp.conf",
    "fail2ban/filter.d/vectis-webmail.conf": "/etc/fail2ban/filter.d/vectis-webmail.conf",
    "unbound/vectis.conf": "/etc/unbound/unbound.conf.d/vectis.conf",
}
# facts of the field: quotes, comments, separators, expansions, pipes, includes, long and empty parts
HOSTILE = ["o'brien", "' or 1=1 --", "a\"b", "a\\b", "a;b", "a:b", "a|b", "|cmd", "a$b", "${x}", "a%b", "%s", "%u@%d", "{a}",
           "#a", "a,b", "<a>", "(a)", "-a", ".a", "a..b", "../a", "/a", ":include:/etc/shadow", "a=b", "a b", "ünï", "x" * 64]


# What is rendered for newer daemons, where it differs, lies beside the rest.
GOLDEN = {"bookworm": ("rendered",), "trixie": ("rendered", "newer")}
CERTIFICATE = "/etc/ssl/certs/mx1.example.test.pem"
DOVECOT_CERTIFICATE = {"bookworm": f"ssl_cert = <{CERTIFICATE}\n", "trixie": f"ssl_server_cert_file = {CERTIFICATE}\n"}


def golden(name, suite):
    return {str(path.relative_to(SOURCE / "tests/golden" / name / folder)): path for folder in GOLDEN[suite]
            for path in sorted((SOURCE / "tests/golden" / name / folder).rglob("*")) if path.is_file()}


def placed(lab, name):
    """The running machine with the files of a golden configuration where the daemons look for them."""
    machine = lab.machine("mail")
    if not machine.running:
        machine = lab.bare()
    machine.exec("rm", "-rf", GENERATION)
    for path, source in golden(name, lab.suite).items():
        machine.exec("install", "-d", str(pathlib.PurePath(GENERATION, path).parent))
        machine.push(source, f"{GENERATION}/{path}")
    machine.exec("ln", "-sfn", "generations/1", "/var/lib/vectis/current")
    for path, where in LINKS.items():
        machine.exec("sh", "-c", '[ -L "$0" ] || rm -rf "$0"; ln -sfn "$1" "$0"', where, f"/var/lib/vectis/current/{path}")
    return machine


def parameters(text):
    """main.cf by the rules of postconf(5): a line that starts with a blank continues the one before."""
    values, name = {}, None
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            values[name] += " " + line.strip()
        else:
            name, value = (part.strip() for part in line.split("=", 1))
            assert name not in values, f"main.cf says {name} twice"
            values[name] = value
    return values


def same_blanks(text):
    return re.sub(r"\s+", " ", text).strip()


def test_postfix_reads_each_parameter_of_main_cf_and_no_other(lab):
    for name in ("minimal", "full"):
        machine = placed(lab, name)
        wanted = parameters(golden(name, lab.suite)["postfix/main.cf"].read_text())
        shown = machine.exec("postconf", "-c", "/etc/postfix", "-n")
        assert shown.stderr == "", shown.stderr
        got = parameters(shown.stdout)
        # config_directory is what -c says; a value equal to the default is shown all the same.
        got.pop("config_directory", None)
        assert got.keys() == wanted.keys(), got.keys() ^ wanted.keys()
        for parameter, value in wanted.items():
            assert same_blanks(got[parameter]) == same_blanks(value), (parameter, got[parameter], value)


def test_postfix_reads_master_cf_without_a_warning(lab):
    for name, ports in (("minimal", {"smtp", "submission", "submissions"}), ("full", {"smtp", "submissions"})):
        machine = placed(lab, name)
        shown = machine.exec("postconf", "-M")
        assert shown.stderr == "", shown.stderr
        services = [line.split() for line in shown.stdout.splitlines() if line and not line[0].isspace()]
        assert {fields[0] for fields in services if fields[1] == "inet"} == ports
        assert all(fields[4] == "n" for fields in services), "a service in a chroot"


def test_the_relay_password_is_read_back_exactly(lab):
    machine = placed(lab, "full")
    # Postfix's tools refuse to work where an address of inet_interfaces is not the host's.
    for address in ("192.0.2.10/32", "198.51.100.7/32", "2001:db8::10/128"):
        machine.exec("ip", "address", "replace", address, "dev", "lo")
    machine.exec("chmod", "600", f"{GENERATION}/postfix/relay_credentials")
    shown = machine.exec("postmap", "-q", "[smtp.provider.test]:465",
                         "texthash:/var/lib/vectis/current/postfix/relay_credentials")
    assert shown.stdout == "example$user:p$w #:{}\"'\\%s|cmd\n", shown.stdout


def test_dovecot_reads_what_was_rendered(lab):
    for name, expected in (
            ("minimal", {"protocols": "lmtp imap sieve", "listen": "* ::", "recipient_delimiter": "+"}),
            ("full", {"protocols": "lmtp imap pop3 sieve", "recipient_delimiter": "-",
                      "listen": "192.0.2.10 2001:db8::10 198.51.100.7 127.0.0.1 ::1"})):
        machine = placed(lab, name)
        for setting, value in expected.items():
            shown = machine.out("doveconf", setting).replace(",", "")
            assert shown == f"{setting} = {value}", shown
        assert machine.exec("doveconf", "-n").stderr == ""
    inbox = machine.out("doveconf", "-n", "namespace/inbox")
    assert re.search(r"autoexpunge = (14 days|2 weeks|14d)$", inbox, re.M), inbox
    assert inbox.count("autoexpunge") == 1, inbox
    assert DOVECOT_CERTIFICATE[lab.suite] in golden("full", lab.suite)["dovecot/dovecot.conf"].read_text()


def test_rspamd_reads_what_was_rendered(lab):
    machine = placed(lab, "full")
    assert "syntax OK" in machine.exec("rspamadm", "configtest").stdout
    dump = json.loads(machine.out("rspamadm", "configdump", "--json"))
    assert dump["actions"] | {"reject": 12.5, "add_header": 5, "greylist": 3} == dump["actions"]
    assert dump["greylist"]["enabled"] is True
    domains = dump["dkim_signing"]["domain"]
    assert set(domains) == {"mx1.example.test", "example.test", "example-shop.test", "strict.test", "stricter.test"}
    assert domains["example-shop.test"]["selectors"] == [
        {"selector": "rsa2026", "path": "/var/lib/vectis/dkim/example-shop.test/rsa2026.key"},
        {"selector": "ed2026", "path": "/var/lib/vectis/dkim/example-shop.test/ed2026.key"}]
    assert dump["dkim_signing"]["sign_local"] is False and dump["dkim_signing"]["use_esld"] is False
    own = dump["settings"]["strict.test"]
    assert own["rcpt"] == ["@strict.test", "@stricter.test"]
    assert own["apply"]["actions"] == {"reject": 8, "add header": 4.5}
    assert set(dump["settings"]) == {"submitters", "forward", "probe", "strict.test"}
    assert dump["antivirus"]["clamav"]["action"] == "reject"


def test_unbound_reads_what_was_rendered(lab):
    machine = placed(lab, "minimal")
    assert machine.out("unbound-checkconf", "-o", "interface").split() == ["127.0.0.1", "::1"]


def test_fail2ban_reads_what_was_rendered(lab):
    machine = placed(lab, "full")
    assert "successful" in machine.out("fail2ban-client", "--test")
    dump = machine.out("fail2ban-client", "-d")
    for jail, setting, value in (("vectis-dovecot", "maxretry", 5), ("vectis-smtp", "maxretry", 25), ("vectis-webmail", "bantime", 7200),
                                 ("vectis-postfix-sasl", "findtime", 1800), ("vectis-manual", "bantime", 7200)):
        assert f"['set', '{jail}', '{setting}', {value}]" in dump or f"['set', '{jail}', '{setting}', '{value}']" in dump, (jail, setting)
    assert "'192.0.2.0/24', '2001:db8:1::/48', '198.51.100.7'" in dump


def test_a_hostile_name_is_found_as_itself_and_as_nothing_else(lab):
    machine = placed(lab, "minimal")
    schema = "".join(path.read_text() for path in sorted((SOURCE / "migrations/directory").glob("*.sql")))
    quoted = lambda text: "'" + text.replace("'", "''") + "'"
    rows = ["insert into domains (id, name, managed_by) values ('d', 'example.test', 'config');"]
    for number, name in enumerate(HOSTILE):
        address = quoted(f"{name}@example.test")
        rows.append("insert into mailboxes (id, address, domain, local_part, managed_by) values "
                    f"('m{number}', {address}, 'example.test', {quoted(name)}, 'config');")
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(f"{folder}/directory.db")
        database.executescript(schema + "\n".join(rows))
        database.commit()
        database.close()
        machine.push(f"{folder}/directory.db", DATABASE)
    maps = "/var/lib/vectis/current/postfix"
    for name in HOSTILE:
        address = f"{name}@example.test"
        for table in ("mailboxes", "aliases", "sender_logins"):
            shown = machine.exec("postmap", "-q", address, f"sqlite:{maps}/{table}.cf", check=False)
            assert shown.stdout == address + "\n", (table, name, shown.stdout, shown.stderr)
        assert machine.out("postmap", "-q", address, f"sqlite:{maps}/recipients.cf") == "DUNNO", name
        for table in ("domains", "catch_all"):
            shown = machine.exec("postmap", "-q", address, f"sqlite:{maps}/{table}.cf", check=False)
            assert shown.stdout == "" and shown.returncode == 1, (table, name, shown.stdout, shown.stderr)
    for name in HOSTILE:
        shown = machine.exec("postmap", "-q", f"not-{name}@example.test", f"sqlite:{maps}/mailboxes.cf", check=False)
        assert shown.stdout == "" and shown.returncode == 1, (name, shown.stdout, shown.stderr)
