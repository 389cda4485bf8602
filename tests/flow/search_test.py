"""Full-text search: what stands in a message is found by IMAP, whatever its encoding, after moves and expunges, and with the
index gone. The mail program is Python's imaplib."""

import json
import time

import mail
from host import LabError
from server import PASSWORD

# Dovecot 2.3 and 2.4 have engines of their own, whose index lies with the mail.
INDEX = {"bookworm": "Maildir/xapian-indexes", "trixie": "Maildir/fts-flatcurve"}
NOTHING = {"plain": [], "html": [], "base64": [], "quoted": [], "attached": [], "letters": []}

# Reads [[folder, word], ...] on standard input, prints the subjects that SEARCH BODY finds for each.
SEARCH = """
import email.header, imaplib, json, ssl, sys
host, user, password, asked = json.load(sys.stdin)
connection = imaplib.IMAP4_SSL(host, 993, ssl_context=ssl._create_unverified_context(), timeout=120)
connection.login(user, password)
told = []
for folder, key, word in asked:
    opened = connection.select(folder, readonly=True)
    assert opened[0] == "OK", (folder, opened)
    connection.literal = word.encode()
    found = connection.search("UTF-8", key)
    assert found[0] == "OK", (folder, found)
    numbers = found[1][0].split()
    rows = connection.fetch(b",".join(numbers), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1] if numbers else []
    told.append(sorted(row[1].decode().partition(":")[2].strip() for row in rows if isinstance(row, tuple)))
print(json.dumps(told))
"""


def test_text_is_found_in_plain_html_and_encoded_parts(lab):
    server = filled(lab)
    assert search(lab, server, "giraffe", "GIRAFFE", "giraf", "raffe", "eats giraffe") == [["plain"]] * 5
    assert search(lab, server, "hippopotamus", "Köln", "secretstyle") == [["html"], ["html"], []]
    assert search(lab, server, "leopard", "größe", "GRÖSSE", "läuft") == [["base64"], ["base64"], [], ["base64"]]
    assert search(lab, server, "Krokodil", "Straße") == [["quoted"], ["quoted"]]
    assert search(lab, server, "ostrich") == [["attached"]]
    assert search(lab, server, "Привет", "привет", "日本語") == [["letters"]] * 3
    assert search(lab, server, "platypus", "' or 1=1", "*", "NOT giraffe") == [[]] * 4
    assert search(lab, server, "plain", "pl", "la", key="SUBJECT") == [["plain"]] * 3
    assert search(lab, server, "outside", "anna@outside.test", key="FROM") == [sorted(NOTHING)] * 2


def test_what_is_moved_or_expunged_is_found_where_it_is(lab):
    server = filled(lab)
    alice = mail.address(server, "alice")
    assert mail.call(lab.outside, "move", host=server.ip, user=alice, password=PASSWORD, subject="plain", source="INBOX",
                     target="Archive") == 1
    server.exec("doveadm", "expunge", "-u", alice, "mailbox", "INBOX", "subject", "quoted")
    assert search(lab, server, "giraffe", "Krokodil", "leopard") == [[], [], ["base64"]]
    assert search(lab, server, "giraffe", folder="Archive") == [["plain"]]
    # Junk and Trash are indexed when somebody searches there.
    for folder in ("Junk", "Trash"):
        assert mail.call(lab.outside, "move", host=server.ip, user=alice, password=PASSWORD, subject="base64",
                         source="INBOX" if folder == "Junk" else "Junk", target=folder) == 1
        assert search(lab, server, "leopard", folder=folder) == [["base64"]]


def test_the_index_is_a_cache(lab):
    server = filled(lab)
    home, index = f"/var/vmail/{mail.domain(server)}/alice", INDEX[server.suite]
    assert search(lab, server, "giraffe") == [["plain"]]
    assert server.out("find", f"{home}/{index}", "-name", "*.glass")
    server.exec("rm", "-r", f"{home}/{index}")
    assert search(lab, server, "giraffe", "leopard") == [["plain"], ["base64"]]
    assert server.out("find", f"{home}/{index}", "-name", "*.glass"), "it did not come back"
    # Broken in its midst: mail is searched without it until somebody removes it.
    server.exec("sh", "-c", f"for file in {home}/{index}/*/*.glass; do head -c 3000 /dev/urandom > $file; done")
    assert search(lab, server, "giraffe", "leopard") == [["plain"], ["base64"]]
    alice = mail.address(server, "alice")
    assert server.exec("doveadm", "index", "-u", alice, "INBOX", check=False).returncode != 0
    server.exec("rm", "-r", f"{home}/{index}")
    server.exec("doveadm", "index", "-u", alice, "INBOX")
    assert search(lab, server, "giraffe", "leopard") == [["plain"], ["base64"]]
    died = server.exec("journalctl", "-q", "-o", "cat", "-u", "dovecot", "-g", "killed with signal|Panic", check=False)
    assert died.returncode == 1 and not died.stdout, died       # 1: no such line


