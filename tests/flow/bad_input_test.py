"""Bad input in a real server: config check, plan and apply name every problem with line and column, and change nothing."""

import contextlib
import re

import mail
from apply_test import config_rows, contents, current

CONFIG = "/etc/vectis/config.yaml"
COMMANDS = (("vectis", "config", "check"), ("vectis", "plan"), ("vectis", "apply", "--yes"))


def test_every_key_of_the_wrong_type_is_named_at_its_line(lab):
    server = lab.vectis()
    # The example with every setting in use.
    lines = re.sub(r"(?m)^( *)#([a-z])", r"\1\2", server.out("vectis", "config", "example")).splitlines()
    wrong = {}
    for number, line in enumerate(lines, 1):
        key = re.fullmatch(r"( *(?:- )?)([a-z0-9_]+): (.*)", line)
        if key:
            lines[number - 1] = f"{key[1]}{key[2]}: [[x]]"
            wrong[number] = key[2]
    assert len(wrong) > 40, wrong
    problems = refused(server, "\n".join(lines) + "\n")
    for number, key in wrong.items():
        assert any(problem["line"] == number and key in problem["text"] for problem in problems), (number, key, problems)


def test_every_key_twice_or_misspelt_is_named_at_its_line(lab):
    server = lab.vectis()
    given = re.sub(r"(?m)^( *)#([a-z])", r"\1\2", server.out("vectis", "config", "example")).splitlines()
    for kind, change in (("stands twice", lambda indent, key: f"{indent}{key}: "),
                         ("unknown key", lambda indent, key: f"{indent}{key}x: ")):
        lines, expected = [], {}
        for line in given:
            lines.append(line)
            key = re.fullmatch(r"( *)(?:- )?([a-z0-9_]+): (.*)", line)
            if key:
                indent = key[1] + ("  " if "- " in line[:len(key[1]) + 2] else "")
                lines.append(change(indent, key[2]) + key[3])
                expected[len(lines)] = key[2]
        problems = refused(server, "\n".join(lines) + "\n")
        for number, key in expected.items():
            assert any(problem["line"] == number and key in problem["text"] and kind in problem["text"]
                       for problem in problems), (kind, number, key, problems)


def test_values_out_of_range_are_named_with_what_is_expected(lab):
    server = lab.vectis()
    good = server.read(CONFIG)
    more = ("message_size: 1 B\npostfix:\n  recipient_limit: 0\n  queue_lifetime: 9999 days\nrspamd:\n  reject: -1\n  junk: 99999\n"
            "retention:\n  generations: 100000\nnetwork:\n  relay_host:\n    host: smtp.provider.test\n    port: 65536\n")
    first = good.count("\n")
    problems = refused(server, good + more)
    for line in (1, 3, 4, 6, 7, 9, 13):
        assert any(problem["line"] == first + line and "expected" in problem["text"] for problem in problems), (line, problems)


def test_addresses_that_clash_or_lead_nowhere_are_named(lab):
    server = lab.vectis()
    name, good = mail.domain(server), server.read(CONFIG)
    for more, words in (
            ({"mailboxes": "      - name: alice\n"}, "alice"),
            ({"mailboxes": "      - name: Alice\n"}, "lice"),
            ({"aliases": f"      - name: bob\n        to: alice@{name}\n"}, "bob"),
            ({"aliases": f"      - name: info\n        to: bob@{name}\n"}, "info"),
            ({"aliases": f"      - name: one\n        to: two@{name}\n      - name: two\n        to: one@{name}\n"}, "one"),
            ({"aliases": f"      - name: self\n        to: self@{name}\n"}, "self"),
            ({"aliases": f"      - name: lost\n        to: nobody-here@{name}\n"}, "nobody-here"),
            ({"domains": f"  - name: {server.hostname}\n"}, server.hostname),
            ({"domains": f"  - name: {name}\n"}, name),
            ({"domains": f"  - name: {name.upper()}\n"}, name.split(".")[0])):
        text = good
        for part, lines in more.items():
            text = re.sub(rf"(?m)^( *){part}:\n", lambda found: found[0] + lines, text, count=1)
        assert text != good
        problems = refused(server, text)
        assert any(words.lower() in problem["text"].lower() for problem in problems), (more, problems)


def test_hostile_names_are_refused_and_shown_harmlessly(lab):
    server = lab.vectis()
    good = server.read(CONFIG)
    names = ["a\\nb", "a\\rb", "a\\0b", "a\\tb", "a:b", "a;b", "a|b", "a\\\"b", "a'b c", "a\\\\b", "a$b", "a%b", "${x}", "{a}",
             "a#b c", "a,b", "<a>", "(a)", "-a", "/a", ".a", "a..b", "../../etc/passwd", "|cmd", ":include:/etc/shadow",
             "a\\u2028b", "\\u0430lice", "\\e[31mred", "a@b", "a+b"]
    names += ["a" * length for length in (65, 255, 65536)]
    lines = "".join(f'      - name: "{name}"\n' for name in names)
    text = good.replace("    mailboxes:\n", "    mailboxes:\n" + lines, 1)
    first = text[:text.index(lines)].count("\n")
    problems = refused(server, text)
    for number, name in enumerate(names, first + 1):
        assert any(problem["line"] == number for problem in problems), (name[:70], problems)
    found = [problem for problem in problems if len(problem["text"]) > 2000]
    assert not found, "a long name is shown whole"


