"""The lab itself: what the other tests take for granted."""

from machine import wait_until


def test_server_runs_a_whole_debian_with_systemd(lab):
    server = lab.bare()
    server.exec("systemctl", "is-system-running", "--wait", check=False)
    # Debian 12's fail2ban does not start where no syslog daemon writes a log.
    failed = server.out("systemctl", "list-units", "--failed", "--plain", "--no-legend")
    assert [line.split()[0] for line in failed.splitlines()] in ([], ["fail2ban.service"]), failed
    assert server.out("hostname", "-f") == "mail.example.test"
    assert server.exec("cat", input="through").stdout == "through"
    assert server.exec("exit 7 ", check=False).returncode == 7


def test_changed_zone_is_seen_at_once(lab):
    for number in range(3):
        lab.dns.set("changing.example.test", "A", [f"192.0.2.{number}"])
        assert lab.outside.out("dig", "+short", "changing.example.test") == f"192.0.2.{number}"
    lab.dns.set("changing.example.test", "A", [])
    assert "NXDOMAIN" in lab.outside.out("dig", "changing.example.test")


def test_names_resolve_both_ways_from_a_server(lab):
    server = lab.machine("mail")
    assert server.out("getent", "ahostsv4", "mx.outside.test").startswith("198.51.100.25 ")
    assert server.out("getent", "hosts", "198.51.100.25").split()[1] == "mx.outside.test"
    assert lab.outside.out("dig", "+short", "-x", server.ip) == "mail.example.test."
    assert lab.outside.out("dig", "+short", "-x", server.ip6) == "mail.example.test."


def test_debians_own_unbound_validates_from_the_root(lab):
    """Its root hints and trust anchor are Debian's files; a zone whose DS is wrong must not resolve."""
    server = lab.machine("mail")
    server.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    lab.dns.add_zone("broken.test")
    lab.dns.set("www.broken.test", "A", ["192.0.2.9"])
    assert server.out("getent", "ahostsv4", "www.broken.test").startswith("192.0.2.9 ")
    assert server.out("getent", "ahostsv4", "mx.outside.test").startswith("198.51.100.25 ")
    lab.dns.set("broken.test", "DS", ["4711 13 2 " + "00" * 32])
    server.exec("systemctl", "restart", "unbound")
    assert server.exec("getent", "ahostsv4", "www.broken.test", check=False).returncode != 0
    assert server.out("getent", "ahostsv4", "mx.outside.test").startswith("198.51.100.25 ")
    server.write("/etc/resolv.conf", "nameserver 198.51.100.53\n")


def test_blocklists_have_their_test_entries_and_can_be_changed(lab):
    def listed(address):
        reverse = ".".join(reversed(address.split(".")))
        return lab.outside.out("dig", "+short", f"{reverse}.zen.spamhaus.org")
    assert listed("127.0.0.2") == "127.0.0.2"
    assert listed("127.0.0.1") == ""
    lab.dns.list_address("203.0.113.10", answer="127.0.0.4")
    assert listed("203.0.113.10") == "127.0.0.4"
    lab.dns.list_address("203.0.113.10", answer=None)
    assert listed("203.0.113.10") == ""


def test_foreign_mail_server_receives_and_sends(lab):
    server = lab.machine("mail")
    server.exec("sendmail", "-f", "root@mail.example.test", "Some.One@outside.test", input="Subject: out\n\nbody\n")
    arrived = lab.outside.wait_mail("Some.One@outside.test", "out")
    assert arrived["return-path"] == "<root@mail.example.test>"
    server.exec("postconf", "-e", "mydestination=mail.example.test")
    server.exec("systemctl", "reload", server.postfix)
    lab.outside.send("sender@outside.test", "root@mail.example.test", "Subject: in\n\nbody\n")
    assert "Subject: in" in server.wait("cat", "/var/mail/root").stdout


