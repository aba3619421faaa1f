#!/usr/bin/env python3
"""Any number of workers: the same bytes, the same state and the same report, also where a run is gone on with by another
number."""
import gzip
import json
import os
import pathlib
import resource
import signal
import unittest

import harness

EVENTS = 20_000
WORKERS = (1, 2, 3, 64)  # 1 and 2 apply on one thread, 3 on two, 64 on as many as there may be
OFTEN = {"commit_events": 500, "checkpoint_distance": 3_000, "batch": 250}
FOLLOWING = ["--follow", "--commit-interval-ms", 3_600_000]
# Of a run, not of what came out of it.
OF_ITS_OWN = ("key", "took_ms", "seconds", "events_per_second")


def setUpModule():
    global LOG, LINES
    LOG = harness.generate(harness.folder() / "log.ndjson", members=1_000, events=EVENTS, seed=77, days=400,
                           duplicate_share=0.03, late_share=0.03, malformed_share=0.01, refund_share=0.15)
    LINES = LOG.read_bytes().splitlines(keepends=True)
    global DENSE  # Thousands of events a day: only then do threads that apply have something to share.
    DENSE = harness.generate(harness.folder() / "dense.ndjson", members=2_000, events=60_000, seed=78, days=4,
                             duplicate_share=0.05, late_share=0.1, malformed_share=0.01, refund_share=0.2)


def without_its_own(value):
    if not isinstance(value, dict):
        return value
    return {name: without_its_own(part) for name, part in value.items() if name not in OF_ITS_OWN}


def result(outcome):
    """All that a run leaves in its output directory."""
    return {"sha256": outcome.sha256(), "report": without_its_own(outcome.report()),
            "manifest": without_its_own(json.loads(outcome.bytes("manifest.json")))}


def exported(test, state):
    """Every member and every ledger entry of a state directory, once it has been verified."""
    verified = harness.fealty("state", "verify", "--state", state)
    test.assertEqual(verified.returncode, 0, verified.stderr)
    texts = [harness.fealty("state", "export", "--state", state, *more) for more in ([], ["--ledger"])]
    test.assertEqual([text.returncode for text in texts], [0, 0], texts[0].stderr)
    return [harness.digest([text.stdout.encode()]) for text in texts]


def thread_names(pid):
    return sorted(path.read_text().strip() for path in pathlib.Path(f"/proc/{pid}/task").glob("*/comm"))