def test_a_power_cut_costs_nobody_more_than_the_index(lab):
    server = filled(lab)
    alice = mail.address(server, "alice")
    server.exec("rm", "-rf", f"/var/vmail/{mail.domain(server)}/alice/{INDEX[server.suite]}")
    assert search(lab, server, "giraffe", "leopard") == [["plain"], ["base64"]]
    cut = server.power_cut("cut")       # the index is new, and not on the disk yet
    try:
        await_health(cut)
        assert search_after_cut(lab, cut, "giraffe", "leopard") == [["plain"], ["base64"]]
        cut.exec("doveadm", "expunge", "-u", alice, "mailbox", "INBOX", "subject", "quoted")
        assert search(lab, cut, "Krokodil", "leopard") == [[], ["base64"]]
        died = cut.exec("journalctl", "-q", "-o", "cat", "-b", "-u", "dovecot", "-g", "killed with signal|Panic", check=False)
        assert died.returncode == 1 and not died.stdout, died
        index = f"/var/vmail/{mail.domain(server)}/alice/{INDEX[server.suite]}"
        before = cut.out("ls", "-di", index)
        cut.reboot()
        await_health(cut)
        assert cut.out("ls", "-di", index) == before, "an orderly end costs nothing"
    finally:
        cut.destroy()


def test_it_can_be_switched_off_and_on_again(lab):
    server = filled(lab)
    server.exec("vectis", "config", "set", "dovecot.full_text_search", "false")
    server.exec("vectis", "apply", "--yes")
    assert "fts_" not in server.out("doveconf", "-n")
    assert search(lab, server, "giraffe", "leopard") == [["plain"], ["base64"]]
    server.exec("vectis", "config", "set", "dovecot.full_text_search", "true")
    server.exec("vectis", "apply", "--yes")
    assert search(lab, server, "giraffe", "leopard") == [["plain"], ["base64"]]


def test_the_index_counts_for_nobodys_quota(lab):
    server = filled(lab)
    alice = mail.address(server, "alice")
    server.exec("doveadm", "index", "-u", alice, "*")
    before = server.out("doveadm", "quota", "get", "-u", alice)
    server.exec("rm", "-rf", f"/var/vmail/{mail.domain(server)}/alice/{INDEX[server.suite]}")
    server.exec("doveadm", "quota", "recalc", "-u", alice)
    assert server.out("doveadm", "quota", "get", "-u", alice) == before


def await_health(server, patience=90):
    """Dovecot mends its own indexes when they are first used: whoever comes first after a power cut may have to ask again."""
    deadline = time.monotonic() + patience
    while (done := server.exec("vectis", "health", check=False)).returncode != 0:
        journal = server.out("journalctl", "-q", "--no-pager", "-b", "-n", "60", "-u", "dovecot", "-u", server.postfix)
        assert time.monotonic() < deadline, done.stdout + journal


def filled(lab):
    """The server of its setup, with one message of each kind in alice's INBOX, and nothing else."""
    server = mail.configured(lab)
    mail.empty(server, "alice")
    for message in messages(server):
        assert mail.deliver(lab, server, mail.address(server, "alice"), message)["code"] == 250
    for name in NOTHING:
        mail.wait_for(lab, server, "alice", name)
    return server


def messages(server):
    def new(subject, text, **options):
        message = mail.note("anna@outside.test", mail.address(server, "alice"), subject, "")
        message.set_content(text, **options)
        return message
    yield new("plain", "The giraffe eats leaves.\n")
    html = new("html", "Nothing to be seen here.\n")
    html.add_alternative("<style>.secretstyle {}</style><p>The <b>hippopotamus</b> of K&ouml;ln &amp; others</p>\n", subtype="html")
    yield html
    yield new("base64", "Der Leopard läuft. Größe: zwei Meter.\n", cte="base64")
    yield new("quoted", "Ein Krokodil schwimmt in der Straße.\n" * 3, cte="quoted-printable")
    attached = new("attached", "See the file.\n")
    attached.add_attachment("The ostrich stands in a file.\n", filename="bird.txt")
    yield attached
    yield new("letters", "Привет, 日本語 и мир\n")


def search_after_cut(lab, server, *words):
    """Where the cut left Dovecot's own index of a folder ahead of its log, or half a record in the log, Dovecot mends it and
    answers NO to whoever opened the folder, once (seen on 12: "Lost log for seq"; on 13: "Corrupted transaction log file").
    Nothing else may go wrong, and nothing twice."""
    try:
        return search(lab, server, *words)
    except LabError as error:
        assert "SERVERBUG" in str(error), error
        assert server.out("journalctl", "-q", "-o", "cat", "-b", "-u", "dovecot", "-g",
                          "fscking index file|Corrupted transaction log file")
        return search(lab, server, *words)


def search(lab, server, *words, folder="INBOX", key="BODY"):
    """For each word the subjects of the messages that it is found in."""
    asked = [server.ip, mail.address(server, "alice"), PASSWORD, [[folder, key, word] for word in words]]
    return json.loads(lab.outside.out("python3", "-c", SEARCH, input=json.dumps(asked)))