def test_client_of_any_address_reaches_a_server(lab):
    done = lab.outside.swaks("--server", lab.machine("mail").ip, "--local-interface", "192.0.2.77",
                             "--quit-after", "EHLO", "--ehlo", "client.outside.test")
    assert done.returncode == 0, done.stdout
    assert "220 " in done.stdout


def test_http_receiver_records_and_answers_as_told(lab):
    outside = lab.outside
    outside.http_answer("/hook", status=503, body="later")
    status = outside.out("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "/etc/lab/ca.crt",
                         "-d", "payload", "https://hooks.outside.test/hook")
    assert status == "503"
    assert [request["body"] for request in outside.http_requests("/hook")] == [b"payload"]


def test_acme_server_answers_and_servers_trust_its_certificate(lab):
    assert "newOrder" in lab.outside.out("curl", "-s", "--cacert", "/etc/lab/ca.crt",
                                         "https://acme.outside.test:14000/dir")
    verified = lab.machine("mail").out("openssl s_client -connect hooks.outside.test:443 -servername hooks.outside.test "
                                       "-verify_return_error </dev/null 2>&1 | grep -m1 'Verify return code'")
    assert verified == "Verify return code: 0 (ok)"


def test_two_servers_reach_each_other(lab):
    second = lab.bare("second", stock=True)
    first = lab.machine("mail")
    for target in (first.ip, first.ip6, first.hostname):
        second.exec("ping", "-c", "1", "-W", "2", target)
    assert second.hostname == "mail.second.test"
    assert second.exec("which", "postfix", check=False).returncode != 0


def test_packages_install_on_a_stock_server_without_network(lab):
    second = lab.machine("second")
    second.exec("apt-get", "update")
    second.exec("apt-get", "install", "-y", "-q", "unbound", "dns-root-data")
    assert second.out("dpkg-query", "-W", "-f", "${Version}", "dns-root-data").endswith("+lab")


def test_nothing_reaches_the_real_internet(lab):
    server = lab.machine("mail")
    for target in ("192.88.99.1", "9.9.9.9", "2600::1"):
        answer = server.exec("ping", "-c", "1", "-W", "3", target, check=False)
        assert answer.returncode != 0
    assert server.exec("getent", "hosts", "debian.org", check=False).returncode != 0
    routes = lab.outside.out("ip", "route", "show", "default")
    assert routes.startswith("unreachable default")


def power_cut_keeps_what_was_synced(server):
    server.exec("echo kept >/root/kept && sync /root/kept && sync && echo lost >/root/lost")
    cut = server.power_cut("cut")
    assert cut.ip != server.ip
    assert cut.read("/root/kept") == "kept\n"
    assert cut.exec("grep", "lost", "/root/lost", check=False).returncode != 0
    assert server.read("/root/lost") == "lost\n"
    cut.destroy()
    server.exec("echo later >/root/later")
    server.power_cut()
    assert server.read("/root/kept") == "kept\n"
    assert server.exec("grep", "later", "/root/later", check=False).returncode != 0


def test_power_cut_keeps_what_was_synced_and_only_that_on_ext4(lab):
    power_cut_keeps_what_was_synced(lab.machine("mail"))


def test_power_cut_keeps_what_was_synced_and_only_that_on_btrfs(lab):
    server = lab.bare("third", fs="btrfs")
    assert server.out("findmnt", "-n", "-o", "FSTYPE", "/") == "btrfs"
    server.exec("btrfs", "subvolume", "snapshot", "-r", "/", "/snapshot")
    power_cut_keeps_what_was_synced(server)


def test_killed_server_boots_again_as_it_was(lab):
    server = lab.machine("mail")
    server.exec("echo before >/root/before && sync")
    server.kill()
    assert not server.running
    server.boot()
    assert server.read("/root/before") == "before\n"
    wait_until(lambda: server.exec("systemctl", "is-active", "-q", "dovecot", check=False).returncode == 0, 10, "dovecot")