class SameBytes(unittest.TestCase):
    def assert_same(self, *logs, state=False, **options):
        """The first result, that of one worker; those of the others are the same."""
        first, saved = None, None
        for workers in WORKERS:
            with self.subTest(workers=workers):
                at = harness.folder() / "state" if state else None
                outcome = harness.replayed(self, *logs, workers=workers, state=at, **options)
                first = first or result(outcome)
                self.assertEqual(result(outcome), first)
                if state:
                    saved = saved or exported(self, at)
                    self.assertEqual(exported(self, at), saved)
        return first

    def test_in_memory_and_on_disk(self):
        memory = self.assert_same(LOG)
        self.assertGreater(memory["report"]["deadlettered"], 100)
        disk = self.assert_same(LOG, state=True)
        self.assertEqual(disk["sha256"], memory["sha256"])
        default = harness.replayed(self, LOG)
        self.assertEqual(result(default), memory)

    def test_what_is_in_memory_only_is_not_saved_at_the_end_unless_it_does_not_fit(self):
        for options, recover_from in (({}, 0), ({"memory_bytes": "256KiB", "commit_events": 2_000, "batch": 500}, EVENTS)):
            outcome = harness.replayed(self, LOG, **options)
            partition = json.loads(outcome.bytes("manifest.json"))["partitions"][0]
            self.assertEqual((partition["committed"], partition["recover_from"]), (EVENTS, recover_from))

    def test_with_commits_and_saves_all_the_time_over_several_partitions(self):
        self.assert_same(LOG, state=True, partitions=3, **OFTEN)

    def test_of_a_log_with_much_on_a_day(self):
        memory = self.assert_same(DENSE)
        self.assertGreater(memory["report"]["duplicates"], 1_000)
        self.assert_same(DENSE, state=True, commit_events=7_000, checkpoint_distance=9_000)
        self.assert_same(DENSE, state=True, memory_bytes="256KiB", commit_events=2_000, batch=1_000)
        for partitions in (1, 2, 8):
            spread = harness.replayed(self, DENSE, workers=6, partitions=partitions)
            self.assertEqual(spread.sha256(), memory["sha256"])

    def test_with_members_that_do_not_fit_into_memory(self):
        self.assert_same(LOG, state=True, memory_bytes="256KiB", commit_events=2_000, batch=500)

    def test_of_several_logs_of_which_some_are_packed(self):
        here, third = harness.folder(), EVENTS // 3
        (here / "1.ndjson").write_bytes(b"".join(LINES[:third]))
        (here / "2.ndjson.gz").write_bytes(gzip.compress(b"".join(LINES[third:2 * third]), 1))
        (here / "3.ndjson").write_bytes(b"".join(LINES[2 * third:]))
        whole = harness.replayed(self, LOG, workers=1)
        for logs in ([here], sorted(here.iterdir())):
            same = self.assert_same(*logs)
            ours = {name: sha for name, sha in same["sha256"].items() if name != "deadletters.ndjson"}  # It names files.
            self.assertEqual(ours, {name: whole.sha256()[name] for name in ours})

    def test_of_standard_input(self):
        whole = harness.replayed(self, LOG, workers=2)
        for workers in WORKERS:
            for piped in (False, True):
                out = harness.folder() / "out"
                words = harness.replay_words("-", out=out, workers=workers)
                with open(LOG, encoding="utf-8") as log:
                    how = {"input": log.read()} if piped else {"stdin": log}
                    self.assertEqual(harness.fealty(*words, **how).returncode, 0)
                self.assertEqual(harness.Outcome(out).report()["events"], EVENTS)
                self.assertEqual(harness.Outcome(out).sha256()["ledger.ndjson"], whole.sha256()["ledger.ndjson"])

    def test_of_a_few_lines_of_none_and_of_one_without_an_end(self):
        for text in (LINES[0], LINES[0] + LINES[1].rstrip(b"\n"), b"\n", b""):
            log = harness.folder() / "few.ndjson"
            log.write_bytes(text)
            for options in ({}, {"batch": 1}):
                with self.subTest(text=text[:20], **options):
                    codes = {workers: harness.fealty(*harness.replay_words(
                        log, out=harness.folder() / "out", workers=workers, **options)).returncode for workers in WORKERS}
                    self.assertEqual(len(set(codes.values())), 1, codes)
                    if codes[1] == 0:
                        self.assert_same(log, **options)

    def test_of_what_can_not_be_read(self):
        torn = harness.folder() / "torn.ndjson.gz"
        torn.write_bytes(gzip.compress(b"".join(LINES), 1)[:-20_000])
        said = {}
        for workers in WORKERS:
            out = harness.folder() / "out"
            done = harness.fealty(*harness.replay_words(torn, out=out, workers=workers))
            said[workers] = (done.returncode, done.stderr)
        self.assertEqual(said[1][0], 1)
        self.assertIn("input_corrupt", said[1][1])
        self.assertEqual(set(said.values()), {said[1]})

    def test_of_a_wrong_format(self):
        said = {}
        for workers in WORKERS:
            done = harness.fealty(*harness.replay_words(LOG, out=(out := harness.folder() / "out"), workers=workers,
                                                        format="flat"))
            letters = harness.digest([harness.Outcome(out).bytes("deadletters.ndjson")])
            said[workers] = (done.returncode, done.stderr.replace(str(out), "OUT"), letters)
        self.assertEqual(said[1][0], 1)
        self.assertEqual(set(said.values()), {said[1]})

    def test_where_an_output_can_not_be_written(self):
        def small_files_only():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

        said = {}
        for workers in WORKERS:
            out = harness.folder() / "out"
            # Without restore_signals a file that is too large is an error of the write and no signal.
            done = harness.fealty(*harness.replay_words(LOG, out=out, workers=workers, commit_events=1_000),
                                  preexec_fn=small_files_only, restore_signals=False)
            said[workers] = (done.returncode, done.stderr.replace(str(out), "OUT"))
        self.assertEqual(said[1][0], 1)
        self.assertIn("output_unwritable", said[1][1])
        self.assertEqual(set(said.values()), {said[1]})


