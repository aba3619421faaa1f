#!/usr/bin/env python3
"""What is damaged in a state directory is never served: whatever file it is in, who reads it gets the truth as of a
position that is named, or exit code 4 with the file and the way out."""
import functools
import json
import re
import shutil
import unittest

import harness

EVENTS, STEP = 3_000, 500
POSITION = re.compile(r"as of input position (\d+)")
WAY_OUT = "move the state directory away"


def setUpModule():
    global LOG, LINES, OUT, STATE, MEMBERS, LEDGER, ASKED
    LOG = harness.generate(harness.folder() / "log.ndjson", members=120, events=EVENTS, seed=5)
    LINES = LOG.read_bytes().splitlines(keepends=True)
    here = harness.folder()
    OUT, STATE = here / "out", here / "state"
    # Everything is saved with each commit; the second life finds a log, makes table files of it, and begins another.
    first = harness.folder() / "log.ndjson"
    first.write_bytes(b"".join(LINES[:EVENTS // 2]))
    for second in (False, True):
        if second:
            with first.open("ab") as log:
                log.write(b"".join(LINES[EVENTS // 2:]))
        words = harness.replay_words(first, out=OUT, state=STATE, commit_events=STEP, batch=STEP, checkpoint_distance=1)
        done = harness.fealty(*words)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
    LOG = first
    MEMBERS = members_at(EVENTS)
    ASKED = max((row["balance"], row["member"]) for row in map(json.loads, MEMBERS))[1]


@functools.lru_cache(maxsize=None)
def members_at(position):
    """What a replay of so many records has, less the time as of which it is shown."""
    log = harness.folder() / "log.ndjson"
    log.write_bytes(b"".join(LINES[:position]))
    return shown(harness.replayed(None, log).bytes("members.ndjson").decode())


def shown(text):
    return [re.sub(r',"as_of":"[^"]*"', "", line) for line in text.splitlines()]


class Damage(unittest.TestCase):
    def copy(self):
        folder = harness.folder()
        shutil.copytree(STATE, folder / "state")
        shutil.copytree(OUT, folder / "out")
        return folder

    def assert_never_served(self, state, what):
        """Answers whether it was told. An older state is the truth where its position is named with it."""
        told = False
        for words in (("member", "--state", state, "--all"), ("explain", "--state", state, ASKED, "--json")):
            done = harness.fealty(*words)
            self.assertIn(done.returncode, (0, 1, 2, 4), f"{what}: {done.stderr}")
            if done.returncode == 4:
                told = True
                self.assertIn(str(state), done.stderr, what)
                self.assertIn(WAY_OUT, done.stderr, what)
            elif done.returncode == 2:  # FORMAT: another number; the program: not what made the state, or none
                self.assertRegex(done.stderr, "wrong_revision|wrong_program|program.yaml", what)
            elif "no --program" in done.stderr:  # the copy of it is gone: levels by number, and it says so
                self.assertIn("program.yaml", what)
            elif words[0] == "member":
                self.assertEqual(done.returncode, 0, f"{what}: {done.stderr}")
                exported = harness.fealty("state", "export", "--state", state)
                position = int(POSITION.search(exported.stderr)[1])
                self.assertEqual(shown(done.stdout), members_at(position), what)
                self.assertEqual(position % STEP, 0, what)
            elif done.returncode == 0:
                entries = [json.loads(line) for line in done.stdout.splitlines()]
                self.assertEqual([row["seq"] for row in entries], list(range(1, len(entries) + 1)), what)
        return told

    def files(self):
        found = sorted(path.name for path in STATE.iterdir() if path.name not in ("LOCK", "IDENTITY"))
        for kind in (".sst", ".log", "MANIFEST", "CURRENT", "OPTIONS", "FORMAT", "program.yaml"):
            self.assertTrue([name for name in found if kind in name], f"no {kind}: {found}")
        return found

    def test_bytes_that_changed_in_each_kind_of_file(self):
        for name in self.files():
            size = (STATE / name).stat().st_size
            # Through the whole file, its ends above all: there lie heads, indexes and footers.
            places = {0, size // 2, size - 1} | {size * i // 7 for i in range(7)} | {size - i for i in (5, 20, 60, 200)}
            for at in sorted(place for place in places if 0 <= place < size):
                folder = self.copy()
                file = folder / "state" / name
                bytes_ = bytearray(file.read_bytes())
                bytes_[at] ^= 0x21
                file.write_bytes(bytes_)
                what = f"{name} at {at} of {size}"
                self.assert_never_served(folder / "state", what)
                verified = harness.fealty("state", "verify", "--state", folder / "state", "--json")
                self.assertIn(verified.returncode, (0, 2, 4), f"{what}: {verified.stderr}")
                if name.endswith(".sst") and at < size - 60:
                    self.assertEqual(verified.returncode, 4, what)
                    self.assertIn(name, [fault.get("file") for fault in json.loads(verified.stdout)["faults"]], what)
                if name.startswith(("MANIFEST", "CURRENT")):
                    self.assertEqual(verified.returncode, 4, f"{what}: {verified.stdout}")
                if name.startswith("OPTIONS"):
                    self.assertEqual(verified.returncode, 0, what)
                shutil.rmtree(folder)

    def test_files_that_were_cut_off_or_are_gone(self):
        for name in self.files():
            # A catalogue ends anywhere between two of its records: what it then lacks must not go unnoticed.
            parts = [i / 16 for i in range(1, 16)] if name.startswith("MANIFEST") else [0.5]
            for keep in (None, 0, -1, *parts):
                folder = self.copy()
                file = folder / "state" / name
                size = file.stat().st_size
                if keep is None:
                    file.unlink()
                else:
                    with file.open("r+b") as cut:
                        cut.truncate(size - 1 if keep == -1 else int(size * keep))
                what = f"{name} {'gone' if keep is None else f'cut to {keep}'}"
                told = self.assert_never_served(folder / "state", what)
                if name.endswith(".sst") or name.startswith("MANIFEST"):
                    self.assertTrue(told, what)
                    verified = harness.fealty("state", "verify", "--state", folder / "state")
                    self.assertEqual(verified.returncode, 4, what)
                    self.assertIn(name, verified.stdout, what)
                shutil.rmtree(folder)

    def test_a_replay_over_a_damaged_state_ends_right_or_not_at_all(self):
        for name in self.files():
            for change in ("flip", "cut", "gone"):
                folder = self.copy()
                file = folder / "state" / name
                if change == "flip":
                    bytes_ = bytearray(file.read_bytes())
                    bytes_[len(bytes_) // 3] ^= 0x21
                    file.write_bytes(bytes_)
                elif change == "cut":
                    with file.open("r+b") as cut:
                        cut.truncate(file.stat().st_size // 2)
                else:
                    file.unlink()
                done = harness.fealty(*harness.replay_words(LOG, out=folder / "out", state=folder / "state"))
                what = f"{name} {change}: {done.stderr}"
                if name.endswith(".sst") and change != "flip":  # else only where it is read
                    self.assertEqual(done.returncode, 4, what)
                    self.assertIn(name, done.stderr)
                if done.returncode == 0:
                    self.assertEqual(shown((folder / "out" / "members.ndjson").read_text()), MEMBERS, what)
                else:
                    self.assertIn(done.returncode, (1, 2, 4), what)
                    self.assertIn(str(folder / "state"), done.stderr)
                shutil.rmtree(folder)


if __name__ == "__main__":
    unittest.main()
