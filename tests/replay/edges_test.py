#!/usr/bin/env python3
"""What a replay refuses before it touches anything, what it counts over kills, and what it says of a wrong format."""
import json
import os
import shutil
import signal
import socket
import threading
import unittest

import harness

EVENTS = 8_000
COUNTS = ("events", "applied", "duplicates", "skipped", "deadlettered", "points_issued", "points_redeemed",
          "points_reversed", "members_new", "first_event", "last_event")


def setUpModule():
    global LOG, REFERENCE
    LOG = harness.generate(harness.folder() / "log.ndjson", members=300, events=EVENTS, seed=5)
    REFERENCE = harness.replayed(None, LOG)


def changed_program():
    """The same id and version, other rules."""
    path = harness.folder() / "program.yaml"
    path.write_text(harness.PROGRAM.read_text().replace("linear: {beta: 1} ", "linear: {beta: 2} "))
    return path


def listing(folder):
    """Every file below with its content: what must not have changed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Edges(unittest.TestCase):
    def setUp(self):
        self.here = harness.folder()
        self.out = self.here / "out"

    def assert_refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        for word in words:
            self.assertIn(str(word), done.stderr)

    def stopped_after(self, events, *logs, **options):
        """A run with at least so many events committed, stopped (SIGTERM) before its end."""
        options = {"out": self.out, "batch": 50, "commit_events": 200} | options
        child = harness.start(harness.replay_words(*logs, **options))
        self.assertTrue(harness.wait_until(lambda: self.committed() >= events, child, "commits"))
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=60), 0)

    def committed(self):
        try:
            return min(row["committed"] for row in json.loads((self.out / "manifest.json").read_text())["partitions"])
        except (FileNotFoundError, ValueError):
            return 0


class Report(Edges):
    def test_a_run_killed_again_and_again_counts_what_an_undisturbed_one_does(self):
        for number, state in enumerate((None, self.here / "state")):
            self.out = self.here / f"out-{number}"
            words = harness.replay_words(LOG, out=self.out, state=state, batch=50, commit_events=200)
            kills = 0
            for until in (400, 2000, 2200, 5000):
                kills += harness.kill_once(words, lambda: self.committed() >= until)
            self.assertGreater(kills, 1)
            self.assertEqual(harness.fealty(*words).returncode, 0)
            report, reference = harness.Outcome(self.out).report(), REFERENCE.report()
            self.assertEqual({name: report[name] for name in COUNTS}, {name: reference[name] for name in COUNTS})
            self.assertEqual(report["sha256"], reference["sha256"])

    def test_a_finished_run_done_again_reports_the_same_and_says_that_nothing_was_left(self):
        for number, state in enumerate((None, self.here / "state")):
            words = harness.replay_words(LOG, out=self.here / f"out-{number}", state=state, partitions=3)
            self.assertEqual(harness.fealty(*words).returncode, 0)
            before = (self.here / f"out-{number}" / "report.json").read_bytes()
            for _ in range(2):
                again = harness.fealty(*words)
                self.assert_refused(again, 0, "nothing was left to do", f"{EVENTS} records")
                self.assertEqual((self.here / f"out-{number}" / "report.json").read_bytes(), before)

    def test_rates_are_of_all_runs_together(self):
        report = REFERENCE.report()
        self.assertAlmostEqual(report["events_per_second"], report["events"] / report["seconds"], delta=1)
        self.stopped_after(400, LOG)
        first = harness.Outcome(self.out).report()
        self.assertEqual(first["events"], self.committed())
        harness.replayed(self, LOG, out=self.out)
        whole = harness.Outcome(self.out).report()
        self.assertEqual(whole["events"], EVENTS)
        self.assertGreater(whole["seconds"], first["seconds"])


class AnotherRun(Edges):
    """Output of one run is never gone on with by another, with or without a state directory."""

    def refuses(self, code, *words, logs=None, **options):
        before = listing(self.out)
        done = harness.fealty(*harness.replay_words(*(logs or (LOG,)), **({"out": self.out} | options)))
        self.assert_refused(done, code, *words)
        self.assertEqual(listing(self.out), before)

    def test_another_program_of_the_same_id_and_version(self):
        self.stopped_after(400, LOG)
        self.refuses(2, "wrong_program", self.out, "version 1", "other content", program=changed_program())
        harness.replayed(self, LOG, out=self.out)
        self.refuses(2, "wrong_program", program=changed_program())
        self.assertEqual(harness.Outcome(self.out).sha256(), REFERENCE.sha256())

    def test_a_program_that_mutes_other_notices(self):
        self.stopped_after(400, LOG)
        muting = self.here / "muting.yaml"
        muting.write_text(harness.PROGRAM.read_text().replace("  mute: []", "  mute: [points.redeemed]"))
        self.refuses(2, "wrong_program", "other content", program=muting)

    def test_the_same_program_elsewhere_with_other_comments_goes_on(self):
        self.stopped_after(400, LOG)
        copy = self.here / "copy.yaml"
        copy.write_text("# a comment\n" + harness.PROGRAM.read_text())
        harness.replayed(self, LOG, out=self.out, program=copy)
        self.assertEqual(harness.Outcome(self.out).sha256(), REFERENCE.sha256())

    def test_another_mapping(self):
        self.stopped_after(400, LOG)
        self.refuses(2, "wrong_input", "the mapping cloudevents, not with flat", format="flat")
        flat = self.here / "flat.yaml"
        flat.write_text((harness.ROOT / "config/mappings/flat.yaml").read_text())
        self.refuses(2, "wrong_input", "flat.yaml", format=flat)

    def test_the_same_mapping_by_another_name_goes_on_and_with_other_content_does_not(self):
        text = (harness.ROOT / "config/mappings/flat.yaml").read_text()
        log = harness.generate(self.here / "flat.ndjson", members=50, events=2000, seed=5, format="flat")
        mapping = self.here / "flat.yaml"
        mapping.write_text("# mine\n" + text)
        self.stopped_after(400, log, format="flat")
        harness.replayed(self, log, out=self.out, format=mapping)
        mapping.write_text(text.replace("currency: USD", "currency: EUR"))
        self.refuses(2, "wrong_input", mapping, "present content", logs=(log,), format=mapping)

    def test_other_code_computes_nothing_again_that_went_out(self):
        state = self.here / "state"
        for given in (None, state):
            self.stopped_after(400, LOG, state=given)
            manifest = json.loads((self.out / "manifest.json").read_text())
            (self.out / "manifest.json").write_text(json.dumps(manifest | {"core_revision": 1_000_000}))
            if given:
                shutil.move(state, self.here / "kept")
                self.refuses(2, "wrong_revision", "1000000", self.out, state=state)
                shutil.rmtree(state, ignore_errors=True)
                shutil.move(self.here / "kept", state)
                harness.replayed(self, LOG, out=self.out, state=state)  # it was stopped cleanly
            else:
                self.refuses(2, "wrong_revision", "1000000", self.out)
                shutil.rmtree(self.out)

    def test_the_state_of_another_run_that_stands_at_the_same_position(self):
        other = harness.generate(self.here / "other.ndjson", members=300, events=EVENTS, seed=6)
        harness.replayed(self, other, out=self.here / "out-other", state=self.here / "state-other")
        harness.replayed(self, LOG, out=self.out, state=self.here / "state")
        self.refuses(2, "wrong_input", self.here / "state-other", self.out, state=self.here / "state-other")
        self.refuses(0, "nothing was left", state=self.here / "state")
        self.refuses(0, "nothing was left", state=self.here / "new")

    def test_the_number_of_partitions_is_that_of_the_run_where_none_is_given(self):
        self.stopped_after(400, LOG, partitions=2)
        done = harness.fealty(*harness.replay_words(LOG, out=self.out))
        self.assertEqual(done.returncode, 0, done.stderr)
        partitions = json.loads((self.out / "manifest.json").read_text())["partitions"]
        self.assertEqual([row["committed"] for row in partitions], [EVENTS] * 2)

    def test_another_number_of_partitions(self):
        self.stopped_after(400, LOG, partitions=2)
        self.refuses(2, "partitions", partitions=3)

    def test_another_log_of_the_same_length(self):
        lines = LOG.read_bytes()
        place = lines.index(b"\n", 100_000) + 20
        other = self.here / "other.ndjson"
        other.write_bytes(lines[:place] + bytes([lines[place] ^ 1]) + lines[place + 1:])
        for state in (None, self.here / "state"):
            self.stopped_after(2000, LOG, state=state)
            self.refuses(2, "wrong_input", other, "other content", logs=(other,), state=state)
            harness.replayed(self, LOG, out=self.out, state=state)
            self.refuses(2, "wrong_input", other, logs=(other,), state=state)
            shutil.rmtree(self.out)

    def test_a_log_that_was_cut_or_left_out(self):
        half = self.here / "half.ndjson"
        half.write_bytes(b"".join(LOG.read_bytes().splitlines(keepends=True)[:1000]))
        harness.replayed(self, half, LOG, out=self.out)
        self.refuses(2, "wrong_input", LOG, "is not named now", logs=(half,))
        self.refuses(2, "wrong_input", logs=(LOG, half))

    def test_a_log_by_another_name_is_the_same_log(self):
        log = self.here / "log.ndjson"
        shutil.copy(LOG, log)
        self.stopped_after(2000, log)
        log.rename(self.here / "renamed")
        harness.replayed(self, self.here / "renamed", out=self.out)
        for name in ("members.ndjson", "notices.ndjson", "ledger.ndjson"):
            self.assertEqual(harness.Outcome(self.out).bytes(name), REFERENCE.bytes(name))

    def test_another_standard_input(self):
        other = harness.generate(self.here / "other.ndjson", members=300, events=EVENTS, seed=6)
        for state in (None, self.here / "state"):
            words = harness.replay_words("-", out=self.out, state=state, batch=50, commit_events=200)
            with open(LOG, "rb") as stdin:
                child = harness.start(words, stdin=stdin)
            harness.wait_until(lambda: self.committed() >= 1000, child, "commits")
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(timeout=60), 0)
            before = listing(self.out)
            for given in (other, os.devnull):
                with open(given, "rb") as stdin:
                    self.assert_refused(harness.fealty(*words, stdin=stdin), 2, "wrong_input", "-")
                after = listing(self.out)
                for name in (*harness.OUTPUTS, "manifest.json", "report.json"):
                    self.assertEqual(after[name], before[name], name)
            with open(LOG, "rb") as stdin:
                self.assertEqual(harness.fealty(*words, stdin=stdin).returncode, 0)
            self.assertEqual(harness.Outcome(self.out).report()["applied"], REFERENCE.report()["applied"])
            # A finished one likewise.
            with open(other, "rb") as stdin:
                self.assert_refused(harness.fealty(*words, stdin=stdin), 2, "wrong_input")
            with open(LOG, "rb") as stdin:
                self.assert_refused(harness.fealty(*words, stdin=stdin), 0, "nothing was left")
            shutil.rmtree(self.out)

    def test_standard_input_before_other_logs(self):
        first, second = self.here / "first", self.here / "second"
        lines = LOG.read_bytes().splitlines(keepends=True)
        first.write_bytes(b"".join(lines[:1000]))
        second.write_bytes(b"".join(lines[1000:]))
        words = harness.replay_words("-", second, out=self.out, state=self.here / "state")
        with open(first, "rb") as stdin:
            self.assertEqual(harness.fealty(*words, stdin=stdin).returncode, 0)
        with open(second, "rb") as stdin:
            self.assert_refused(harness.fealty(*words, stdin=stdin), 2, "wrong_input")
        with open(first, "rb") as stdin:
            self.assert_refused(harness.fealty(*words, stdin=stdin), 0, "nothing was left")

    def test_a_further_generation_of_days_that_are_past_is_refused_without_a_state_too(self):
        harness.replayed(self, LOG, out=self.out)
        text = harness.PROGRAM.read_text().replace("version: 1", "version: 2\n  valid_from: %s", 1)
        further = self.here / "further.yaml"
        further.write_text(text % "2025-02-01T00:00:00Z")
        words = harness.replay_words(LOG, out=self.out) + ["--program", further]
        self.assert_refused(harness.fealty(*words), 2, "wrong_program", "valid from 2025-02-01")
        further.write_text(text % "2035-01-01T00:00:00Z")
        self.assertEqual(harness.fealty(*words).returncode, 0)


class AmongTheInputs(Edges):
    """An output among the inputs, or the other way round, under whatever name: refused, nothing touched."""

    def setUp(self):
        super().setUp()
        self.logs = self.here / "logs"
        self.logs.mkdir()
        shutil.copy(LOG, self.logs / "log.ndjson")

    def refuses(self, *logs, **options):
        before = listing(self.here)
        done = harness.fealty(*harness.replay_words(*logs, **options))
        self.assert_refused(done, 2, "usage", "name another")
        self.assertEqual(listing(self.here), before)

    def test_the_output_or_state_directory_lies_in_a_directory_of_logs(self):
        (self.here / "link").symlink_to(self.logs)
        for out in (self.logs, self.logs / "out", self.here / "link", self.here / "link" / "deep" / "out",
                    self.here / "logs" / ".." / "logs"):
            self.refuses(self.logs, out=out)
            self.refuses(self.logs, out=out, overwrite=True)
            self.refuses(self.logs, out=self.out, state=out)
        self.refuses(self.here / "link", out=self.logs / "out")

    def test_a_log_is_one_of_the_outputs(self):
        harness.replayed(self, LOG, out=self.out)
        (self.here / "hard").hardlink_to(self.out / "notices.ndjson")
        (self.here / "soft").symlink_to(self.out / "ledger.ndjson")
        for log in (self.out / "members.ndjson", self.out / "report.json", self.here / "hard", self.here / "soft"):
            self.refuses(log, out=self.out, overwrite=True)
            self.refuses(LOG, log, out=self.out)
        with open(self.out / "notices.ndjson", "rb") as stdin:
            before = listing(self.out)
            done = harness.fealty(*harness.replay_words("-", out=self.out, overwrite=True), stdin=stdin)
            self.assert_refused(done, 2, "usage", "stdin")
            self.assertEqual(listing(self.out), before)

    def test_an_output_is_a_link_to_a_log(self):
        self.out.mkdir()
        (self.out / "notices.ndjson").symlink_to(self.logs / "log.ndjson")
        self.refuses(self.logs, out=self.out, overwrite=True)

    def test_a_log_lies_in_the_state_directory(self):
        self.refuses(self.logs / "log.ndjson", out=self.out, state=self.logs)

    def test_the_program_is_one_of_the_outputs(self):
        self.out.mkdir()
        shutil.copy(harness.PROGRAM, self.out / "report.json")
        self.refuses(LOG, out=self.out, program=self.out / "report.json", overwrite=True)

    def test_logs_beside_the_outputs_are_welcome(self):
        harness.replayed(self, self.logs, out=self.here)
        self.assertEqual(harness.Outcome(self.here).report()["events"], EVENTS)


class NothingIsLeft(Edges):
    """A run that cannot begin leaves no directory, and one that is there as it was."""

    def check(self, *logs, code=1, words=("input_unreadable",), **options):
        options = {"out": self.out, "state": self.here / "state"} | options
        self.assert_refused(harness.fealty(*harness.replay_words(*logs, **options)), code, *words)
        self.assertFalse(self.out.exists())
        self.assertFalse((self.here / "state").exists())

    def test_a_missing_log(self):
        self.check("no-such.ndjson", words=("input_unreadable", "no-such.ndjson"))
        self.check(LOG, self.here / "no-such.ndjson")
        self.check("")

    def test_a_log_that_cannot_be_read(self):
        (self.here / "loop").symlink_to("loop")
        self.check(self.here / "loop")
        with socket.socket(socket.AF_UNIX) as name:
            name.bind(str(self.here / "socket"))
            self.check(self.here / "socket", words=("input_unreadable", "neither a file nor a pipe"))

    def test_a_directory_without_logs(self):
        (self.here / "empty").mkdir()
        (self.here / "empty" / ".hidden").touch()
        self.check(self.here / "empty", words=("input_unreadable", "holds no logs"))

    def test_no_log_at_all(self):
        self.check(code=2, words=("logs",))

    def test_a_closed_standard_input(self):
        done = harness.fealty(*harness.replay_words("-", out=self.out), stdin=None, preexec_fn=lambda: os.close(0))
        self.assert_refused(done, 1, "input_unreadable", "stdin")
        self.assertFalse(self.out.exists())

    def test_a_damaged_log_before_the_first_commit(self):
        log = self.here / "log.gz"
        log.write_bytes(b"\x1f\x8b\x08\x00 and no more of that")
        done = harness.fealty(*harness.replay_words(log, out=self.out))
        self.assert_refused(done, 1, "input_corrupt")
        self.assertFalse(self.out.exists())

    def test_a_state_that_is_of_another_run(self):
        harness.replayed(self, LOG, out=self.here / "first", state=self.here / "of-first")
        done = harness.fealty(*harness.replay_words(LOG, out=self.out, state=self.here / "of-first"))
        self.assert_refused(done, 1, "input_gap", "ahead")
        self.assertFalse(self.out.exists())

    def test_overwrite_of_a_run_by_a_missing_log(self):
        harness.replayed(self, LOG, out=self.out)
        before = listing(self.out)
        done = harness.fealty(*harness.replay_words("no-such.ndjson", out=self.out, overwrite=True))
        self.assert_refused(done, 1, "no-such.ndjson")
        self.assertEqual(listing(self.out), before)

    def test_overwrite_beside_a_state_that_is_not_new(self):
        state = self.here / "state"
        harness.replayed(self, LOG, out=self.out, state=state)
        before = listing(self.out)
        words = harness.replay_words(LOG, out=self.out, state=state, overwrite=True)
        self.assert_refused(harness.fealty(*words), 2, "--overwrite", state, "delete it")
        self.assertEqual(listing(self.out), before)
        shutil.rmtree(state)
        self.assertEqual(harness.fealty(*words).returncode, 0)

    def test_a_pipe_is_not_opened_to_look_at_it(self):
        pipe = self.here / "pipe"
        os.mkfifo(pipe)
        lines = LOG.read_bytes()
        writer = threading.Thread(target=pipe.write_bytes, args=(lines,))
        writer.start()
        outcome = harness.replayed(self, pipe, out=self.out)
        writer.join()
        self.assertEqual(outcome.report()["applied"], REFERENCE.report()["applied"])


class WrongFormat(Edges):
    def test_a_format_that_dead_letters_everything_names_those_that_would_read_it(self):
        for fit, wrong in (("flat", "segment"), ("cloudevents", "flat"), ("flat", "cloudevents")):
            with self.subTest(fit=fit, wrong=wrong):
                log = harness.generate(harness.folder() / "log", members=50, events=500, seed=1, format=fit)
                out = harness.folder() / "out"
                done = harness.fealty(*harness.replay_words(log, out=out, format=wrong))
                self.assert_refused(done, 1, "nothing was applied", f"--format {fit}")
                with open(log, "rb") as stdin:
                    done = harness.fealty(*harness.replay_words("-", out=harness.folder(), format=wrong), stdin=stdin)
                self.assert_refused(done, 1, "nothing was applied", f"--format {fit}")
                # Done again, it says so again.
                done = harness.fealty(*harness.replay_words(log, out=out, format=wrong))
                self.assert_refused(done, 1, "nothing was left", "nothing was applied")

    def test_a_log_that_no_preset_reads_says_so_too(self):
        log = self.here / "log"
        log.write_text("no event\n" * 20)
        done = harness.fealty(*harness.replay_words(log, out=self.out))
        self.assert_refused(done, 1, "nothing was applied", "20 of 20", "deadletters.ndjson", "--format cloudevents")

    def test_one_record_that_is_applied_is_enough(self):
        log = self.here / "log"
        log.write_bytes(b"no event\n" * 20 + LOG.read_bytes().splitlines(keepends=True)[0])
        done = harness.fealty(*harness.replay_words(log, out=self.out))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("nothing was applied", done.stderr)

    def test_no_record_at_all_is_no_failure(self):
        log = self.here / "log"
        log.touch()
        self.assertEqual(harness.fealty(*harness.replay_words(log, out=self.out)).returncode, 0)


if __name__ == "__main__":
    unittest.main()
