"""The DNS records of a domain that the API made: listed, published, and judged as DNS has them."""

import json

import mail


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


def verify(server, domain, expected):
    done = server.exec("vectis", "domain", "verify", domain, "--json", check=False)
    assert done.returncode == expected, done
    return json.loads(done.stdout)


def status_of(checked, name, type):
    return [record["status"] for record in checked["records"] if (record["name"], record["type"]) == (name, type)]
