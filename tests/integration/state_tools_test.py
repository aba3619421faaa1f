#!/usr/bin/env python3
"""The state of a service against its changelog, a damaged one that is built again from it, and a changelog that an
earlier release wrote.

Uses the broker in $FEALTY_BROKER_DIR, as live_test.py does."""
import json
import re
import struct
import tarfile
import unittest
import uuid

import bus
import live_test as live

GOLDEN = live.ROOT / "tests" / "golden" / "state"
HEAD = struct.Struct("<III")
SUBJECT = re.compile(rb'"subject": ?"([^"]*)"')


def golden_changelog():
    """The last record of each key, by partition and key; see README.md there."""
    text, at, found = (GOLDEN / "changelog-2.bin").read_bytes(), 0, {}
    while at < len(text):
        partition, key_size, value_size = HEAD.unpack_from(text, at)
        at += HEAD.size
        found[partition, text[at:at + key_size]] = text[at + key_size:at + key_size + value_size]
        at += key_size + value_size
    return found


class Tools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logs = live.folder()
        with tarfile.open(GOLDEN / "logs.tar.gz") as archive:
            archive.extractall(logs)
        cls.topic = "tools-" + uuid.uuid4().hex[:8]
        live.create(cls.topic)
        cls.records = 0
        cls.produce([line for name in ("a", "b") for line in (logs / f"{name}.ndjson").read_bytes().splitlines()])

    @classmethod
    def produce(cls, lines):
        """By member; one that names none to partition 0, so that the topic is always the same."""
        keyed = [(found[1] if (found := SUBJECT.search(line)) else None, line) for line in lines]
        bus.produce(live.BOOTSTRAP, cls.topic, ((key, line, 0 if key is None else bus.ANY_PARTITION)
                                                for key, line in keyed))
        cls.records += len(lines)

    def setUp(self):
        self.service = live.Service(self, self.topic, GOLDEN / "program.yaml")
        self.opened = 0
        self.live_through()

    def live_through(self):
        """All is read, and a clean stop saves it."""
        self.service.start()
        self.opened += live.PARTITIONS
        self.service.await_log("event=partition.opened", self.opened)
        self.service.await_committed(self.records)
        self.service.stop()

    def change(self, section, **values):
        settings = json.loads(self.service.file.read_text())
        settings[section] |= values
        self.service.file.write_text(json.dumps(settings))

    def changelog(self):
        return bus.read(live.BOOTSTRAP, self.service.prefix + "changelog", live.PARTITIONS)

    def verify(self, *words):
        return live.fealty("state", "verify", "--state", self.service.state, "--config", self.service.file, *words)

    def test_1_the_changelog_is_to_the_byte_that_of_the_release_before(self):
        # So that it can be rolled back: an empty disk under the older release is restored from what this one wrote.
        seen = {(number, key): value or b"" for number, partition in enumerate(self.changelog())
                for _, key, value in partition}
        golden = golden_changelog()
        self.assertEqual(sorted(seen), sorted(golden))
        self.assertEqual([key for key in golden if seen[key] != golden[key]], [])

    def test_verify_holds_the_store_against_the_changelog(self):
        done = self.verify("--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        seen = json.loads(done.stdout)
        # Members, timers, ledger and orders, each under its key.
        self.assertGreater(seen["same_as_changelog"], 3 * seen["members"])

        # Another topic, in which one member is missing, one has another's record, and one never was.
        other = "t-" + uuid.uuid4().hex[:8] + "."
        live.create(other + "changelog")
        records = [(key, value or b"", number) for number, partition in enumerate(self.changelog())
                   for _, key, value in partition]
        home = next(number for key, _, number in records if key == b"manna")
        value = {key: value for key, value, number in records if number == home and key[:1] == b"m"}
        lost = next(key for key in value if key != b"manna")
        changed = next(key for key in value if key not in (b"manna", lost))
        kept = [(key, value[b"manna"] if key == changed else bytes_, number) for key, bytes_, number in records
                if key != lost] + [(b"mnobody", value[b"manna"], home)]
        bus.produce(live.BOOTSTRAP, other + "changelog", kept)
        self.change("kafka", output_prefix=other)
        done = self.verify()
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        where = f"different: partition {home}, member "
        self.assertIn(where + f"{lost[1:].decode()}, members: in the store, not in the changelog", done.stdout)
        self.assertIn(where + "nobody, members: in the changelog, not in the store", done.stdout)
        self.assertRegex(done.stdout, where + f"{changed[1:].decode()}, members: store and changelog differ: .*balance")
        self.assertNotIn("member anna", done.stdout)
        self.assertIn("verification_failed", done.stderr)

    def test_verify_without_its_broker(self):
        self.change("kafka", brokers="127.0.0.1:1")
        done = self.verify()
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)

    def test_2_a_damaged_state_stops_it_or_is_built_again_by_policy(self):
        ids = [json.loads(line)["member"] for line in self.service.members()]
        self.live_through()  # a start makes table files of RocksDB's own log
        tables = sorted(self.service.state.glob("*.sst"))
        self.assertTrue(tables)
        for table in tables:
            bytes_ = bytearray(table.read_bytes())
            bytes_[len(bytes_) // 3] ^= 0x21
            table.write_bytes(bytes_)
        self.assertEqual(self.verify().returncode, 4)

        # Found by a read: it ends, and notes it for the next start.
        self.produce([live.purchase(number, member, "2025-08-11") for number, member in enumerate(ids)])
        for _ in range(2):
            done = live.fealty("run", "--config", self.service.file)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertRegex(done.stderr, r"store_corrupt.*\d{6}\.sst")
            self.assertTrue((self.service.state / "DAMAGED").exists())
        self.assertIn("event=state.was_damaged", done.stderr)
        self.assertEqual(list(self.service.state.parent.glob("state.damaged-*")), [])

        self.change("state", on_damage="rebuild")
        self.live_through()
        self.assertRegex(self.service.log.read_text(), r"event=state.damaged .*moved_to=\S+state.damaged-")
        moved, = self.service.state.parent.glob("state.damaged-*")
        self.assertLessEqual({path.name for path in tables}, {path.name for path in moved.iterdir()})
        other = live.Service(self, self.topic, GOLDEN / "program.yaml")
        other.start()
        other.await_committed(self.records)
        other.stop()
        self.assertEqual(self.service.members(), other.members())
        self.assertEqual(self.verify().returncode, 0)

        # Found by the start itself.
        (self.service.state / "CURRENT").unlink()
        self.live_through()
        self.assertEqual(self.service.log.read_text().count("event=state.damaged "), 2)
        self.assertEqual(self.service.members(), other.members())


if __name__ == "__main__":
    unittest.main()
