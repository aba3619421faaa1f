#!/usr/bin/env python3
"""A program file with faults: `check` shows every one with its place, and nothing starts with it."""
import unittest

import harness

FAULTY = """\
program:
  id: shop
  version: 1
  currency: USD
  colour: red
earn:
  roundng: {level: order, mode: floor}
  rules:
    - name: base
      event: purchase
      field: total
      linear: {beta: 1/0}
    - name: basket
      event: purchase
      field: total
      step: {every: 0, points: 10}
    - name: base
      event: review
      constant: 20
    - name: odd
      event: purchase
      field: dwell_s
      linear: {beta: 1}
levels:
  metric: points
  list:
    - {name: bronze, from: 0}
    - {name: gold, from: 2000}
    - {name: silver, from: 500}
churn:
  raise: 1.7
"""
# line, column where it is certain, words that must stand in the message
FAULTS = [
    (5, ["program.colour", "unknown key"]),
    (7, ["earn.roundng", "did you mean 'rounding'"]),
    (12, ["division by zero"]),
    (16, ["division by zero"]),
    (17, ["two rules named 'base'"]),
    (22, ["dwell_s"]),
    (29, ["ascend"]),
    (31, ["churn.raise"]),
]


class ProgramFaults(unittest.TestCase):
    def setUp(self):
        self.here = harness.folder()
        self.program = self.here / "shop.yaml"
        self.program.write_text(FAULTY)

    def faults(self, text):
        """Line number -> message."""
        found = {}
        for line in text.splitlines():
            if not line.startswith(f"{self.program}:"):
                continue
            number, column, message = line[len(str(self.program)) + 1:].split(":", 2)
            self.assertGreater(int(column), 0)
            found.setdefault(int(number), "")
            found[int(number)] += message
        return found

    def assert_all_shown(self, done):
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        found = self.faults(done.stderr)
        for line, words in FAULTS:
            for word in words:
                with self.subTest(line=line, word=word):
                    self.assertIn(word, found.get(line, ""), done.stderr)
        self.assertEqual(sorted(found), [line for line, _ in FAULTS], done.stderr)

    def test_check_shows_every_fault_with_its_place(self):
        self.assert_all_shown(harness.fealty("check", self.program))

    def test_a_replay_shows_the_same_and_starts_nothing(self):
        log = self.here / "log.ndjson"
        log.write_text("{}\n")
        out, state = self.here / "out", self.here / "state"
        self.assert_all_shown(harness.fealty(*harness.replay_words(log, out=out, state=state, program=self.program)))
        self.assertFalse(out.exists())
        self.assertFalse(state.exists())

    def test_the_live_service_shows_the_same_and_reaches_for_no_broker(self):
        service = self.here / "service.yaml"
        service.write_text(f"program: {self.program}\nstate: {{dir: {self.here / 'state'}}}\n"
                           "kafka: {brokers: '127.0.0.1:1', input_topic: events}\n")
        self.assert_all_shown(harness.fealty("run", "--config", service))
        self.assertFalse((self.here / "state").exists())

    def test_text_that_is_no_yaml_has_its_place_too(self):
        self.program.write_text("program:\n  id: [shop\nearn: }\n")
        done = harness.fealty("check", self.program)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(self.faults(done.stderr), done.stderr)

    def test_a_repeated_key_and_an_anchor_are_refused(self):
        self.program.write_text(harness.PROGRAM.read_text() + "notices: {}\n")
        done = harness.fealty("check", self.program)
        self.assertEqual(done.returncode, 2)
        self.assertIn("notices", done.stderr)
        self.program.write_text(harness.PROGRAM.read_text().replace("rules:\n", "rules: &all\n"))
        self.assertEqual(harness.fealty("check", self.program).returncode, 2)

    def test_an_unknown_preset_and_a_missing_program_are_named(self):
        log = self.here / "log.ndjson"
        log.write_text("")
        for option, words in (({"format": "nonsense"}, "nonsense"), ({"program": "no-such.yaml"}, "no-such.yaml")):
            done = harness.fealty(*harness.replay_words(log, out=self.here / "out", **option))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
