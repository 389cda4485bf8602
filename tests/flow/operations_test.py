"""The server run over the API: config.yaml planned and applied, probes, logs, services, Postfix's queue."""

import json

import mail
from api import Api, ask
from machine import wait_until


def test_a_message_that_waits_is_held_released_tried_again_and_removed(lab):
    server = mail.configured(lab)
    server.exec("postsuper", "-d", "ALL")
    lab.dns.add_zone("silent.test")
    lab.dns.set("silent.test", "MX", ["10 mx.silent.test."])
    lab.dns.set("mx.silent.test", "A", ["192.0.2.250"])
    assert mail.submit(lab, server, "alice", "bert@silent.test")["code"] == 250

    def message():
        found = json.loads(server.out("vectis", "queue", "list", "--json"))
        assert len(found) <= 1, found
        return found[0] if found else None

    waiting = wait_until(lambda: (found := message()) and found["queue"] == "deferred" and found, 120, "the message to wait")
    assert waiting["recipients"][0]["address"] == "bert@silent.test" and "192.0.2.250" in waiting["recipients"][0]["reason"], waiting
    assert waiting["sender"] == mail.address(server, "alice"), waiting
    assert waiting["id"] in server.out("vectis", "queue", "list")
    api = Api(lab, server)
    assert figures(api)['vectis_queue_messages{queue="deferred"}'] == 1
    api.close()
    for action, where in (("hold", {"hold"}), ("release", {"deferred", "active", "incoming"}), ("flush", {"deferred", "active", "incoming"})):
        server.exec("vectis", "queue", action, waiting["id"])
        assert message()["queue"] in where, action
    unknown = server.exec("vectis", "queue", "hold", "4gFw2xPqz9z1", check=False)
    assert unknown.returncode == 1 and "no message" in unknown.stderr, unknown
    for everything in ("ALL", "-"):
        refused = server.exec("vectis", "queue", "remove", everything, "--yes", check=False)
        assert refused.returncode != 0, refused
    assert message()
    server.exec("vectis", "queue", "remove", waiting["id"], "--yes")
    assert message() is None and server.out("postqueue", "-p") == "Mail queue is empty"
    told = [row["action"] for row in json.loads(server.out("vectis", "audit", "list", "--target", waiting["id"], "--json"))]
    assert told == ["queue.remove", "queue.flush", "queue.release", "queue.hold"], told


def test_config_yaml_is_planned_applied_and_rolled_back_over_the_api(lab):
    server = mail.configured(lab)
    api = Api(lab, server)
    shown = api.get("/config")
    assert shown["valid"] and server.hostname in shown["yaml"] and "ARGON2" not in shown["yaml"].upper(), shown
    wrong = api.post("/config/validate", {"yaml": server.read("/etc/vectis/config.yaml") + "\nrspamdd: {}\n"}, 200)
    assert not wrong["valid"] and "did you mean 'rspamd'" in json.dumps(wrong), wrong
    before = next(each["generation"] for each in api.get("/generations") if each["current"])
    server.exec("vectis", "config", "set", "rspamd.reject", "13.5")
    plan = api.get("/config/plan")
    assert plan["changes"] and "reload rspamd" in plan["summary"], plan["summary"]
    applied = api.ended(api.post("/config/apply", {"plan_id": plan["plan_id"]}, 202))
    assert applied["status"] == "done" and applied["result"]["generation"] > before, applied
    assert not api.get("/config/plan")["changes"]
    stale = api.ended(api.post("/config/apply", {"plan_id": plan["plan_id"]}, 202))
    assert (stale["status"], stale["error"]["code"]) == ("failed", "stale"), stale
    back = api.ended(api.post(f"/generations/{before}/rollback", None, 202))
    assert back["status"] == "done", back
    assert next(each["generation"] for each in api.get("/generations") if each["current"]) == before
    nowhere = api.ended(api.post("/generations/4000000/rollback", None, 202))
    assert (nowhere["status"], nowhere["error"]["code"]) == ("failed", "not_found"), nowhere
    assert [row["action"] for row in api.get("/audit")[:3]] == ["config.rollback", "config.rollback", "config.apply"]
    api.close()


