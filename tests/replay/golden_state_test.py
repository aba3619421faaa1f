#!/usr/bin/env python3
"""States that releases wrote: this one opens those of its form and the last one's, and goes on from them as from its
own; what it cannot read it refuses and leaves as it was. See tests/golden/state/README.md."""
import hashlib
import shutil
import tarfile
import unittest

import harness

GOLDEN = harness.ROOT / "tests" / "golden" / "state"
FORMATS = (2, 3)
PARTITIONS = 2


def unpacked(name, folder):
    with tarfile.open(GOLDEN / name) as archive:
        archive.extractall(folder)


def run(folder, *words):
    """In a folder of its own, by relative names."""
    return harness.fealty(*words, cwd=folder)


def replay(folder, *logs, out="out", state="state"):
    words = harness.replay_words(*logs, out=out, state=state, program="program.yaml", partitions=PARTITIONS)
    return run(folder, *words)


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((folder / "state").iterdir()) if path.name != "LOCK"}


class GoldenStates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fresh = cls.prepared()
        for name, logs in (("half", ("a.ndjson", "b.ndjson")), ("whole", ("a.ndjson", "b.ndjson", "c.ndjson"))):
            done = replay(cls.fresh, *logs, out=name, state=name + "-state")
            if done.returncode != 0:
                raise AssertionError(done.stderr)

    @staticmethod
    def prepared(form=None):
        folder = harness.folder()
        unpacked("logs.tar.gz", folder)
        shutil.copy(GOLDEN / "program.yaml", folder)
        if form is not None:
            # The output that belongs to the state is this release's: what is golden is the state.
            done = replay(folder, "a.ndjson", "b.ndjson", state=None)
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            unpacked(f"format-{form}.tar.gz", folder)
        return folder

    def assert_done(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def assert_same(self, folder, reference):
        """Members with their ledgers, as they lie in the state, and as a fresh replay has them."""
        for words in ((), ("--ledger",)):
            exported = [self.assert_done(run(at, "state", "export", "--state", state, *words)).stdout.splitlines()
                        for at, state in ((folder, "state"), (self.fresh, reference + "-state"))]
            self.assertGreater(len(exported[0]), 40)
            self.assertEqual(*exported)
        verified = run(folder, "state", "verify", "--state", "state")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_each_goes_on_as_from_the_beginning(self):
        for form in FORMATS:
            with self.subTest(form=form):
                folder = self.prepared(form)
                self.assertEqual((folder / "state" / "FORMAT").read_text(), f"fealty-state {form}\n")
                done = self.assert_done(replay(folder, "a.ndjson", "b.ndjson"))
                self.assertEqual("event=state.upgraded" in done.stderr, form < FORMATS[-1], done.stderr)
                self.assertEqual((folder / "state" / "FORMAT").read_text(), f"fealty-state {FORMATS[-1]}\n")
                self.assert_same(folder, "half")
                done = self.assert_done(replay(folder, "a.ndjson", "b.ndjson", "c.ndjson"))
                self.assertNotIn("state.upgrad", done.stderr)
                self.assert_same(folder, "whole")
                self.assertEqual(harness.Outcome(folder / "out").bytes("members.ndjson"),
                                 harness.Outcome(self.fresh / "whole").bytes("members.ndjson"))

    def test_an_upgrade_that_was_interrupted_goes_on(self):
        # As it is where the ledger has been moved and FORMAT not yet written.
        folder = self.prepared(2)
        self.assert_done(replay(folder, "a.ndjson", "b.ndjson"))
        (folder / "state" / "FORMAT").write_text("fealty-state 2\n")
        done = self.assert_done(replay(folder, "a.ndjson", "b.ndjson"))
        self.assertIn("event=state.upgraded", done.stderr)
        self.assertIn("chunks=0", done.stderr)
        self.assert_same(folder, "half")

    def test_what_only_reads_leaves_an_older_one_alone(self):
        folder = self.prepared(2)
        before = digest(folder)
        for words in (("member", "--all"), ("explain", "anna"), ("state", "verify"), ("state", "stats"),
                      ("state", "export")):
            done = run(folder, *words[:2], "--state", "state", *words[2:])
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertRegex(done.stderr, r"wrong_revision.*format 2 .*reads 3.*replay --state")
        self.assertEqual(digest(folder), before)

    def test_a_newer_one_is_refused_with_the_way_out(self):
        folder = self.prepared(3)
        (folder / "state" / "FORMAT").write_text("fealty-state 4\n")
        before = digest(folder)
        for done in (replay(folder, "a.ndjson", "b.ndjson"), run(folder, "member", "--state", "state", "--all"),
                     run(folder, "state", "verify", "--state", "state")):
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"format 4 of a newer Fealty.*up to 3.*start that one.*replay.*changelog")
        self.assertEqual(digest(folder), before)

    def test_one_that_is_too_old_is_refused_with_the_way_out(self):
        folder = self.prepared(3)
        (folder / "state" / "FORMAT").write_text("fealty-state 1\n")
        done = replay(folder, "a.ndjson", "b.ndjson")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, "format 1 of an older Fealty.*replay the whole log")


if __name__ == "__main__":
    unittest.main()
