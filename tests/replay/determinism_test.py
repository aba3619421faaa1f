#!/usr/bin/env python3
"""Same log, same program: same bytes, however the work is cut, killed, continued and on whatever CPU."""
import itertools
import random
import shutil
import unittest

import harness

EVENTS = 60_000
# Small, so that each kill finds much that is committed but not saved, and much that is neither.
OFTEN = {"commit_events": 500, "checkpoint_distance": 5_000, "batch": 250}
# Waits for more at the end of the log; commits by records all the same.
FOLLOWING = ["--follow", "--commit-interval-ms", 3_600_000]
# The names of both old and new glibc; those that a glibc does not know it ignores.
MASKED = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=" + ",".join(
    "-" + name for name in ("AVX", "AVX_Usable", "AVX2", "AVX2_Usable", "AVX512F", "AVX512F_Usable", "AVX512VL",
                            "AVX512BW", "FMA", "FMA_Usable", "FMA4", "FMA4_Usable", "ERMS", "BMI1", "BMI2",
                            "SSE4_1", "SSE4_2", "SSSE3"))}


def setUpModule():
    global LOG, REFERENCE
    # The shares are high, so that each kind of trouble is there hundreds of times.
    LOG = harness.generate(harness.folder() / "log.ndjson", members=3_000, events=EVENTS, seed=20_251, days=500,
                           duplicate_share=0.03, late_share=0.03, malformed_share=0.01, refund_share=0.15)
    REFERENCE = harness.replayed(None, LOG)