class GoneOnWith(unittest.TestCase):
    def words(self, here, workers):
        return harness.replay_words(LOG, out=here / "out", state=here / "state", workers=workers, **OFTEN)

    def test_killed_with_one_number_and_gone_on_with_by_another(self):
        whole = harness.replayed(self, LOG, **OFTEN)
        for order in ((1, 2, 3, 1), (3, 1, 64, 2)):
            here = harness.folder()
            ledger = here / "out" / "ledger.ndjson"
            growth = len(whole.bytes("ledger.ndjson")) // 5
            with harness.Growing(LOG) as log:
                for kill, workers in enumerate(order[:-1]):
                    log.grow_to((kill + 1) * EVENTS // 4)
                    at = max(kill * growth, harness.size(ledger) + 1)
                    words = [*self.words(here, workers), *FOLLOWING]
                    self.assertTrue(harness.kill_once(words, lambda: harness.size(ledger) >= at))
            done = harness.fealty(*self.words(here, order[-1]))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(harness.Outcome(here / "out").sha256(), whole.sha256())

    def test_a_log_is_followed_by_any_number(self):
        whole = harness.replayed(self, LOG)
        for workers in (1, 3):
            here = harness.folder()
            out = here / "out"
            words = harness.replay_words(LOG, out=out, state=here / "state", workers=workers, batch=100)
            with harness.Growing(LOG) as log:
                child = harness.start([*words, "--follow", "--commit-interval-ms", 1])
                for lines in (1, 5_000, EVENTS):
                    log.grow_to(lines)
                    self.assertTrue(harness.wait_until(lambda: committed(out) >= lines, child, f"{lines} lines"))
                child.send_signal(signal.SIGTERM)
                self.assertEqual(child.wait(timeout=60), 0)
            self.assertEqual(harness.Outcome(out).sha256(), whole.sha256())


def committed(out):
    try:
        return json.loads((out / "manifest.json").read_text())["partitions"][0]["committed"]
    except (FileNotFoundError, ValueError):
        return 0


class Threads(unittest.TestCase):
    def test_one_worker_is_one_thread_and_more_decode_and_apply_up_to_a_bound(self):
        for workers, decoders, lanes in ((1, 0, 1), (2, 1, 1), (4, 1, 3), (6, 2, 4), (64, 4, 8)):
            here = harness.folder()
            pipe, give = os.pipe()
            child = harness.start(harness.replay_words("-", out=here / "out", state=here / "state", workers=workers,
                                                       commit_events=1), stdin=pipe)
            os.close(pipe)
            os.write(give, LINES[0])
            self.assertTrue(harness.wait_until(lambda: committed(here / "out") == 1, child, "a commit"))
            names = thread_names(child.pid)
            child.send_signal(signal.SIGTERM)  # while it waits for the pipe
            self.assertEqual(child.wait(timeout=60), 0)
            os.close(give)
            self.assertEqual(names.count("fealty-decode"), decoders)
            self.assertEqual(names.count("fealty-apply"), lanes - 1)  # beside the first thread
            for beside in ("fealty-sink", "fealty-store"):
                self.assertEqual(names.count(beside), 1 if workers > 1 else 0, names)


class Refused(unittest.TestCase):
    def test_a_number_out_of_bounds_or_none_is_a_usage_error(self):
        for workers in ("0", "-1", "65", "10000", "99999999999", "two", "1.5", "", "2 --workers=3"):
            out = harness.folder() / "out"
            done = harness.fealty(*harness.replay_words(LOG, out=out), *f"--workers={workers}".split(" "))
            self.assertEqual(done.returncode, 2, workers)
            self.assertIn("--workers", done.stderr)
            self.assertFalse(out.exists())
        done = harness.fealty(*harness.replay_words(LOG, out=out), "--workers", "10000")
        self.assertIn("not in range 1 to 64", done.stderr)

    def test_the_help_says_what_it_is_without_it(self):
        shown = harness.fealty("replay", "--help").stdout
        default = max(2, min(64, len(os.sched_getaffinity(0))))
        self.assertIn(f"--workers UINT:UINT in [1 - 64]={default}", " ".join(shown.split()))


if __name__ == "__main__":
    unittest.main()
