#!/usr/bin/env python3
"""The same records from whatever they are read: files in order, compressed, piped, a directory, a growing file."""
import gzip
import json
import signal
import subprocess
import unittest

import harness

EVENTS = 12_000
DEADLINE_S = 120


def setUpModule():
    global LINES, LOG, REFERENCE
    LOG = harness.generate(harness.folder() / "log.ndjson", members=600, events=EVENTS, seed=11, days=500)
    LINES = LOG.read_bytes().splitlines(keepends=True)
    REFERENCE = harness.replayed(None, LOG)


def parts(where, number=3):
    """The log in `number` files, in name order."""
    paths = []
    for i in range(number):
        paths.append(where / f"part-{i:02}.ndjson")
        paths[-1].write_bytes(b"".join(LINES[len(LINES) * i // number:len(LINES) * (i + 1) // number]))
    return paths


class Inputs(unittest.TestCase):
    def assert_same(self, outcome):
        """But for the names of the files, which dead letters carry."""
        for name in ("members.ndjson", "notices.ndjson", "ledger.ndjson"):
            self.assertEqual(outcome.by_member_sha256()[name], REFERENCE.by_member_sha256()[name], name)
        self.assertEqual([row | {"source": ""} for row in outcome.rows("deadletters.ndjson")],
                         [row | {"source": ""} for row in REFERENCE.rows("deadletters.ndjson")])

    def test_several_files_in_order(self):
        self.assert_same(harness.replayed(self, *parts(harness.folder())))

    def test_a_line_is_named_by_its_own_file(self):
        paths = parts(harness.folder())
        whole = [row["position"] for row in REFERENCE.rows("deadletters.ndjson")]
        self.assertEqual({position * 3 // EVENTS for position in whole}, {0, 1, 2}, "some in each of the files")
        named = [row["source"] for row in harness.replayed(self, *paths).rows("deadletters.ndjson")]
        expected = [(number := position * 3 // EVENTS, position - EVENTS * number // 3 + 1) for position in whole]
        self.assertEqual(named, [f"{paths[number]}:{line}" for number, line in expected])

    def test_gzip(self):
        path = harness.folder() / "log.ndjson.gz"
        path.write_bytes(gzip.compress(LOG.read_bytes()))
        self.assert_same(harness.replayed(self, path))

    def test_gzip_of_several_members(self):
        path = harness.folder() / "log.gz"
        path.write_bytes(b"".join(gzip.compress(part.read_bytes()) for part in parts(harness.folder())))
        self.assert_same(harness.replayed(self, path))

    def test_zstd(self):
        path = harness.folder() / "log.ndjson.zst"
        subprocess.run(["zstd", "-q", str(LOG), "-o", str(path)], check=True)
        self.assert_same(harness.replayed(self, path))

    def test_standard_input(self):
        self.assert_same(harness.replayed(self, "-", stdin=LOG))

    def test_standard_input_through_a_pipe(self):
        here = harness.folder()
        child = harness.start(harness.replay_words("-", out=here), stdin=subprocess.PIPE)
        child.communicate(LOG.read_bytes(), timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 0)
        self.assert_same(harness.Outcome(here))

    def test_a_directory_in_the_order_of_names_less_hidden_files(self):
        here = harness.folder()
        parts(here, 5)
        (here / ".hidden").write_bytes(b"no event\n")
        self.assert_same(harness.replayed(self, here))

    def test_files_of_several_kinds_beside_each_other(self):
        first, second, third = parts(harness.folder())
        packed = second.with_suffix(".gz")
        packed.write_bytes(gzip.compress(second.read_bytes()))
        self.assert_same(harness.replayed(self, first, packed, "-", stdin=third))

    def test_a_file_that_is_not_there_is_named(self):
        done = harness.fealty(*harness.replay_words("no-such.ndjson", out=harness.folder()))
        self.assertEqual(done.returncode, 1)
        self.assertIn("no-such.ndjson", done.stderr)
        self.assertIn("input_unreadable", done.stderr)

    def test_each_of_the_files_has_its_own_header_line(self):
        paths = []
        for number in range(2):
            paths.append(harness.folder() / "cds.txt")
            paths[-1].write_text(" customer_id date number_of_cds dollar_value\n" f" 0000{number} 19970101 1 10.50\n")
        outcome = harness.replayed(self, *paths, program=harness.ROOT / "config" / "programs" / "cdnow.yaml",
                                   format="cdnow")
        self.assertEqual([(row["member"], row["balance"]) for row in outcome.rows("members.ndjson")],
                         [("00000", 10), ("00001", 10)])
        self.assertEqual(outcome.bytes("deadletters.ndjson"), b"")


class Follow(unittest.TestCase):
    """A growing log, stopped by SIGTERM: the same as reading it once when it was whole."""

    def follow(self, *logs):
        self.here = harness.folder()
        self.out, self.state = self.here / "out", self.here / "state"
        words = harness.replay_words(*logs, out=self.out, state=self.state, follow=True, commit_interval_ms=20)
        child = harness.start(words)
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child

    def committed(self):
        try:
            manifest = json.loads((self.out / "manifest.json").read_text())
        except FileNotFoundError:
            return 0
        return min(row["committed"] for row in manifest["partitions"])

    def await_committed(self, child, events):
        self.assertTrue(harness.wait_until(lambda: self.committed() >= events, child, f"{events} committed"),
                        f"it ended with {child.returncode}")

    def stop(self, child):
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=DEADLINE_S), 0)

    def assert_same(self):
        outcome = harness.Outcome(self.out)
        for name in ("members.ndjson", "notices.ndjson", "ledger.ndjson"):
            self.assertEqual(outcome.by_member_sha256()[name], REFERENCE.by_member_sha256()[name], name)
        self.assertEqual(len(outcome.rows("deadletters.ndjson")), REFERENCE.report()["deadlettered"])

    def test_a_growing_file_is_read_as_it_grows_and_stopped_cleanly(self):
        log = harness.folder() / "growing.ndjson"
        log.touch()
        child = self.follow(log)
        whole = LOG.read_bytes()
        with log.open("ab", buffering=0) as growing:
            for begin in range(0, len(whole), 100_003):  # pieces that end in the midst of lines
                growing.write(whole[begin:begin + 100_003])
                if begin // 100_003 % 10 == 9:
                    self.await_committed(child, whole[:begin + 100_003].count(b"\n"))
        self.await_committed(child, EVENTS)
        self.stop(child)
        self.assert_same()

    def test_a_directory_grows_by_files(self):
        logs, ready = harness.folder(), harness.folder()
        begun = parts(ready, 4)
        begun[0].rename(logs / begun[0].name)
        child = self.follow(logs)
        for number, path in enumerate(begun[1:], 2):
            self.await_committed(child, EVENTS * (number - 1) // 4)
            path.rename(logs / path.name)
        self.await_committed(child, EVENTS)
        self.stop(child)
        self.assert_same()

    def test_stopped_and_started_again_it_goes_on(self):
        log = harness.folder() / "growing.ndjson"
        log.write_bytes(b"".join(LINES[:EVENTS // 2]))
        child = self.follow(log)
        self.await_committed(child, EVENTS // 2)
        self.stop(child)
        with log.open("ab") as growing:
            growing.write(b"".join(LINES[EVENTS // 2:]))
        words = harness.replay_words(log, out=self.out, state=self.state)
        done = harness.fealty(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same()

    def test_sigterm_in_the_midst_of_a_plain_replay_saves_all_and_it_goes_on(self):
        self.here = harness.folder()
        self.out = self.here / "out"
        words = harness.replay_words(LOG, out=self.out, state=self.here / "state", batch=50, commit_events=100)
        child = harness.start(words)
        self.assertTrue(harness.wait_until(lambda: self.committed() >= 1000, child, "1000 committed"))
        self.stop(child)
        done = harness.fealty(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same()


if __name__ == "__main__":
    unittest.main()
