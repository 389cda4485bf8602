"""The REST API as its clients meet it: behind nginx, on the host, on the administrators' socket."""

import json
import pathlib
import re
import shutil
import threading

import api
import node
from api import ask, kill_one_of, storm
from host import run

ADMIN = "/run/vectis-api/admin.sock"


def test_everybody_may_ask_whether_it_is_well_and_how_to_talk_to_it(lab):
    server = lab.vectis()
    health = ask(lab, server, "/health")
    assert health["status"] == 200 and health["json"]["data"]["status"] == "ok", health
    assert {check["name"] for check in health["json"]["data"]["checks"]} == {"directory", "supervisor"}
    version = server.out("vectis", "--version").split()[1]
    assert ask(lab, server, "/version")["json"]["data"] == {"version": version, "api": "v1"}
    document = ask(lab, server, "/openapi.json")["json"]
    assert document["openapi"] == "3.1.0" and "/health" in document["paths"]
    page = ask(lab, server, "/docs")
    assert page["fields"]["content-type"].startswith("text/html") and "default-src 'none'" in page["fields"]["content-security-policy"]


def test_a_fault_is_a_problem_document(lab):
    server = lab.vectis()
    lost = ask(lab, server, "/helth")
    assert lost["status"] == 404 and lost["fields"]["content-type"] == "application/problem+json", lost
    assert lost["json"]["code"] == "not_found" and lost["json"]["hint"] == "did you mean /api/v1/health?"
    assert lost["json"]["request_id"] == lost["fields"]["x-request-id"]
    assert ask(lab, server, "/health", "-X", "DELETE")["status"] == 405
    assert ask(lab, server, "/auth/me")["status"] == 401


def test_what_nginx_refuses_for_it_is_a_problem_document_too(lab):
    server = lab.vectis()
    lab.outside.exec("sh", "-c", "head -c 3000000 /dev/zero > /root/big")
    large = ask(lab, server, "/auth/login", "-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary", "@/root/big")
    assert (large["status"], large["json"]["code"], large["fields"]["content-type"]) == (413, "too_large", "application/problem+json"), large
    server.exec("systemctl", "stop", *api.UNITS)
    try:
        down = ask(lab, server, "/health")
        assert (down["status"], down["json"]["code"], down["fields"]["retry-after"]) == (503, "unavailable", "5"), down
    finally:
        server.exec("systemctl", "start", *api.UNITS)
    assert ask(lab, server, "/health")["status"] == 200


def test_it_speaks_http_2_and_says_each_thing_once(lab):
    server = lab.vectis()
    told = lab.outside.out("curl", "-ksSi", "--http2", "--resolve", f"{server.hostname}:443:{server.ip}",
                           f"https://{server.hostname}/api/v1/health")
    assert told.startswith("HTTP/2 200"), told
    names = [line.split(":")[0].lower() for line in told.split("\n\n")[0].splitlines()[1:]]
    assert sorted(names) == sorted(set(names)), names


def test_the_administrators_socket_is_for_root_and_their_group_alone(lab):
    server = lab.vectis()
    me = json.loads(server.out("curl", "-sS", "--unix-socket", ADMIN, "http://api/api/v1/auth/me"))["data"]
    assert me == {"name": "root", "admin_id": None, "mailbox_id": None, "credential": "socket", "role": "super_admin", "scopes": None, "domains": None}, me
    server.exec("useradd", "-G", "vectis-admin", "carla")
    assert "super_admin" in server.out("runuser", "-u", "carla", "--", "curl", "-sS", "--unix-socket", ADMIN, "http://api/api/v1/auth/me")
    for user in ("nobody", "www-data", "vectis-webmail", "vmail"):
        refused = server.exec("runuser", "-u", user, "--", "curl", "-sS", "--unix-socket", ADMIN, "http://api/api/v1/auth/me", check=False)
        assert refused.returncode == 7, (user, refused)
    status = server.out("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8800/api/v1/auth/me")
    assert status == "401", status


