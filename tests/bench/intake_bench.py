"""Mail coming in on port 25: our whole configuration beside Debian's own Postfix, in the same server at the same time.

Debian's is a second instance with the main.cf and master.cf that its package made, and the same Rspamd as milter. Both discard
what they have taken, so that a round measures taking mail in; rounds alternate, and only their ratio means anything. The
processor time is that of the whole server, which tells the same on a machine that others use.
"""

import statistics
import time

import runner
from host import SOURCE
from machine import wait_until

mail = runner.load(SOURCE / "tests/flow/mail.py")

STOCK = "/etc/postfix-stock"
STOCK_PORT = 2525
MESSAGES = 300
SESSIONS = 8
ROUNDS = 5


def test_our_postfix_takes_mail_in_as_fast_as_debians(lab):
    server = lab.vectis()
    start_stock(server)
    to_discard(server)
    lab.outside.write("/root/message", mail.note("anna@outside.test", "alice@example.test", "Minutes",
                                                 "A line of the minutes of our last meeting.\n" * 80).as_bytes())
    rows = []
    for what, options in (("a connection for each message", ()), ("kept connections", ("-d",))):
        rows.append((what, *alternate(lab, server, options)))
    for path in ("/var/lib/vectis/current/postfix/main.cf", f"{STOCK}/main.cf"):
        set_parameter(server, path, "smtpd_milters", "")
    reload(server)
    rows.append(("kept connections, no Rspamd", *alternate(lab, server, ("-d",))))
    table(rows)


def alternate(lab, server, options):
    """Of Debian's and ours: messages a second and the server's processor milliseconds for each, round by round."""
    sides = {"stock": (STOCK_PORT, f"root@{server.hostname}", "postfix-stock"),
             "ours": (25, mail.address(server, "alice"), "postfix")}
    before = {side: delivered(server, name) for side, (_, _, name) in sides.items()}
    rates = {side: [] for side in sides}
    costs = {side: [] for side in sides}
    for number in range(ROUNDS + 1):        # the first warms up and does not count
        for side in sorted(sides, reverse=number % 2 == 1):
            port, recipient, _ = sides[side]
            used = processor(server)
            took = send(lab, server, port, recipient, options)
            await_empty(server)
            if number > 0:
                rates[side].append(MESSAGES / took)
                costs[side].append((processor(server) - used) / MESSAGES)
    for side, (_, _, name) in sides.items():
        count = delivered(server, name) - before[side]
        assert count == MESSAGES * (ROUNDS + 1), f"{side}: {count} messages came through"
    return rates, costs


def send(lab, server, port, recipient, options):
    """Seconds until the last message was taken; smtp-source ends with an error at the first one that is not."""
    start = time.monotonic()
    lab.outside.exec("smtp-source", "-s", SESSIONS, "-m", MESSAGES, *options, "-M", "client.outside.test", "-f",
                     "anna@outside.test", "-t", recipient, "-F", "/root/message", f"inet:{server.ip}:{port}")
    return time.monotonic() - start


def processor(server):
    """Milliseconds of processor time that everything in the server has taken."""
    return int((server.cgroup / "cpu.stat").read_text().split()[1]) / 1000


def delivered(server, name):
    """Messages that an instance has passed on to its discard."""
    server.exec("journalctl", "--sync")
    return server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-t", f"{name}/discard").count("status=sent")


def await_empty(server):
    wait_until(lambda: not any(server.out("find", f"/var/spool/{queue}/{part}", "-type", "f")
                               for queue in ("postfix", "postfix-stock") for part in ("incoming", "active", "deferred")),
               60, "empty queues")


# The two instances

def start_stock(server):
    """Debian's own configuration as it was before Vectis, in folders and on a port of its own."""
    originals = "/var/lib/vectis/originals/etc/postfix"
    server.exec("sh", "-c", f"""set -e
        cp -a /etc/postfix {STOCK} && rm {STOCK}/main.cf {STOCK}/master.cf
        cp {originals}/main.cf {originals}/master.cf {STOCK}/
        mkdir -p /var/spool/postfix-stock/run/vectis-milter /var/lib/postfix-stock
        chown postfix /var/lib/postfix-stock
        for part in etc lib usr; do     # where its smtpd runs in a chroot
            [ ! -e /var/spool/postfix/$part ] || cp -a /var/spool/postfix/$part /var/spool/postfix-stock/
        done
        mount --bind /run/vectis-milter /var/spool/postfix-stock/run/vectis-milter
        sed -i 's/^smtp      inet/{STOCK_PORT}      inet/' {STOCK}/master.cf""")
    for name, value in (("queue_directory", "/var/spool/postfix-stock"), ("data_directory", "/var/lib/postfix-stock"),
                        ("syslog_name", "postfix-stock"), ("inet_interfaces", "all"), ("inet_protocols", "all"),
                        ("myhostname", server.hostname), ("mydestination", "$myhostname, localhost"),
                        ("smtpd_milters", "unix:/run/vectis-milter/rspamd.sock"), ("local_transport", "discard:")):
        set_parameter(server, f"{STOCK}/main.cf", name, value)
    server.exec("systemd-run", "--unit=postfix-stock", "-p", "Type=forking", "-p", "LogRateLimitIntervalSec=0",
                "postfix", "-c", STOCK, "start")


def to_discard(server):
    set_parameter(server, "/var/lib/vectis/current/postfix/main.cf", "virtual_transport", "discard:")
    reload(server)


def set_parameter(server, path, name, value):
    """Without postconf, which puts a plain file in the place of our link."""
    lines = [line for line in server.read(path).splitlines() if not line.startswith(f"{name} =")]
    server.write(path, "\n".join([*lines, f"{name} = {value}", ""]))


def reload(server):
    server.exec("systemctl", "reload", server.postfix)
    server.exec("postfix", "-c", STOCK, "reload")


def table(rows):
    print(f"\n{'mail in (medians)':<32}{'messages a second':^30}{'CPU ms a message':^30}\n" + " " * 32
          + f"{'Debian':>8}{'ours':>8}{'ratio':>8}      " * 2 + "ratios of messages a second, lowest and highest")
    for what, rates, costs in rows:
        ratios = [ours / stock for ours, stock in zip(rates["ours"], rates["stock"])]
        costs_ratio = statistics.median(ours / stock for ours, stock in zip(costs["ours"], costs["stock"]))
        print(f"{what:<32}{statistics.median(rates['stock']):>8.0f}{statistics.median(rates['ours']):>8.0f}"
              f"{statistics.median(ratios):>8.2f}      {statistics.median(costs['stock']):>8.2f}"
              f"{statistics.median(costs['ours']):>8.2f}{costs_ratio:>8.2f}      {min(ratios):.2f} {max(ratios):.2f}", flush=True)
