"""Mail programs set themselves up: they ask as Thunderbird, Outlook and Apple's devices ask, and get this server's ports and names."""

import json
import plistlib
import xml.etree.ElementTree as xml

import mail

OUTLOOK = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>{}</EMailAddress>
    <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
  </Request>
</Autodiscover>
"""
ANSWER = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"


def get(lab, *arguments):
    """curl on the outside machine, names by DNS; (status, content type, body)."""
    done = lab.outside.exec("curl", "-sk", "-w", "\n%{http_code} %{content_type}", *arguments)
    body, _, last = done.stdout.rpartition("\n")
    status, _, kind = last.partition(" ")
    return int(status), kind, body


def outlook(lab, address, url="https://autodiscover.example.test/autodiscover/autodiscover.xml", body=None):
    return get(lab, "-H", "Content-Type: text/xml", "--data-binary", body if body is not None else OUTLOOK.format(address), url)


def test_thunderbird_learns_the_servers(lab):
    server = mail.configured(lab)
    address = mail.address(server, "alice")
    for url in (f"http://autoconfig.example.test/mail/config-v1.1.xml?emailaddress={address}",
                f"https://autoconfig.example.test/mail/config-v1.1.xml?emailaddress={address}",
                f"https://{server.hostname}/.well-known/autoconfig/mail/config-v1.1.xml"):
        status, kind, body = get(lab, url)
        assert (status, kind) == (200, "text/xml"), (url, status, kind)
        provider = xml.fromstring(body).find("emailProvider")
        servers = {(each.get("type"), each.findtext("hostname"), each.findtext("port"), each.findtext("socketType"),
                    each.findtext("username")) for each in (*provider.findall("incomingServer"), *provider.findall("outgoingServer"))}
        assert servers == {("imap", server.hostname, "993", "SSL", "%EMAILADDRESS%"),
                           ("smtp", server.hostname, "465", "SSL", "%EMAILADDRESS%"),
                           ("smtp", server.hostname, "587", "STARTTLS", "%EMAILADDRESS%")}, (url, servers)


def test_outlook_learns_the_servers(lab):
    server = mail.configured(lab)
    for url in ("https://autodiscover.example.test/autodiscover/autodiscover.xml",
                "https://autodiscover.example.test/Autodiscover/Autodiscover.xml",
                f"https://{server.hostname}/AutoDiscover/AutoDiscover.xml"):
        status, kind, body = outlook(lab, "o'brien+shop@example.test", url)
        assert (status, kind) == (200, "application/xml; charset=utf-8"), (url, status, kind, body)
        protocols = xml.fromstring(body).findall(f"{ANSWER}Response/{ANSWER}Account/{ANSWER}Protocol")
        found = {tuple(each.findtext(ANSWER + name) for name in ("Type", "Server", "Port", "LoginName", "SSL")) for each in protocols}
        assert found == {("IMAP", server.hostname, "993", "o'brien+shop@example.test", "on"),
                         ("SMTP", server.hostname, "465", "o'brien+shop@example.test", "on")}, body


def test_newer_outlook_learns_where_to_ask(lab):
    server = mail.configured(lab)
    status, kind, body = get(lab, "https://autodiscover.example.test/autodiscover/autodiscover.json?Email=alice%40example.test"
                                  "&Protocol=Autodiscoverv1&RedirectCount=1")
    assert (status, kind) == (200, "application/json"), (status, kind, body)
    assert json.loads(body) == {"Protocol": "AutodiscoverV1",
                                "Url": f"https://{server.hostname}/autodiscover/autodiscover.xml"}


def test_outlooks_bad_questions_get_an_error_and_no_file(lab):
    mail.configured(lab)
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><EMailAddress>&x;</EMailAddress></a>'
    for body in ("", "not xml", bomb, OUTLOOK.format("nobody"), OUTLOOK.format("a@b\r\nX: y"), OUTLOOK.format("a" * 300 + "@example.test")):
        status, _, answer = outlook(lab, None, body=body)
        assert status == 200 and "<ErrorCode>600</ErrorCode>" in answer, (body, answer)
        assert "root:" not in answer and "Protocol" not in answer, answer
    assert outlook(lab, None, body="x" * 100_000)[0] == 413


def test_apples_devices_get_a_profile(lab):
    server = mail.configured(lab)
    status, kind, body = get(lab, f"https://{server.hostname}/apple.mobileconfig?email=o%27brien%2Bshop%40example.test")
    assert (status, kind) == (200, "application/x-apple-aspen-config; charset=utf-8"), (status, kind, body)
    profile = plistlib.loads(body.encode())
    account = profile["PayloadContent"][0]
    assert profile["PayloadType"] == "Configuration" and account["PayloadType"] == "com.apple.mail.managed"
    assert account["EmailAddress"] == account["IncomingMailServerUsername"] == "o'brien+shop@example.test"
    assert (account["EmailAccountType"], account["IncomingMailServerHostName"], account["IncomingMailServerPortNumber"],
            account["IncomingMailServerUseSSL"]) == ("EmailTypeIMAP", server.hostname, 993, True)
    assert (account["OutgoingMailServerHostName"], account["OutgoingMailServerPortNumber"],
            account["OutgoingMailServerUseSSL"]) == (server.hostname, 465, True)
    again = plistlib.loads(get(lab, f"https://{server.hostname}/apple.mobileconfig?email=o%27brien%2Bshop%40example.test")[2].encode())
    assert again["PayloadUUID"] == profile["PayloadUUID"]
    for query in ("", "?email=", "?email=nobody", "?email=%3Cscript%3E@example.test", "?email[]=a@example.test"):
        status, kind, body = get(lab, "-g", f"https://{server.hostname}/apple.mobileconfig{query}")
        assert status == 400 and "cannot make a profile" in body, (query, status, body)


def test_only_what_is_asked_for_is_answered(lab):
    """Other names, other paths and Roundcube's own files outside its public folder are not there."""
    server = mail.configured(lab)
    for path in ("/webmail/config/config.inc.php", "/webmail/../config/config.inc.php", "/webmail/plugins/password/password.php",
                 "/webmail/plugins/password/config.inc.php", "/webmail/program/include/iniset.php", "/webmail/SQL/sqlite.initial.sql",
                 "/webmail/index.php/x.php", "/webmail/logs/errors.log", "/webmail/.htaccess", "/index.php", "/webmail/bin/update.sh"):
        status, _, body = get(lab, "--path-as-is", f"https://{server.hostname}{path}")
        assert status in (400, 404), (path, status, body[:200])
    assert get(lab, "https://autoconfig.example.test/webmail/")[0] == 404
    assert get(lab, f"http://{server.hostname}/webmail/")[0] == 301
    assert get(lab, f"https://{server.hostname}/")[0] == 302