def test_names_that_only_look_hostile_get_their_mail(lab):
    server = mail.configured(lab)
    names = ["a=b", "o'brien", "#a#b", "a&b", "~a", "a^b", "?a", "a_b-c.d"]
    hashed = server.read(CONFIG).split('password_hash: "')[1].split('"')[0]
    lines = "".join(f'      - name: "{name}"\n        password_hash: "{hashed}"\n' for name in names)
    mail.configured(lab, server.read(CONFIG).replace("    mailboxes:\n", "    mailboxes:\n" + lines, 1))
    for name in names:
        note = mail.note("anna@outside.test", mail.address(server, name))
        answer = mail.deliver(lab, server, mail.address(server, name), note)
        assert answer["code"] == 250, (name, answer)
        mail.wait_for(lab, server, name, note["subject"])
    mail.configured(lab)
    assert server.exec("vectis", "plan", check=False).returncode == 0


def test_a_file_that_is_no_plain_yaml_is_refused_where_it_begins_to_be_none(lab):
    server = lab.vectis()
    good = server.read(CONFIG)
    first = good.count("\n")
    bomb = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefghijklmnop", "bcdefghijklmnopq"))
    for name, text, line in (
            ("bomb", good + bomb, first + 1),
            ("anchor that holds itself", good + "rspamd: &loop\n  reject: *loop\n", first + 1),
            ("merge key", good + "rspamd:\n  <<: {reject: 5}\n", first + 2),
            ("tabs", good + "rspamd:\n\treject: 5\n", first + 2),
            ("Latin-1", good.encode() + b"# caf\xe9\n", first + 1),
            ("UTF-16", ("\ufeff" + good).encode("utf-16-le"), 1),
            ("NUL", good + "rspamd: \0\n", first + 1),
            ("second document", good + "---\n" + good, first + 1),
            ("tag", good + "rspamd: !!python/object:os.system x\n", first + 1),
            ("not closed", good + "rspamd: {reject: 5\n", None),
            ("nested", good + "rspamd: " + "[" * 10000 + "\n", first + 1),
            ("list", "- a\n- b\n", 1),
            ("text", "hello\n", 1),
            ("nothing", "", None)):
        problems = refused(server, text)
        assert problems, name
        assert line is None or any(problem["line"] == line for problem in problems), (name, problems)


def test_a_hundred_thousand_wrong_lines_are_refused_in_time_and_in_few_words(lab):
    server = lab.vectis()
    good = server.read(CONFIG)
    text = good + "".join(f"unknown_{number}: {number}\n" for number in range(100_000))
    problems = refused(server, text, seconds=15)
    assert 50 < len(problems) <= 101, len(problems)
    assert any("more problems" in problem["text"] for problem in problems), problems[-1]
    # A line of a megabyte, too.
    refused(server, good + "x: " + "y" * (1 << 20) + "\n", seconds=15)


def test_a_file_that_is_not_there_or_not_to_be_read_is_named(lab):
    server = lab.vectis()
    with given(server, None):
        for command in COMMANDS:
            done = server.exec(*command, check=False)
            assert done.returncode == 1 and CONFIG in done.stderr and "hint" in done.stderr, (command, done)
    with given(server, None):
        server.exec("mkdir", CONFIG)
        try:
            for command in COMMANDS:
                done = server.exec(*command, check=False)
                assert done.returncode == 1 and CONFIG in done.stderr, (command, done)
        finally:
            server.exec("rmdir", CONFIG)


def refused(server, text, seconds=5):
    """Each command refuses this config.yaml with status 1 and the same problems, and nothing changes; the problems."""
    before = state(server)
    found = []
    with given(server, text):
        for command in COMMANDS:
            done = server.exec("timeout", str(seconds), *command, check=False)
            assert done.returncode == 1, (command, done.returncode, done.stdout[-500:], done.stderr[:2000])
            assert done.stdout == "", (command, done.stdout)
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.stderr), (command, done.stderr[:2000])
            assert "internal fault" not in done.stderr, done.stderr[:2000]
            found.append(problems_in(done.stderr))
    assert found[0] and "hint" in done.stderr, done.stderr[:2000]
    assert found[0] == found[1] == found[2], (found[0][:3], found[1][:3], found[2][:3])
    assert state(server) == before
    return found[0]


def problems_in(said):
    """'  config.yaml:3:5: hostname: found ...' and the hints below it."""
    problems = []
    for line in said.splitlines():
        place = re.match(rf"  {CONFIG}(?::(\d+):(\d+))?: ", line)
        if place:
            problems.append({"line": int(place[1] or 0), "column": int(place[2] or 0), "text": line[place.end():]})
        elif problems:
            problems[-1]["text"] += "\n" + line
    return problems


@contextlib.contextmanager
def given(server, text):
    """With another config.yaml, or with none."""
    before = server.read(CONFIG)
    access = server.out("stat", "-c", "%a %u %g %Y", CONFIG)
    server.exec("cp", "-p", CONFIG, "/root/config.yaml.good")
    try:
        if text is None:
            server.exec("rm", CONFIG)
        else:
            server.write(CONFIG, text)
        yield
    finally:
        server.exec("cp", "-p", "/root/config.yaml.good", CONFIG)
    assert server.read(CONFIG) == before and server.out("stat", "-c", "%a %u %g %Y", CONFIG) == access


def state(server):
    """Everything that an apply may change: files and rows, the generation, the units' runs, the supervisor itself."""
    runs = server.out("systemctl", "show", "-P", "InvocationID", "--all", server.postfix, "dovecot", "rspamd", "unbound",
                      "redis-server@vectis", "vectis-supervisor")
    listing = server.out("find /etc /var/lib/vectis -xdev ! -path '/var/lib/vectis/*.db*' ! -path /etc/vectis "
                         "-printf '%p %m %u %g %s %l %T@\\n' | sort")
    return current(server), contents(server), config_rows(server), runs, listing
