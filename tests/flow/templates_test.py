"""Messages made of a template, and the links by which their readers get no more of them."""

import re

import api
import mail
from api import Api
from machine import wait_until
from webhooks_test import Hook, ready

SCOPES = api.SCOPES + ",send,messages:read,suppressions:read,suppressions:write,templates:read,templates:write,webhooks:read,webhooks:write"


def follow(lab, server, url, *options):
    """Status, fields and body of what a link leads to, from outside."""
    assert url.startswith(f"https://{server.hostname}/unsubscribe/"), url
    told = lab.outside.out("curl", "-ksSi", "--http1.1", "--resolve", f"{server.hostname}:443:{server.ip}", *options, url)
    head, _, body = told.partition("\n\n")
    return int(head.split()[1]), head.lower(), body


def test_a_message_by_a_template_goes_out_and_its_reader_unsubscribes_by_one_click(lab):
    server = ready(lab)
    client = Api(lab, server, SCOPES)
    hook = Hook(client, lab, events=["message.unsubscribed"], domain=mail.domain(server))
    server.write("/root/news.html", "<p>Hello {{name}}</p>{{#offers}}<li>{{.}}</li>{{/offers}}\n")
    server.exec("vectis", "template", "add", "news", "--domain", mail.domain(server), "--subject", "News for {{name}}",
                "--text-file", "-", "--html-file", "/root/news.html", input="Hello {{name}}\n{{#offers}}\n- {{.}}\n{{/offers}}\n")
    [template] = client.get("/templates?name=news")
    shown = server.out("vectis", "template", "render", "news", "--variables-file", "-", input='{"name": "Zoë & Co", "offers": ["a<b"]}')
    assert "Subject: News for Zoë & Co\n" in shown and "- a<b\n" in shown and "<p>Hello Zoë &amp; Co</p><li>a&lt;b</li>" in shown, shown
    lacking = client.answer("POST", f"/templates/{template['id']}/render", {})
    assert lacking["status"] == 422 and lacking["json"]["errors"][0]["pointer"] == "/variables/name", lacking

    readers = ["one@outside.test", "two@outside.test"]
    body = {"from": {"email": mail.address(server, "alice")}, "to": [{"email": each} for each in readers],
            "template": {"id": template["id"], "variables": {"name": "Zoë & Co", "offers": ["x", "y"]}},
            "list_unsubscribe": {"one_click": True, "mailto": mail.address(server, "alice")}}
    sent = client.post("/send", body, 202)
    links = {}
    for each in readers:
        raw = mail.received(lab, each, "News for Zoë & Co")
        message = mail.parsed(raw)
        assert message.get_body(("plain",)).get_content().split() == ["Hello", "Zoë", "&", "Co", "-", "x", "-", "y"], raw
        assert "<li>x</li><li>y</li>" in message.get_body(("html",)).get_content()
        links[each] = re.fullmatch(r"<(\S+)>,\s+<mailto:\S+>", message["List-Unsubscribe"])[1]
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        signed = [re.search(r"\bh=([^;]+);", value)[1].lower() for value in message.get_all("DKIM-Signature")]
        assert len(signed) == 2, signed
        for names in (re.sub(r"\s", "", each).split(":") for each in signed):
            assert "list-unsubscribe" in names and "list-unsubscribe-post" in names, names
    assert links[readers[0]] != links[readers[1]]

    # To look changes nothing; a mail provider posts, in either form.
    status, head, page = follow(lab, server, links[readers[0]])
    assert status == 200 and readers[0] in page and mail.domain(server) in page and "set-cookie" not in head, (status, head, page)
    assert client.get("/suppressions?reason=unsubscribe") == []
    for form in (("-d", "List-Unsubscribe=One-Click"), ("-F", "List-Unsubscribe=One-Click")):
        status, head, page = follow(lab, server, links[readers[0]], *form)
        assert status == 200 and "location:" not in head and "set-cookie" not in head, (form, status, head, page)
    assert follow(lab, server, links[readers[0]][:-1] + "1", "-d", "List-Unsubscribe=One-Click")[0] == 404
    [row] = client.get("/suppressions?reason=unsubscribe")
    assert row["address"] == readers[0] and row["source"] == sent["id"], row

    # The next one goes to the other reader alone, and whoever wants to know is told once.
    again = client.post("/send", body, 202)
    assert [each["status"] for each in again["recipients"]] == ["suppressed", "queued"], again
    events = [event for event in client.get(f"/messages/{sent['id']}/events") if event["type"] == "message.unsubscribed"]
    assert [event["recipient"] for event in events] == [readers[0]], events
    [told] = wait_until(hook.requests, 30, "the event")
    assert told["json"]["type"] == "message.unsubscribed" and told["json"]["data"]["recipient"] == readers[0], told

    server.exec("vectis", "suppression", "remove", readers[0], "--yes")
    server.exec("vectis", "template", "remove", "news", "--yes")
    hook.remove()
    client.close()
