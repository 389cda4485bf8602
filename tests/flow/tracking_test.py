"""Opens and clicks: each reader has links of their own, which lead on, and what they do is told and counted."""

import re

import api
import mail
from api import Api
from machine import wait_until
from webhooks_test import Hook, ready

SCOPES = api.SCOPES + ",send,messages:read,analytics:read,webhooks:read,webhooks:write"
TARGETS = ["https://shop.example/a?b=1&c=2", "http://shop.example/%C3%A9"]
HTML = ("<html><body>\n<p>Grüße, <a href='https://shop.example/a?b=1&amp;c=2'>dies</a> und <A HREF=http://shop.example/é>das</A>\n"
        "<!-- <a href='https://shop.example/no'>no</a> --><a href=\"mailto:shop@shop.example\">uns</a></p>\n</body></html>\n")


def follow(lab, server, url, *options):
    """Status, fields and body of what an address of ours says to somebody outside."""
    assert url.startswith(f"https://{server.hostname}/"), url
    told = lab.outside.out("curl", "-ksSi", "--http1.1", "-A", "Reader/1", "--resolve", f"{server.hostname}:443:{server.ip}", *options, url)
    head, _, body = told.partition("\n\n")
    fields = dict(line.lower().split(": ", 1) if ": " in line else (line, "") for line in head.split("\n")[1:])
    return int(head.split()[1]), fields, body, head


def test_what_readers_do_is_told_where_whoever_sends_asked(lab):
    server = ready(lab)
    client = Api(lab, server, SCOPES)
    hook = Hook(client, lab, events=["message.opened", "message.clicked"], domain=mail.domain(server))
    readers = ["one@outside.test", "two@outside.test"]
    alice = mail.address(server, "alice")
    body = {"from": {"email": alice}, "to": [{"email": each} for each in readers], "subject": "Tracked news", "html": HTML,
            "text": "https://shop.example/text", "tracking": {"opens": True, "clicks": True}, "tags": ["tracked"],
            "list_unsubscribe": {"one_click": True}}
    sent = client.post("/send", body, 202)
    token = re.compile(r"/(?:click|open)/([a-z2-7]{64})")
    links, pictures, seen = {}, {}, {}
    for each in readers:
        raw = mail.received(lab, each, "Tracked news")
        message = mail.parsed(raw)
        html = message.get_body(("html",)).get_content().replace("\r\n", "\n")
        links[each] = re.findall(rf"https://{re.escape(server.hostname)}/click/[a-z2-7]{{64}}/\d", html)
        [pictures[each]] = re.findall(rf'<img src="(https://{re.escape(server.hostname)}/open/[a-z2-7]{{64}})" width="1" height="1" alt="">', html)
        assert len(links[each]) == 2, html
        seen[each] = set(token.findall(html))
        # All else is as it was given, and the text has no links of ours.
        before = html
        for link, target in zip(links[each], ["https://shop.example/a?b=1&amp;c=2", "http://shop.example/é"]):
            before = before.replace(link, target)
        assert before.replace(f'<img src="{pictures[each]}" width="1" height="1" alt="">', "") == HTML, html
        assert message.get_body(("plain",)).get_content().strip() == "https://shop.example/text"
        judged = mail.call(lab.outside, "verify", content=mail.packed(raw), ip=server.ip, sender=alice, hello=server.hostname)
        assert [one["valid"] for one in judged["dkim"]] == [True, True], judged
    assert not seen[readers[0]] & seen[readers[1]], seen

    for link, target in zip(links[readers[0]], TARGETS):
        status, fields, _, head = follow(lab, server, link)
        assert status == 302 and f"Location: {target}" in head, head
        assert fields["cache-control"] == "no-store" and "set-cookie" not in fields, head
        assert head.lower().count("referrer-policy") == 1 and fields["referrer-policy"] == "no-referrer", head
    forged = links[readers[0]][0].replace("/click/", "/click/b")[:-3] + "/0"
    for wrong in (forged, links[readers[0]][0][:-1] + "7", pictures[readers[0]].replace("/open/", "/click/") + "/0"):
        status, fields, _, head = follow(lab, server, wrong)
        assert status == 404 and "location" not in fields, (wrong, head)
    for _ in range(2):
        status, fields, picture, head = follow(lab, server, pictures[readers[1]])
        assert status == 200 and fields["content-type"] == "image/gif" and fields["content-length"] == "43", head
        assert fields["cache-control"] == "no-store" and picture.startswith("GIF89a"), head
    assert follow(lab, server, f"https://{server.hostname}/open/{'a' * 64}")[1]["content-length"] == "43"
    assert follow(lab, server, links[readers[1]][0], "-I")[0] == 302

    told = [event for event in client.get(f"/messages/{sent['id']}/events") if event["type"] in ("message.opened", "message.clicked")]
    assert [(event["type"], event["recipient"], event["data"]["first"]) for event in told] == [
        ("message.clicked", readers[0], True), ("message.clicked", readers[0], False),
        ("message.opened", readers[1], True), ("message.opened", readers[1], False)], told
    assert [event["data"].get("url") for event in told] == [*TARGETS, None, None], told
    assert all(event["data"]["user_agent"] == "Reader/1" for event in told), told
    one, two = client.get(f"/messages/{sent['id']}")["recipients"]
    assert one["clicked_at"] == told[0]["at"] and one["opened_at"] is None, one
    assert two["opened_at"] == told[2]["at"] and two["clicked_at"] is None, two
    [group] = [group for group in client.get("/analytics?by=tag")["groups"] if group["name"] == "tracked"]
    assert group["figures"]["opened"] == 1 and group["figures"]["clicked"] == 1, group
    wait_until(lambda: len(hook.requests()) >= 4, 30, "the events")
    assert {row["json"]["data"]["recipient"] for row in hook.requests()} == set(readers)
    assert f"followed the link {TARGETS[0]}" in server.out("vectis", "message", "story", sent["id"])

    # Nobody's address is kept: neither in the events nor by the web server.
    outside = lab.outside.ip
    assert outside not in str(told), told
    assert not re.search(r"/(click|open)/[a-z2-7]{64}", server.out("cat", "/var/log/nginx/access.log")), "the web server's log has links"

    plain = client.post("/send", body | {"subject": "Plain news", "tracking": {"opens": False}}, 202)
    assert plain["status"] == "queued"
    message = mail.parsed(mail.received(lab, readers[0], "Plain news"))
    assert message.get_body(("html",)).get_content().replace("\r\n", "\n") == HTML
    hook.remove()
    client.close()
