#!/usr/bin/env python3
"""Replays of a program of several generations, from outside."""
import json
import unittest

import harness

HEAD = "program: {{id: shop, version: {version}, currency: USD{more}}}\n"
BODY = """
earn:
  rules:
    - {{name: base, event: purchase, field: total, linear: {{beta: {beta}}}}}
levels:
  list:
    - {{name: low, from: 0}}
    - {{name: high, from: {high}}}
"""


def purchase(name, day, member="m"):
    return {"type": "purchase", "id": name, "member": member, "time": f"{day}T12:00:00Z", "order_id": f"order-{name}",
            "total": 100}


class Generations(unittest.TestCase):
    def setUp(self):
        self.folder = harness.folder()
        self.first = self.program(1, 1, 150)
        self.second = self.program(2, 3, 90, ", valid_from: '2026-01-01T00:00:00Z'")
        self.log = self.folder / "log.ndjson"
        self.log.write_text("".join(json.dumps(event) + "\n" for event in [
            purchase("1", "2025-12-30"), purchase("2", "2026-01-01", "n"), purchase("3", "2025-12-31"),
            purchase("4", "2026-01-03", "n")]))

    def program(self, version, beta, high, more=""):
        path = self.folder / f"v{version}.yaml"
        path.write_text(HEAD.format(version=version, more=more) + BODY.format(beta=beta, high=high))
        return path

    def replay(self, *programs, **options):
        words = [word for file in programs for word in ("--program", file)]
        out = harness.folder() / "out"
        options = [word for name, value in options.items() for word in (f"--{name}", value)]
        done = harness.fealty("replay", *words, "--format", "flat", "--no-fsync", "--out", out, *options, self.log)
        return done, harness.Outcome(out)

    def test_events_are_judged_by_the_generation_of_their_time(self):
        done, outcome = self.replay(self.second, self.first)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([(row["cause"], row["points"], row["rule_version"]) for row in outcome.rows("ledger.ndjson")],
                         [("1", 100, 1), ("2", 300, 2), ("3", 100, 1), ("4", 300, 2)])
        levels = {row["member"]: (row["level"], row["level_since"]) for row in outcome.rows("members.ndjson")}
        self.assertEqual(levels, {"m": ("high", "2025-12-31"), "n": ("high", "2026-01-01")})

    def test_what_follows_a_program_file_is_no_further_one(self):
        out = harness.folder() / "out"
        done = harness.fealty("replay", "--out", out, "--no-fsync", "--format", "flat", "--program", self.first, self.log)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_directory_of_generations_is_the_same_program(self):
        programs = self.folder / "programs"
        programs.mkdir()
        for file in (self.first, self.second):
            (programs / file.name).write_text(file.read_text())
        _, one = self.replay(self.first, self.second)
        _, other = self.replay(programs)
        self.assertEqual(one.sha256(), other.sha256())

    def test_what_is_no_generation_is_refused_with_its_place(self):
        other = self.program(3, 1, 1, ", utc_offset: '+02:00', valid_from: '2026-02-01T00:00:00+02:00'")
        done, _ = self.replay(self.first, self.second, other)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{other}:1:", done.stderr)
        self.assertIn("program.utc_offset: differs from the first generation's", done.stderr)

    def test_the_state_is_read_with_the_generations_that_made_it(self):
        state = self.folder / "state"
        done, _ = self.replay(self.first, self.second, state=state)
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = harness.fealty("member", "--state", state, "m", "--json")
        self.assertEqual(json.loads(shown.stdout)["level"], "high", shown.stderr)
        other = harness.fealty("member", "--state", state, "--program", self.first, "m", "--json")
        self.assertEqual(other.returncode, 2, other.stderr)

    def test_check_takes_files_of_one_program_as_its_generations(self):
        good = harness.fealty("check", self.first, self.second)
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn("program shop: ok (2 generations)", good.stdout)
        again = self.folder / "again.yaml"
        again.write_text(self.second.read_text())
        bad = harness.fealty("check", self.first, self.second, again)
        self.assertEqual(bad.returncode, 2)
        self.assertIn("another generation has the same day", bad.stderr)

    def test_diff_says_in_words_what_changes(self):
        done = harness.fealty("program", "diff", self.first, self.second)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("shop version 1 to version 2, from 2026-01-01 on:", done.stdout)
        self.assertIn("rule base: gives: 1 x points", done.stdout)
        self.assertIn("level high: from 90 points in place of 150 points", done.stdout)
        self.assertEqual(harness.fealty("program", "diff", self.first, self.folder / "none.yaml").returncode, 2)


if __name__ == "__main__":
    unittest.main()
