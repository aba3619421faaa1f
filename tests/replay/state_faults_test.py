#!/usr/bin/env python3
"""State and output directories that must not be used: each refusal says which, why, and what to do."""
import resource
import shutil
import signal
import subprocess
import unittest

import harness

CDNOW = harness.ROOT / "config" / "programs" / "cdnow.yaml"
EVENTS = 6_000


def setUpModule():
    global LOG, REFERENCE
    LOG = harness.generate(harness.folder() / "log.ndjson", members=300, events=EVENTS, seed=5)
    REFERENCE = harness.replayed(None, LOG)


class Directories(unittest.TestCase):
    def setUp(self):
        here = harness.folder()
        self.out, self.state = here / "out", here / "state"

    def run_over(self, *logs, **options):
        options = {"out": self.out, "state": self.state} | options
        return harness.fealty(*harness.replay_words(*(logs or (LOG,)), **options))

    def complete(self):
        done = self.run_over()
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_refused(self, done, code, name, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        for word in (name, *words):
            self.assertIn(str(word), done.stderr)

    def assert_untouched(self, before):
        self.assertEqual(harness.Outcome(self.out).sha256(), before)

    def test_the_state_of_another_program(self):
        self.complete()
        before = harness.Outcome(self.out).sha256()
        for out in (self.out, harness.folder() / "other"):
            done = self.run_over(program=CDNOW, out=out)
            self.assert_refused(done, 2, "wrong_program", "default", "cdnow", "give the program that made this state")
        self.assert_untouched(before)

    def test_the_state_of_another_version_of_the_program(self):
        self.complete()
        changed = harness.folder() / "changed.yaml"
        changed.write_text(harness.PROGRAM.read_text().replace("linear: {beta: 1} ", "linear: {beta: 2} "))
        self.assert_refused(self.run_over(program=changed), 2, "wrong_program")

    def test_the_state_of_a_newer_version(self):
        self.complete()
        format_file = self.state / "FORMAT"
        format_file.write_text("fealty-state 9999\n")
        self.assert_refused(self.run_over(), 2, "wrong_revision", format_file.parent, "9999", "newer")
        done = harness.fealty("member", "--state", self.state, "--all")
        self.assert_refused(done, 2, "wrong_revision", "9999")

    def test_a_state_of_one_database_a_partition(self):
        partition = self.state / "p0000"
        partition.mkdir(parents=True)
        (partition / "FORMAT").write_text("fealty-state 2\n")
        before = self.contents(self.state)
        self.assert_refused(self.run_over(), 2, "wrong_revision", self.state, "p0000", "empty state directory")
        self.assert_refused(harness.fealty("member", "--state", self.state, "--all"), 2, "wrong_revision", "p0000")
        self.assertEqual(self.contents(self.state), before)

    def test_a_directory_that_holds_something_else(self):
        for what in ("state", "out"):
            with self.subTest(what):
                strange = harness.folder()
                (strange / ("notices.ndjson" if what == "out" else "letter.txt")).write_text("mine")
                before = self.contents(strange)
                done = self.run_over(**{what: strange})
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertIn(str(strange), done.stderr)
                self.assertEqual(self.contents(strange), before)

    @staticmethod
    def contents(folder):
        """Every file below it with its bytes, less the lock files that a refused start may leave."""
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "lock" not in path.name}

    def test_a_state_that_is_in_use(self):
        child = harness.start(harness.replay_words(LOG, out=self.out, state=self.state, follow=True,
                                                   commit_interval_ms=20))
        try:
            manifest = self.out / "manifest.json"
            self.assertTrue(harness.wait_until(
                lambda: manifest.exists() and f'"committed": {EVENTS},' in manifest.read_text(), child, "all is read"))
            self.assert_refused(self.run_over(), 1, "state_in_use", self.out, "stop the process that holds it")
            self.assert_refused(self.run_over(out=harness.folder() / "out"), 1, "state_in_use", self.state,
                                "stop the process that holds it")
        finally:
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(timeout=harness.DEADLINE_S), 0)
        self.assertEqual(harness.Outcome(self.out).by_member_sha256(), REFERENCE.by_member_sha256())

    def test_a_damaged_state(self):
        self.complete()
        (self.state / "CURRENT").unlink()
        self.assert_refused(self.run_over(), 4, "store_corrupt", self.state, "move the state directory away")

    def test_another_number_of_partitions(self):
        self.complete()
        self.assert_refused(self.run_over(partitions=3), 2, "partitions", self.out)

    def test_a_log_that_changed_since_it_was_read(self):
        log = harness.folder() / "log.ndjson"
        shutil.copy(LOG, log)
        self.assertEqual(self.run_over(log).returncode, 0)
        log.write_bytes(b"{}\n" + LOG.read_bytes())
        self.assert_refused(self.run_over(log), 2, "wrong_input", log)

    def test_a_state_that_is_ahead_of_its_output(self):
        self.complete()
        self.assert_refused(self.run_over(out=harness.folder() / "new"), 1, "input_gap", "ahead", EVENTS)

    def test_a_finished_run_done_again_changes_nothing(self):
        self.complete()
        before = harness.Outcome(self.out).sha256()
        self.complete()
        self.assert_untouched(before)
        self.assertEqual(before, REFERENCE.sha256())


