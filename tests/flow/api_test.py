"""The REST API as its clients meet it: behind nginx, on the host, on the administrators' socket."""

import json
import pathlib
import re
import threading

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
    assert me == {"name": "root", "credential": "socket", "role": "super_admin"}, me
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


def ask(lab, server, path, *options, wait=0):
    """Through nginx, from outside: {status, fields, json}."""
    if wait:
        lab.outside.exec("sleep", str(wait))
    told = lab.outside.out("curl", "-ksSi", "--http1.1", "--resolve", f"{server.hostname}:443:{server.ip}", *options,
                           f"https://{server.hostname}/api/v1{path}")
    head, _, body = told.partition("\n\n")
    lines = head.splitlines()
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    is_json = re.search(r"\bjson\b", fields.get("content-type", ""))
    return {"status": int(lines[0].split()[1]), "fields": fields, "json": json.loads(body) if is_json else None}


def test_the_examples_of_its_documentation_work_as_they_are_printed(lab):
    server = lab.vectis()
    text = (pathlib.Path(__file__).parents[2] / "docs/api.md").read_text()
    examples = re.findall(r"^    (curl .*)$", text, re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        answer = json.loads(server.out("sh", "-c", example))
        assert "data" in answer, (example, answer)
