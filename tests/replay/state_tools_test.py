#!/usr/bin/env python3
"""`fealty state verify|stats|export`: a state directory seen from outside."""
import json
import shutil
import signal
import unittest

import harness

EVENTS = 6_000


def setUpModule():
    global LOG, OUTCOME, STATE
    LOG = harness.generate(harness.folder() / "log.ndjson", members=300, events=EVENTS, seed=5, refund_share=0.2,
                           late_share=0.05)
    STATE = harness.folder() / "state"
    OUTCOME = harness.replayed(None, LOG, state=STATE, partitions=3)


def state(verb, *words, directory=None):
    return harness.fealty("state", verb, "--state", directory or STATE, *words)


class Tools(unittest.TestCase):
    def assert_done(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def test_verify_says_what_it_looked_at(self):
        members, ledger = OUTCOME.rows("members.ndjson"), OUTCOME.rows("ledger.ndjson")
        seen = json.loads(self.assert_done(state("verify", "--json")).stdout)
        self.assertEqual((seen["ok"], seen["faults"]), (True, []))
        self.assertEqual((seen["members"], seen["entries"]), (len(members), len(ledger)))
        self.assertGreater(seen["rows"], sum(row["purchases"] for row in members))
        self.assertRegex(self.assert_done(state("verify")).stdout, rf"^ok: {len(members)} members, {len(ledger)} ledger")

    def test_verify_holds_the_levels_against_the_program_and_counts_what_it_does_not_show(self):
        program = harness.folder() / "program.yaml"
        program.write_text("program: {id: shop, version: 1, currency: USD}\n"
                           "earn: {rules: [{name: base, event: purchase, field: total, linear: {beta: 1}}]}\n")
        above = [row for row in OUTCOME.rows("members.ndjson") if row["level"] != "bronze"]
        self.assertGreater(len(above), 2)
        done = state("verify", "--program", program)
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"different: partition \d, member \S+, record: level \d, the program has 1")
        self.assertIn("verification_failed", done.stderr)
        seen = json.loads(state("verify", "--program", program, "--faults-max", 2, "--json").stdout)
        self.assertEqual(len(seen["faults"]), 2)
        self.assertGreaterEqual(seen["different"], len(above))

    def test_verify_refuses_what_a_process_writes_to(self):
        here = harness.folder()
        child = harness.start(harness.replay_words(LOG, out=here / "out", state=here / "state", follow=True,
                                                   commit_interval_ms=20))
        try:
            manifest = here / "out" / "manifest.json"
            self.assertTrue(harness.wait_until(
                lambda: manifest.exists() and f'"committed": {EVENTS},' in manifest.read_text(), child, "all is read"))
            done = state("verify", directory=here / "state")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("state_in_use", done.stderr)
            # The others read as of the moment at which they open it.
            self.assert_done(state("stats", directory=here / "state"))
            self.assert_done(state("export", directory=here / "state"))
        finally:
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(timeout=harness.DEADLINE_S), 0)
        self.assert_done(state("verify", directory=here / "state"))

    def test_stats_add_up_to_the_members(self):
        members, ledger = OUTCOME.rows("members.ndjson"), OUTCOME.rows("ledger.ndjson")
        seen = json.loads(self.assert_done(state("stats", "--json")).stdout)
        self.assertEqual((seen["members"], seen["entries"]), (len(members), len(ledger)))
        self.assertEqual(seen["liability_points"], sum(row["balance"] for row in members))
        by_level = {}
        for row in members:
            by_level[row["level"]] = by_level.get(row["level"], 0) + 1
        self.assertEqual({row["level"]: row["members"] for row in seen["by_level"] if row["members"]}, by_level)
        tables = {row["table"]: row for row in seen["tables"]}
        self.assertEqual(tables["members"]["rows"], len(members))
        self.assertEqual(tables["orders"]["rows"], sum(row["purchases"] for row in members))
        self.assertGreater(tables["ledger"]["bytes"], len(ledger) * 30)
        sizes = [row["bytes"] for row in tables["ledger"]["largest"]]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertEqual([row["partition"] for row in seen["partitions"]], [0, 1, 2])
        for row in seen["partitions"]:
            self.assertEqual((row["recover_from"], row["committed"]), (EVENTS, EVENTS))
            self.assertEqual([one["version"] for one in row["generations"]], [1])
        shown = self.assert_done(state("stats")).stdout
        self.assertIn(f"members       {len(members)}\n", shown)

    def test_export_gives_the_members_and_the_ledger_of_the_replay(self):
        self.assertEqual(self.assert_done(state("export")).stdout.encode(), OUTCOME.bytes("members.ndjson"))
        ledger = self.assert_done(state("export", "--ledger")).stdout.encode()
        self.assertEqual(sorted(ledger.splitlines()), sorted(OUTCOME.bytes("ledger.ndjson").splitlines()))
        file = harness.folder() / "ledger.ndjson"
        self.assertEqual(self.assert_done(state("export", "--ledger", "--out", file)).stdout, "")
        self.assertEqual(file.read_bytes(), ledger)

    def test_export_to_a_full_device(self):
        with open("/dev/full", "wb") as full:
            done = harness.subprocess.run([harness.BINARY, "state", "export", "--state", STATE], stdout=full,
                                          stderr=harness.subprocess.PIPE, text=True, timeout=harness.DEADLINE_S)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("output_unwritable", done.stderr)

    def test_export_of_a_damaged_state_leaves_no_file(self):
        copy = harness.folder() / "state"
        shutil.copytree(STATE, copy)
        (copy / "CURRENT").write_text("MANIFEST-999999\n")
        file = harness.folder() / "members.ndjson"
        done = state("export", "--out", file, directory=copy)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertFalse(file.exists())

    def test_a_directory_that_is_none(self):
        for verb in ("verify", "stats", "export"):
            for directory in (harness.folder(), harness.folder() / "none"):
                done = state(verb, directory=directory)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("there is no state", done.stderr)


if __name__ == "__main__":
    unittest.main()