def test_an_apply_goes_on_when_the_api_is_killed_and_its_end_is_not_made_up(lab):
    server = mail.configured(lab)
    api = Api(lab, server)
    server.exec("vectis", "config", "set", "rspamd.reject", "13.4")
    begun = api.post("/config/apply", {"plan_id": api.get("/config/plan")["plan_id"]}, 202)
    server.exec("systemctl", "kill", "-s", "KILL", "vectis-api.service")
    left = api.ended(begun)
    assert left["status"] == "interrupted" and "before it heard" in left["error"]["detail"], left
    # Its exit status says whether there is anything to do; while the apply runs it may be refused.
    wait_until(lambda: server.exec("vectis", "plan", check=False).returncode == 0, 60, "the supervisor to finish")
    assert server.exec("vectis", "health", check=False).returncode == 0
    api.close()


def test_services_logs_and_probes(lab):
    server = mail.configured(lab)
    api = Api(lab, server)
    rows = {row["service"]: row for row in api.get("/services")}
    assert rows["postfix"]["active"] == rows["dovecot"]["active"] == "active", rows
    restarted = api.post("/services/redis/restart", None, 200)
    assert restarted["since"] != rows["redis"]["since"] and restarted["active"] == "active", restarted
    assert api.status("POST", "/services/exim/restart") == 404
    server.exec("logger", "--tag", "postfix/smtpd", "not Postfix's own")
    mail.deliver(lab, server, mail.address(server, "alice"))
    lines = api.get("/logs/postfix?limit=1000")
    assert any("postfix/smtpd" in line["program"] and "connect from" in line["message"] for line in lines), lines
    assert not any("not Postfix's own" in line["message"] for line in lines)
    assert len(api.get("/logs/postfix?limit=3")) == 3
    assert all(line["at"] >= restarted["since"] for line in api.get(f"/logs/postfix?since={restarted['since']}"))
    assert any("Vectis" in line["message"] or "supervisor" in line["message"] for line in api.get("/logs/vectis?since=2020-01-01T00:00:00.000Z"))
    assert api.status("GET", "/logs/sshd") == 404
    ran = api.ended(api.post("/health/probes/run", {}, 202))
    assert ran["status"] == "done" and ran["result"]["failed"] == 0, ran
    last = api.get("/health/probes")
    assert last["passed"] == ran["result"]["passed"] > 5 and last["ran_at"] == ran["finished_at"], last
    api.close()


def test_figures_are_such_as_prometheus_takes(lab):
    server = mail.configured(lab)
    api = Api(lab, server)
    before = figures(api)
    assert before["vectis_supervisor_up"] == 1 and before['vectis_service_active{service="postfix"}'] == 1, before
    assert before["vectis_certificate_days"] > 0 and before['vectis_disk_free_bytes{folder="/var/vmail"}'] > 0, before
    assert before['vectis_database_bytes{database="directory"}'] > 0 and before['vectis_api_requests_total{status="2xx"}'] > 0
    assert mail.deliver(lab, server, mail.address(server, "alice"))["code"] == 250
    after = figures(api)
    judged = [sum(value for name, value in each.items() if name.startswith("vectis_messages_total")) for each in (before, after)]
    assert judged[1] > judged[0], (before, after)
    server.exec("systemctl", "stop", "rspamd.service")
    try:
        down = figures(api)
        assert down['vectis_service_active{service="rspamd"}'] == 0 and not any(name.startswith("vectis_messages_total") for name in down), down
    finally:
        server.exec("systemctl", "start", "rspamd.service")
    api.close()


def figures(api):
    """As prometheus_client, which is not ours, reads them: {name{labels}: value}."""
    text = ask(api.lab, api.server, "/metrics", *api.bearer)["text"]
    return json.loads(api.lab.outside.out("python3", "-c", READ_METRICS, input=text))


READ_METRICS = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families as families
print(json.dumps({sample.name + ("{" + ",".join(f'{key}="{value}"' for key, value in sample.labels.items()) + "}" if sample.labels else ""):
                  sample.value for family in families(sys.stdin.read()) for sample in family.samples}))
"""