class FullDisk(unittest.TestCase):
    """A small file system of its own where one may be mounted, else a limit on the size of files."""

    def assert_says_so(self, done, where):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(str(where), done.stderr)
        self.assertRegex(done.stderr, "No space left|no space left|File too large")
        self.assertIn("free space", done.stderr)

    def test_an_output_directory_that_is_full(self):
        with LittleRoom(300_000, files=150_000) as room:
            words = harness.replay_words(LOG, out=room.path / "out", commit_events=500, batch=500)
            self.assert_says_so(harness.fealty(*words, **room.limits), room.path / "out")
            room.enlarge()
            self.goes_on(words, room.path / "out")

    def test_a_state_directory_that_is_full(self):
        # Everything is saved at each commit: so the state needs more than the largest of the outputs.
        outputs = max(len(REFERENCE.bytes(name)) for name in harness.FILES)
        with LittleRoom(200_000, files=outputs + 20_000) as room:
            out = harness.folder() / "out"
            words = harness.replay_words(LOG, out=out, state=room.path / "state", commit_events=50, batch=50,
                                         checkpoint_distance=1)
            self.assert_says_so(harness.fealty(*words, **room.limits), room.path)
            room.enlarge()
            self.goes_on(words, out)

    def goes_on(self, words, out):
        done = harness.fealty(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(harness.Outcome(out).by_member_sha256(), REFERENCE.by_member_sha256())

    def test_an_output_file_that_cannot_grow(self):
        out = harness.folder() / "out"
        words = harness.replay_words(LOG, out=out, commit_events=500, batch=500)
        self.assert_says_so(harness.fealty(*words, preexec_fn=file_limit(200_000)), out)
        self.goes_on(words, out)

    def test_members_to_a_full_device(self):
        state = harness.folder() / "state"
        harness.replayed(self, LOG, state=state)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.BINARY, "member", "--state", state, "--all"], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=harness.DEADLINE_S)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("output_unwritable", done.stderr)


def file_limit(size):
    """What a child calls before it begins: no file may grow beyond `size` bytes."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that write() fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return limit


class LittleRoom:
    """A directory for `size` bytes: a tmpfs, or where none may be mounted, `limits` for a child that writes to it: no
    file, there or elsewhere, beyond `files` bytes."""

    def __init__(self, size, files):
        self.size, self.files, self.path, self.limits = size, files, harness.folder(), {}

    def __enter__(self):
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "fealty-test", self.path],
                                      capture_output=True).returncode == 0
        if not self.mounted:
            self.limits = {"preexec_fn": file_limit(self.files)}
        return self

    def enlarge(self):
        """For whoever starts without `limits` from now on."""
        if self.mounted:
            subprocess.run(["mount", "-o", "remount,size=20m", self.path], check=True)

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", self.path], check=True)


if __name__ == "__main__":
    unittest.main()