class Shape(unittest.TestCase):
    def test_the_log_holds_what_makes_it_hard(self):
        report, kinds = REFERENCE.report(), {}
        for row in REFERENCE.rows("ledger.ndjson"):
            kinds[row["entry"]] = kinds.get(row["entry"], 0) + 1
        self.assertEqual(report["events"], EVENTS)
        self.assertEqual(report["applied"] + report["duplicates"] + report["skipped"] + report["deadlettered"], EVENTS)
        for share in ("duplicates", "deadlettered"):
            self.assertGreater(report[share], EVENTS // 200, share)
        for kind in ("earn", "reverse", "redeem"):
            self.assertGreater(kinds[kind], 100, kind)
        notices = {row["type"] for row in REFERENCE.rows("notices.ndjson")}
        self.assertLessEqual({"tier.upgraded", "churn.risk.raised", "churn.risk.cleared"}, notices)

    def test_the_report_states_the_sums_of_the_files(self):
        self.assertEqual(REFERENCE.report()["sha256"], REFERENCE.sha256())


class Cut(unittest.TestCase):
    def test_partitions_and_batch_sizes_change_nothing(self):
        for partitions, batch in itertools.product((1, 3, 8), (1, 10_000)):
            with self.subTest(partitions=partitions, batch=batch):
                outcome = harness.replayed(self, LOG, partitions=partitions, batch=batch)
                self.assertEqual(outcome.by_member_sha256(), REFERENCE.by_member_sha256())

    def test_commits_saves_and_a_store_on_disk_change_nothing(self):
        for partitions in (1, 3):
            with self.subTest(partitions=partitions):
                outcome = harness.replayed(self, LOG, partitions=partitions, state=harness.folder() / "state", **OFTEN)
                self.assertEqual(outcome.by_member_sha256(), REFERENCE.by_member_sha256())

    def test_members_that_spill_out_of_the_cache_change_nothing(self):
        for partitions, state in ((1, None), (3, harness.folder() / "state")):
            with self.subTest(partitions=partitions):
                outcome = harness.replayed(self, LOG, partitions=partitions, state=state, memory_bytes="256KiB",
                                           commit_events=2_000, batch=500)
                self.assertEqual(outcome.by_member_sha256(), REFERENCE.by_member_sha256())

    def test_the_features_of_the_cpu_change_nothing(self):
        for kernel in ({}, {"SIMDJSON_FORCE_IMPLEMENTATION": "westmere"},
                       {"SIMDJSON_FORCE_IMPLEMENTATION": "fallback"}):
            with self.subTest(**kernel):
                outcome = harness.replayed(self, LOG, environment=MASKED | kernel)
                self.assertEqual(outcome.sha256(), REFERENCE.sha256())


class Killed(unittest.TestCase):
    """Ten times by SIGKILL at points drawn over the run, going on each time in the same directories.

    What is killed follows a log that ends behind the point of the kill, so however late the kill comes, it finds
    the run alive and short of its end."""

    def kill(self, log, words, lines, ledger, committed):
        """Once, with `lines` of the log there, as soon as so many bytes of the ledger are committed or later."""
        log.grow_to(lines)
        # What grows: the committed output. A kill lands anywhere in the work of the commits around it.
        self.assertTrue(harness.kill_once([*words, *FOLLOWING], lambda: harness.size(ledger) >= committed))
        self.assertFalse((ledger.parent / "report.json").exists(), "it came to its end before the kill")

    def kill_ten_times(self, partitions, seed, between=None, **options):
        here = harness.folder()
        out, state = here / "out", here / "state"
        ledger = out / "ledger.ndjson"
        words = harness.replay_words(LOG, out=out, state=state, partitions=partitions, **OFTEN | options)
        draw = random.Random(seed)
        share, growth = EVENTS // 11, len(REFERENCE.bytes("ledger.ndjson")) // 11
        with harness.Growing(LOG) as log:
            for kill in range(10):
                # So much of the log has at least so much of the ledger: it grows less towards the end.
                at = max(kill * growth + draw.randrange(growth), harness.size(ledger) + 1)
                self.kill(log, words, (kill + 1) * share, ledger, at)
                if between:
                    between(out, state)
        return self.finished(out, words)

    def finished(self, out, words):
        done = harness.fealty(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(harness.Outcome(out).by_member_sha256(), REFERENCE.by_member_sha256())
        return harness.Outcome(out)

    def test_a_killed_replay_goes_on_to_the_same_result(self):
        for partitions in (1, 3):
            with self.subTest(partitions=partitions):
                self.kill_ten_times(partitions, seed=partitions)

    # Timers of idle members fire at the end of a batch, and with several partitions a batch's lines are ordered by
    # partition; a continued run begins its batches elsewhere. So lines of different members change places.
    def test_the_bytes_are_the_same_even_in_the_order_of_members(self):
        for partitions in (1, 3):
            whole = harness.replayed(self, LOG, partitions=partitions, **OFTEN)
            self.assertEqual(self.kill_ten_times(partitions, seed=9).sha256(), whole.sha256())

    def test_so_it_does_with_members_spilling_and_without_the_store_s_own_log(self):
        self.kill_ten_times(3, seed=5, memory_bytes="256KiB", **{"no_wal": True})

    def test_so_it_does_where_the_state_was_removed_in_between(self):
        # Saved versions are in the state only, so an emptied one is read from the begin of the logs.
        self.kill_ten_times(2, seed=7, between=lambda _, state: shutil.rmtree(state, ignore_errors=True))

    def kill_in_the_first_half(self, out, words):
        with harness.Growing(LOG) as log:
            quarter = len(REFERENCE.bytes("ledger.ndjson")) // 4
            self.kill(log, words, EVENTS // 2, out / "ledger.ndjson", quarter)

    def test_so_it_does_where_the_state_is_kept_in_memory_only(self):
        out = harness.folder()
        words = harness.replay_words(LOG, out=out, **OFTEN)
        self.kill_in_the_first_half(out, words)
        self.finished(out, words)

    def test_bytes_behind_the_last_commit_are_cut_off(self):
        here = harness.folder()
        out = here / "out"
        words = harness.replay_words(LOG, out=out, state=here / "state", **OFTEN)
        self.kill_in_the_first_half(out, words)
        with (out / "ledger.ndjson").open("ab") as torn:
            torn.write(b'{"member":"nobody","seq":1,"ent')
        self.finished(out, words)


if __name__ == "__main__":
    unittest.main()