def test_nobody_is_refused_while_it_is_started_again(lab):
    server = lab.vectis()
    answers, done = [], threading.Event()

    def asking():
        while not done.is_set():
            answers.append(server.out("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", ADMIN,
                                      "http://api/api/v1/version"))
    threads = [threading.Thread(target=asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        server.exec("systemctl", "restart", "vectis-api.service")
    done.set()
    for thread in threads:
        thread.join()
    assert len(answers) > 5 and set(answers) == {"200"}, answers


def test_without_the_supervisor_it_says_so_and_mail_goes_on(lab):
    server = lab.vectis()
    server.exec("systemctl", "stop", "vectis-supervisor.service")
    try:
        failing = ask(lab, server, "/health", wait=2)
        assert failing["status"] == 503
        assert {"name": "supervisor", "status": "failing"} in failing["json"]["data"]["checks"], failing
    finally:
        server.exec("systemctl", "start", "vectis-supervisor.service")


def test_the_examples_of_its_documentation_work_as_they_are_printed(lab):
    """Those with $API are for programs elsewhere; they trust the server's own certificate here."""
    server = lab.vectis()
    text = (pathlib.Path(__file__).parents[2] / "docs/api.md").read_text()
    examples = re.findall(r"^    ((?:curl|http) .*(?:\n      .*)*)$", text, re.MULTILINE)
    assert {program: sum(each.startswith(program + " ") for each in examples) for program in ("curl", "http")} == {"curl": 5, "http": 2}
    server.exec("vectis", "domain", "add", "example.org")
    key = json.loads(server.out("vectis", "key", "add", "examples", "--scopes", "mailboxes:read,mailboxes:write,send", "--json"))["token"]
    lab.outside.write("/root/server.pem", server.read(json.loads(server.out("vectis", "status", "--json"))["certificate"]["path"]))
    there = (f"API=https://{server.hostname}/api/v1; KEY={key}; export CURL_CA_BUNDLE=/root/server.pem "
             "REQUESTS_CA_BUNDLE=/root/server.pem; ")
    try:
        for example in examples:
            told = lab.outside.out("sh", "-c", there + example) if "$API" in example else server.out("sh", "-c", example)
            assert "data" in json.loads(told), (example, told)
        made = {row["address"] for row in json.loads(server.out("vectis", "mailbox", "list", "--domain", "example.org", "--json"))}
        assert made == {"anna@example.org", "bert@example.org"}, made
    finally:
        server.exec("vectis", "key", "remove", "examples", "--yes")
        for local_part in ("anna", "bert"):
            server.exec("vectis", "mailbox", "remove", f"{local_part}@example.org", "--yes", check=False)
        server.exec("vectis", "domain", "remove", "example.org", "--yes")


def test_its_description_is_good_to_those_who_read_such(lab):
    """Redocly's recommended rules and Spectral's for OpenAPI: not one error."""
    made = described(lab, lab.vectis())
    for linter in (("redocly", "lint"), ("spectral", "lint", "--ruleset", made.parents[1] / "spectral.yaml")):
        done = run("npx", "--no-install", *linter, "openapi.json", cwd=made, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_client_made_from_its_description_uses_every_resource(lab):
    server = lab.vectis()
    made = described(lab, server)
    run("npx", "--no-install", "openapi-typescript", "openapi.json", "-o", "schema.d.ts", cwd=made)
    run("npx", "--no-install", "tsc", cwd=made)
    lab.outside.push(made / "client.js", "/root/client/client.js")
    lab.outside.push(made.parents[1] / "node_modules/openapi-fetch/dist/index.mjs", "/root/client/node_modules/openapi-fetch/index.mjs")
    lab.outside.write("/root/client/package.json", '{"type": "module"}')
    lab.outside.write("/root/client/node_modules/openapi-fetch/package.json", '{"exports": "./index.mjs"}')
    scopes = ",".join(f"{what}:{how}" for what in ("admins", "aliases", "domains", "inbound", "keys", "mailboxes", "suppressions", "templates", "webhooks") for how in ("read", "write"))
    key = json.loads(server.out("vectis", "key", "add", "client", "--scopes", scopes, "--json"))
    try:
        used = lab.outside.out("env", f"API=https://{server.hostname}/api/v1", f"TOKEN={key['token']}", "NODE_TLS_REJECT_UNAUTHORIZED=0",
                               "NODE_NO_WARNINGS=1", "node", "/root/client/client.js").split()
    finally:
        server.exec("vectis", "key", "remove", "client", "--yes")
    paths = json.loads((made / "openapi.json").read_text())["paths"]
    assert sorted(used) == sorted(path for path in paths if "post" in paths[path] and "delete" in paths.get(path + "/{id}", ())), used


def described(lab, server):
    """A folder with tests/client's program and openapi.json as this server gives it; npm's programs are found from there."""
    client = node.installed("tests/client")
    made = client / "build" / lab.suite
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    for name in ("client.ts", "tsconfig.json", "package.json"):
        shutil.copy(client / name, made)
    (made / "openapi.json").write_text(json.dumps(ask(lab, server, "/openapi.json")["json"]))
    return made


def test_a_key_made_on_the_host_is_good_elsewhere_until_it_is_removed(lab):
    server = lab.vectis()
    made = json.loads(server.out("vectis", "key", "add", "elsewhere", "--scopes", "keys:read", "--rate", "100", "--json"))
    bearer = ("-H", f"Authorization: Bearer {made['token']}")
    me = ask(lab, server, "/auth/me", *bearer)
    assert me["json"]["data"]["scopes"] == ["keys:read"] and me["fields"]["ratelimit-limit"] == "100", me
    assert ask(lab, server, "/audit", *bearer)["status"] == 403
    assert made["token"] not in server.out("sh", "-c", "journalctl -q --no-pager; cat /var/log/nginx/* 2>/dev/null; true")
    # Where somebody says they come from counts nowhere.
    server.exec("vectis", "key", "change", "elsewhere", "--networks", lab.outside.ip)
    forged = ("-H", "X-Real-IP: 203.0.113.9", "-H", "X-Forwarded-For: 203.0.113.9")
    assert ask(lab, server, "/auth/me", *bearer, *forged)["status"] == 200
    server.exec("vectis", "key", "change", "elsewhere", "--networks", "203.0.113.9")
    assert ask(lab, server, "/auth/me", *bearer, *forged)["status"] == 401
    refused = server.exec("vectis", "key", "remove", "elsewhere", check=False)
    assert refused.returncode == 1 and "--yes" in refused.stderr
    server.exec("vectis", "key", "remove", "elsewhere", "--yes")
    assert ask(lab, server, "/auth/me", *bearer)["status"] == 401
    actions = [row["action"] for row in json.loads(server.out("vectis", "audit", "list", "--target", "elsewhere", "--json"))]
    assert actions == ["api_key.delete", "api_key.update", "api_key.update", "api_key.create"]


def test_the_command_line_says_what_is_wrong_and_changes_nothing(lab):
    server = lab.vectis()
    before = server.out("vectis", "audit", "list", "--json")
    for words, told in ((("key", "add", "x", "--scopes", "key:read"), "did you mean 'keys:read'"),
                        (("key", "add", "x", "--scopes", "keys:read", "--rate", "0"), "expected a whole number from 1"),
                        (("key", "show", "no-such-key"), "there is nothing"),
                        (("admin", "add", "anna", "--role", "admin"), "/email"),
                        (("admin", "add", "anna@example.test", "--role", "boss"), "expected one of")):
        refused = server.exec("vectis", *words, check=False)
        assert refused.returncode == 1 and told in refused.stderr, (words, refused)
    shown = server.out("vectis", "key", "add", "x", "--scopes", "keys:read", "--dry-run")
    assert "POST /api/v1/api-keys" in shown and "x" not in server.out("vectis", "key", "list").split()
    assert server.out("vectis", "audit", "list", "--json") == before
    nobody = server.exec("runuser", "-u", "nobody", "--", "vectis", "key", "list", check=False)
    assert nobody.returncode == 1 and "vectis-admin" in nobody.stderr, nobody


def test_killed_under_load_it_has_done_what_it_answered_once_and_nothing_by_half(lab):
    server = lab.vectis()
    answered = [(each["name"], each["id"]) for each in storm(server, kill_one_of("vectis-api.service"), path="/api/v1/api-keys", field="name",
                                                             name="storm {}", bodies=[{"scopes": ["keys:read"]}])]
    there = [(key["name"], key["id"]) for key in json.loads(server.out("vectis", "key", "list", "--json")) if key["name"].startswith("storm ")]
    print(f"{len(answered)} keys answered, {len(there)} there", flush=True)
    assert answered and sorted(answered) == sorted(there)
    made = [row["target_id"] for row in map(json.loads, server.out("vectis", "audit", "export").splitlines())
            if row["action"] == "api_key.create" and row["target"].startswith("storm ")]
    assert sorted(made) == sorted(id for _, id in there)
    assert json.loads(server.out("vectis", "audit", "verify", "--json"))["whole"] is True
