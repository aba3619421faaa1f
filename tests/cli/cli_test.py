#!/usr/bin/env python3
"""The `fealty` command from outside: exit codes, what goes where, and that its readers agree with a replay."""
import json
import os
import pathlib
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
                                     f"program: {PROGRAM}\nstate: {{dir: {self.folder.name}/state}}\n"
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


if __name__ == "__main__":
    unittest.main()
