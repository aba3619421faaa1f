#!/usr/bin/env python3
"""The `fealty` command from outside: exit codes, what goes where, and that its readers agree with a replay."""
import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ["FEALTY_BUILD_DIR"]) / "fealty"
PROGRAM = ROOT / "config" / "programs" / "default.yaml"


def fealty(*words, **options):
    """Runs the command; never raises for its exit code."""
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=240, **options)


def on_a_terminal(*words, stream):
    """What the command writes to `stream` ("stdout" or "stderr") where that is a terminal; it must succeed."""
    ours, theirs = pty.openpty()
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    child = subprocess.Popen([BINARY, *map(str, words)], stdin=subprocess.DEVNULL,
                             **{stream: theirs, other: subprocess.DEVNULL})
    os.close(theirs)
    written = b""
    try:
        while block := os.read(ours, 65536):
            written += block
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    os.close(ours)
    if child.wait() != 0:
        raise AssertionError(f"exit code {child.returncode}: {written}")
    return written.decode().replace("\r\n", "\n")  # the terminal's own line ends


class Usage(unittest.TestCase):
    def test_the_version_goes_to_stdout(self):
        answer = fealty("--version")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertRegex(answer.stdout, r"^fealty \d+\.\d+\.\d+\n$")

    def test_wrong_usage_exits_with_2_and_says_so_on_stderr(self):
        for words in ([], ["nonsense"], ["check"], ["topology", "--format", "png"], ["member"]):
            answer = fealty(*words)
            self.assertEqual((answer.returncode, answer.stdout), (2, ""), words)
            self.assertNotEqual(answer.stderr, "", words)


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        path = pathlib.Path(self.folder.name) / name
        path.write_text(text)
        return path

    def test_every_file_that_the_project_ships_passes(self):
        files = [*ROOT.glob("config/programs/*.yaml"), *ROOT.glob("config/mappings/*.yaml"),
                 ROOT / "config" / "service.yaml"]
        answer = fealty("check", *files)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(len(answer.stdout.splitlines()), len(files))
        for line in answer.stdout.splitlines():
            kind = {"programs": "program", "mappings": "mapping"}.get(pathlib.Path(line.split(":")[0]).parent.name,
                                                                     "service")
            self.assertTrue(line.endswith(f"ok ({kind})"), line)

    def test_every_fault_of_every_file_is_shown_with_its_place(self):
        program = self.write("program.yaml", PROGRAM.read_text() + "\nsurprise: 1\nlevles: []\n")
        service = self.write("service.yaml", f"program: {PROGRAM}\nstate: {{dir: x}}\n"
                             "kafka: {brokers: a, input_topic: t, grop: g}\ncommit: {interval_ms: -1}\n")
        answer = fealty("check", program, service)
        self.assertEqual((answer.returncode, answer.stdout), (2, ""))
        for words in ("surprise", "levles", "did you mean 'levels'", "kafka.grop", "commit.interval_ms"):
            self.assertIn(words, answer.stderr)
        for line in answer.stderr.splitlines():
            self.assertRegex(line, r"^\S+\.yaml:\d+:\d+: ")

    def test_a_service_is_checked_with_the_program_that_it_names(self):
        self.write("program.yaml", "program: {id: x}\n")
        service = self.write("service.yaml",
                             "program: program.yaml\nstate: {dir: x}\nkafka: {brokers: a, input_topic: t}\n")
        answer = fealty("check", service)
        self.assertEqual(answer.returncode, 2)
        self.assertIn("program.yaml", answer.stderr)

    def test_run_and_check_accept_the_same_times_on_both_sides_of_every_bound(self):
        bounds = {"session_timeout_ms": (1_000, 1_800_000), "transaction_timeout_ms": (10_000, 900_000)}
        running = []
        for name, (least, most) in bounds.items():
            for value, fits in ((least - 1, False), (least, True), (most, True), (most + 1, False)):
                service = self.write(f"{name}-{value}.yaml",
                                     f"program: {PROGRAM}\nstate: {{dir: {self.folder.name}/state-{name}-{value}}}\n"
                                     f"kafka: {{brokers: '127.0.0.1:1', input_topic: t, {name}: {value}}}\n")
                checked = fealty("check", service)
                self.assertEqual(checked.returncode, 0 if fits else 2, f"{name} {value}: {checked.stderr}")
                # What it accepts it tries to connect with, all at once: that takes its time, in vain.
                run = subprocess.Popen([BINARY, "run", "--config", service], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
                running.append((run, name, value, fits))
        for run, name, value, fits in running:
            stderr = run.communicate(timeout=120)[1]
            self.assertEqual(run.returncode, 3 if fits else 2, f"{name} {value}: {stderr}")
            self.assertIn("no answer" if fits else name, stderr)

    def test_a_missing_file_is_named(self):
        answer = fealty("check", "no-such-file.yaml")
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn("no-such-file.yaml", answer.stderr)


class Topology(unittest.TestCase):
    def test_text_and_mermaid_name_the_same_stages_stores_and_sinks(self):
        text, mermaid = fealty("topology"), fealty("topology", "--format", "mermaid")
        self.assertEqual((text.returncode, mermaid.returncode), (0, 0), text.stderr + mermaid.stderr)
        self.assertTrue(mermaid.stdout.startswith("flowchart"))
        for name in ("decode", "program", "insight", "commit", "members", "notices", "ledger", "deadletters"):
            self.assertIn(name, text.stdout)
            self.assertIn(name, mermaid.stdout)
        for name in ("topology ingest", "orders", "waiting", "topology members"):
            self.assertIn(name, text.stdout)
        self.assertEqual(mermaid.stdout.count("flowchart"), 1)
        self.assertIn("ingest_sink_canonical --> members_source", mermaid.stdout)

    def test_one_of_them_alone(self):
        ingest, members = fealty("topology", "ingest"), fealty("topology", "members")
        self.assertNotIn("program", ingest.stdout)
        self.assertIn("keyed by member", ingest.stdout)
        self.assertNotIn("ingest", members.stdout)
        self.assertIn("core revision", members.stdout)
        self.assertEqual(fealty("topology", "nonsense").returncode, 2)


class Readers(unittest.TestCase):
    """On the state of one replayed small shop, in three partitions."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        here = pathlib.Path(cls.folder.name)
        cls.state, cls.out = here / "state", here / "out"
        log = here / "log.ndjson"
        with log.open("w") as target:
            subprocess.run([BINARY, "generate", "--members", "50", "--events", "2000", "--seed", "3"], check=True,
                           stdout=target)
        done = fealty("replay", "--program", PROGRAM, "--out", cls.out, "--state", cls.state, "--partitions", 3, log)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.members = (cls.out / "members.ndjson").read_text().splitlines()
        cls.ledger = [json.loads(line) for line in (cls.out / "ledger.ndjson").read_text().splitlines()]

    def test_all_members_are_exported_as_the_replay_wrote_them(self):
        answer = fealty("member", "--state", self.state, "--program", PROGRAM, "--all")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(answer.stdout.splitlines(), self.members)

    def test_one_member_is_json_in_a_pipe_and_says_how_far_it_can_be_relied_on(self):
        wanted = json.loads(self.members[-1])
        answer = fealty("member", "--state", self.state, "--program", PROGRAM, wanted["member"])
        self.assertEqual(json.loads(answer.stdout), wanted)
        self.assertIn("as of input position", answer.stderr)
        self.assertIn("everything is saved", answer.stderr)

    def test_explain_gives_the_member_s_ledger_in_its_order(self):
        member = self.ledger[-1]["member"]
        answer = fealty("explain", "--state", self.state, "--json", member)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual([json.loads(line) for line in answer.stdout.splitlines()],
                         [entry for entry in self.ledger if entry["member"] == member])

    def test_explain_for_a_person_names_rule_version_and_cause(self):
        entry = self.ledger[-1]
        answer = fealty("explain", "--state", self.state, entry["member"])
        self.assertIn(f"{entry['rule']} v{entry['rule_version']}, {entry['cause']}", answer.stdout)

    def test_an_unknown_member_is_a_failure_that_names_it(self):
        answer = fealty("member", "--state", self.state, "--program", PROGRAM, "nobody")
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))
        self.assertIn("nobody", answer.stderr)

    def test_a_worker_that_is_not_there_is_a_failure_that_says_what_to_do(self):
        socket = pathlib.Path(self.folder.name) / "reads.sock"
        for command in ("member", "explain"):
            answer = fealty(command, "--socket", socket, "anna")
            self.assertEqual((answer.returncode, answer.stdout), (1, ""))
            self.assertIn("reads.socket", answer.stderr)

    def test_a_worker_or_a_directory_is_asked_and_what_does_not_go_with_it_is_refused(self):
        socket = pathlib.Path(self.folder.name) / "reads.sock"
        for words in (["member", "anna"], ["explain", "anna"], ["member", "--state", self.state, "--socket", socket, "anna"],
                      ["explain", "--state", self.state, "--socket", socket, "anna"], ["member", "--socket", socket, "--all"],
                      ["member", "--socket", socket, "--program", PROGRAM, "anna"], ["member", "--socket", socket],
                      ["member", "--socket", "x" * 200, "anna"], ["member", "--socket", socket, "--timeout", "0", "anna"],
                      ["member", "--socket", socket, "--timeout", "nan", "anna"],
                      ["member", "--socket", socket, "--at-least", "3", "anna"],
                      ["member", "--socket", socket, "--at-least", "3:-1", "anna"],
                      ["member", "--state", self.state, "--stale", "anna"]):
            answer = fealty(*words)
            self.assertEqual((answer.returncode, answer.stdout), (2, ""), words)
            self.assertNotEqual(answer.stderr, "", words)

    def test_a_directory_without_state_is_a_usage_error(self):
        answer = fealty("member", "--state", self.out, "x")
        self.assertEqual(answer.returncode, 2)
        self.assertIn(str(self.out), answer.stderr)

    def test_the_state_of_another_program_is_not_read_with_this_one(self):
        other = pathlib.Path(self.folder.name) / "other.yaml"
        other.write_text((ROOT / "config" / "programs" / "cdnow.yaml").read_text())
        answer = fealty("member", "--state", self.state, "--program", other, "--all")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("wrong_program", answer.stderr)


class Outputs(unittest.TestCase):
    """A command whose data cannot be written fails, whatever command it is; one whose messages cannot does not."""

    @classmethod
    def setUpClass(cls):
        Readers.setUpClass.__func__(cls)
        member = cls.ledger[-1]["member"]
        state = ("--state", cls.state)
        cls.commands = {
            "version": ["--version"], "help": ["--help"], "help of all": ["--help-all"],
            "help of one": ["replay", "--help"], "member": ["member", *state, member],
            "all members": ["member", *state, "--all"], "explain": ["explain", *state, member],
            "explain as JSON": ["explain", *state, "--json", member], "topology": ["topology"],
            "Mermaid": ["topology", "--format", "mermaid"], "check": ["check", PROGRAM],
            "diff": ["program", "diff", PROGRAM, PROGRAM], "generate": ["generate", "--events", "3000"],
        }

    def each(self, code, words, **options):
        for name, command in self.commands.items():
            with self.subTest(name):
                done = subprocess.run([BINARY, *map(str, command)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      text=True, timeout=240, **options)
                self.assertEqual(done.returncode, code, done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)
                if not words:
                    self.assertNotIn("output_unwritable", done.stderr)

    def test_a_full_device(self):
        with open("/dev/full", "wb") as full:
            self.each(1, ("output_unwritable", "stdout", "No space left on device"), stdout=full)

    def test_no_standard_output_at_all(self):
        before = {path: path.read_bytes() for path in self.state.iterdir() if path.is_file()}
        self.each(1, ("output_unwritable", "stdout", "Bad file descriptor"), preexec_fn=lambda: os.close(1))
        self.assertEqual({path: path.read_bytes() for path in self.state.iterdir() if path.is_file()}, before)

    def test_a_reader_that_has_gone_is_no_failure_and_no_message(self):
        ours, theirs = os.pipe()
        os.close(ours)
        try:
            self.each(0, (), stdout=theirs)
        finally:
            os.close(theirs)

    def test_a_failure_keeps_its_exit_code_where_the_output_fails_too(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BINARY, "check", PROGRAM, "no-such-file.yaml"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=240)
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_messages_that_cannot_be_written_do_no_harm(self):
        for prepare in (None, lambda: os.close(2)):
            with open("/dev/full", "wb") as full:
                answer = subprocess.run([BINARY, "member", "--state", self.state, "--program", PROGRAM, "--all"],
                                        stdout=subprocess.PIPE, stderr=full, text=True, preexec_fn=prepare, timeout=240)
                refused = subprocess.run([BINARY, "member", "--state", self.out, "x"], stdout=subprocess.PIPE,
                                         stderr=full, preexec_fn=prepare, timeout=240)
                log = pathlib.Path(self.folder.name) / "log.ndjson"
                replayed = subprocess.run([BINARY, "replay", "--program", PROGRAM, "--out",
                                           tempfile.mkdtemp(dir=self.folder.name), log], stderr=full,
                                          preexec_fn=prepare, timeout=240)
            self.assertEqual((answer.returncode, refused.returncode, replayed.returncode), (0, 2, 0))
            self.assertEqual(answer.stdout.splitlines(), self.members)


class HostileText(unittest.TestCase):
    """What is shown to a person neither moves the cursor, nor forges a line, nor turns the direction of reading."""

    EVIL = "\x1b[2J\u009b31m\u202etxt\x7f\r\n2025-01-01T00:00:00.000Z error event=forged"
    SHOWN = r"\x1b[2J\u009b31m\u202etxt\x7f\r\n2025-01-01T00:00:00.000Z error event=forged"
    RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # all but the ends of lines

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.here = pathlib.Path(cls.folder.name)
        cls.log, cls.member = cls.here / "log.ndjson", "m" + cls.EVIL
        cls.log.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in cls.events()))
        cls.state = cls.here / "state"
        cls.replayed = fealty("replay", "--program", PROGRAM, "--out", cls.here / "out", "--state", cls.state, cls.log)
        if cls.replayed.returncode != 0:
            raise AssertionError(cls.replayed.stderr)

    @classmethod
    def events(cls):
        evil = cls.EVIL
        line = {"line": "l" + evil, "sku": "k" + evil, "category": "c" + evil, "brand": "b" + evil, "quantity": 1,
                "price": "900.00"}
        order = {"order_id": "o" + evil, "currency": "USD", "total": "900.00", "lines": [line]}
        given = [("purchase", order), ("refund", {"order_id": "o" + evil, "refund_id": "r" + evil,
                                                  "lines": [{"line": "l" + evil, "amount": "100.00"}],
                                                  "reason": "why" + evil}),
                 ("adjustment", {"points": 5, "actor": "a" + evil, "reason": "why" + evil}),
                 ("redemption", {"redemption_id": "d" + evil, "points": 10, "reward": "w" + evil}),
                 ("purchase", order | {"order_id": "p" + evil, "currency": "U" + evil}),
                 ("cancel", {"order_id": "o" + evil})]
        for day, (kind, data) in enumerate(given, 1):
            yield {"specversion": "1.0", "id": f"{day}{evil}", "source": "/shop" + evil, "type": kind,
                   "subject": "m" + evil, "time": f"2025-01-{day:02}T12:00:00Z", "data": data}

    def assert_printable(self, text):
        self.assertIsNone(found := self.RAW.search(text), found and (found, text))
        self.assertNotRegex(text, r"(?m)^2025-01-01T00:00:00.000Z error", "a forged line")

    def test_explain_shows_what_it_says_in_causes_and_reasons(self):
        answer = fealty("explain", "--state", self.state, self.member)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assert_printable(answer.stdout + answer.stderr)
        for words in ("1" + self.SHOWN, "why" + self.SHOWN, "a" + self.SHOWN, "3" + self.SHOWN):
            self.assertIn(words, answer.stdout)

    def test_explain_gives_a_machine_the_text_itself(self):
        answer = fealty("explain", "--state", self.state, "--json", self.member)
        causes = [json.loads(line)["cause"] for line in answer.stdout.split("\n") if line]
        self.assertIn("1" + self.EVIL, causes)

    def test_the_table_of_a_member(self):
        shown = on_a_terminal("member", "--state", self.state, self.member, stream="stdout")
        self.assert_printable(shown)
        self.assertRegex(shown, "(?m)^member +" + re.escape("m" + self.SHOWN) + "$")

    def test_a_member_that_is_not_there(self):
        answer = fealty("member", "--state", self.state, "nobody" + self.EVIL)
        self.assertEqual(answer.returncode, 1)
        self.assert_printable(answer.stderr)
        self.assertIn("nobody" + self.SHOWN, answer.stderr)

    def test_the_view_of_a_replay_on_a_terminal(self):
        shown = on_a_terminal("replay", "--program", PROGRAM, "--out", self.here / "viewed", "--view", self.log,
                              stream="stderr")
        own = re.compile(r"\x1b\[(?:2K|\d+A)")  # how it draws over itself
        self.assertRegex(shown, own)
        self.assert_printable(own.sub("", shown))
        self.assertIn("points.earned", shown)
        self.assertIn(r"\u009b31m\u202etxt\x7f", shown)

    def test_the_lines_of_a_replay(self):
        self.assert_printable(self.replayed.stderr)
        self.assertIn("6 records: 5 applied", self.replayed.stderr)
        bar = on_a_terminal("replay", "--program", PROGRAM, "--out", self.here / "barred", self.log, stream="stderr")
        self.assertIn("100.0%", bar)
        self.assert_printable(bar.replace("\r\x1b[K", ""))

    def test_faults_of_files_that_quote_them(self):
        program, mapping = self.here / "program.yaml", self.here / "mapping.yaml"
        evil = json.dumps("k" + self.EVIL)
        program.write_text(PROGRAM.read_text() + f"\n{evil}: 1\n")
        mapping.write_text(f"format: json\nenvelope: {{member: {evil}}}\ntypes: {{{evil}: {{{evil}: {evil}}}}}\n")
        for answer in (fealty("check", program), fealty("check", mapping)):
            self.assertEqual(answer.returncode, 2)
            self.assert_printable(answer.stderr)
            self.assertIn("k" + self.SHOWN, answer.stderr)

    def test_a_header_line_that_does_not_fit(self):
        log, column = self.here / "orders.csv", self.EVIL.split("\r")[0]
        log.write_text(f"time,{column},{column}\n")
        answer = fealty("replay", "--program", PROGRAM, "--format", "csv", "--out", self.here / "csv", log)
        self.assertEqual((answer.returncode, answer.stdout), (1, ""), answer.stderr)
        self.assert_printable(answer.stderr)
        self.assertIn(r"\x1b[2J\u009b31m\u202etxt\x7f", answer.stderr)

    def test_arguments_that_are_refused(self):
        for words in (["explain", "--state", self.state, "a", "b" + self.EVIL], ["no" + self.EVIL],
                      ["generate", "--start", "x" + self.EVIL], ["check", self.here / ("x" + self.EVIL)],
                      ["member", "--state", "x" + self.EVIL, "a"]):
            answer = fealty(*words)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assert_printable(answer.stderr)


if __name__ == "__main__":
    unittest.main()
