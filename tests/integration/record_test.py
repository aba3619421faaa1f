#!/usr/bin/env python3
"""`fealty record` on a real broker: what was live, with a clock that moved on while nothing came, a record that it
refused and a program that changed, replays from the logs to the same bytes; and what cannot be recorded is said.

Uses the broker in $FEALTY_BROKER_DIR; by hand: tests/broker/broker.sh run -- tests/integration/record_test.py
"""
import datetime
import json
import os
import resource
import signal
import subprocess
import time
import unittest
import uuid

import bus
import live_test as live

PARTITIONS = 2
NOT_TEXT = b"\xff\xfe\x00\x80"
PROGRAM = """
program: {{id: shop, version: {version}, currency: USD{valid_from}}}
earn: {{rules: [{{name: base, event: purchase, field: total, linear: {{beta: {beta}}}}}]}}
levels:
  metric: points
  period: {{rolling_days: 365}}
  grace_days: 30
  downgrade: to_qualified
  list: [{{name: bronze, from: 0}}, {{name: gold, from: 500}}]
"""


def at(days=0.0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def purchase(number, member, when, total="400", **more):
    return {"specversion": "1.0", "id": f"e{number}", "source": "/shop", "type": "purchase", "subject": member,
            "time": when, "data": {"order_id": f"o{number}", "currency": "USD", "total": total}} | more


def by_key(partitions):
    """Raw values by key, each key's in order."""
    found = {}
    for partition in partitions:
        for _, key, value in partition:
            found.setdefault(key, []).append(value)
    return found


class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.topic, cls.produced = "record-" + uuid.uuid4().hex[:8], 0
        live.create(cls.topic, PARTITIONS, ["retention.ms=-1"])  # for records as old as their times say
        cls.program = live.folder() / "shop.yaml"
        cls.write_program(1, 1)
        cls.service = service = live.Service(cls("run"), cls.topic, cls.program, partitions=PARTITIONS,
                                             commit={"interval_ms": 10}, clock={"tick_after_idle_s": 3600})
        cls.addClassCleanup(service.end)
        cls.run_live(service)
        cls.out = live.folder() / "record"
        done = cls.record("--out", cls.out)
        assert done.returncode == 0, done.stderr
        cls.told, cls.said = done.stdout, done.stderr

    @classmethod
    def write_program(cls, version, beta, valid_from=""):
        fresh = cls.program.with_suffix(".new")
        fresh.write_text(PROGRAM.format(version=version, beta=beta,
                                        valid_from=f', valid_from: "{valid_from}"' if valid_from else ""))
        fresh.rename(cls.program)

    @classmethod
    def send(cls, partition, member, value, headers=(), timestamp_ms=0):
        value = json.dumps(value, ensure_ascii=False).encode() if isinstance(value, dict) else value
        bus.produce_one(live.BOOTSTRAP, cls.topic, partition, member and member.encode(), value, headers, timestamp_ms)
        cls.produced += 1

    @classmethod
    def run_live(cls, service):
        service.start()
        for partition, member in enumerate(("anna", "bob")):
            cls.send(partition, member, purchase(partition, member, "2025-01-10T10:00:00Z", "600"),
                     timestamp_ms=1_736_500_000_000)
        # In binary mode; with a header that is no text beside it.
        attributes = {name: value for name, value in purchase(2, "anna", "2025-01-11T10:00:00Z").items() if name != "data"}
        headers = [("ce_" + name, value.encode()) for name, value in attributes.items()]
        cls.send(0, "anna", purchase(2, "anna", "")["data"], [*headers, ("trace", NOT_TEXT)])
        cls.send(0, "anna", None)
        cls.send(0, "anna", NOT_TEXT)
        cls.send(0, "another", purchase(3, "anna", "2025-01-12T10:00:00Z"))  # by another key
        cls.send(1, "bob", purchase(4, "bob", "2025-01-12T10:00:00Z", pad="é\"\n" * 100_000))
        service.await_committed(cls.produced)
        cls.write_program(2, 2, "2025-02-01T00:00:00Z")
        service.await_log("event=program.reloaded")
        for number, partition, member in ((5, 0, "anna"), (6, 1, "bob")):
            cls.send(partition, member, purchase(number, member, "2025-02-03T10:00:00Z"))
        service.await_committed(cls.produced)
        service.stop()
        # From here on by the clock of the machine once nothing comes: levels and churn of all the time since.
        settings = json.loads(service.file.read_text())
        service.file.write_text(json.dumps(settings | {"clock": {"tick_after_idle_s": 1}}))
        service.start()
        deadline = time.monotonic() + live.DEADLINE_S
        while sum(value.startswith(b"advance") for value in cls.notes()) < PARTITIONS:
            assert time.monotonic() < deadline, service.tail()
        for number, partition, member in ((7, 0, "anna"), (9, 1, "bob")):
            cls.send(partition, member, purchase(number, member, "2025-03-01T10:00:00Z"))  # late
            cls.send(partition, member, purchase(number + 1, member, at(days=1)))          # ahead of the clock
        service.await_committed(cls.produced)
        service.kill()
        service.start()
        cls.send(0, "anna", purchase(20, "anna", at(days=-0.01)))
        service.await_committed(cls.produced)
        service.stop()

    @classmethod
    def notes(cls):
        return [value for partition in bus.read(live.BOOTSTRAP, cls.service.prefix + "timeline", PARTITIONS)
                for _, _, value in partition]

    @classmethod
    def record(cls, *words, **environment):
        return live.fealty("record", "--config", cls.service.file, *words, environment=environment)

    def replay(self, *words, code=0):
        out = live.folder() / "out"
        done = live.fealty("replay", "--out", out, *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return out if code == 0 else done.stderr

    def log(self, partition, out=None):
        return (out or self.out) / f"partition-{partition}.ndjson"

    def assert_as_live(self, outs):
        for stream in ("ledger", "notices"):
            name = "member" if stream == "ledger" else "subject"
            replayed = {}
            for out in outs:
                for line in (out / f"{stream}.ndjson").read_bytes().splitlines():
                    replayed.setdefault(json.loads(line)[name].encode(), []).append(line)
            seen = by_key(bus.read(live.BOOTSTRAP, self.service.prefix + stream, PARTITIONS))
            self.assertEqual(replayed, seen, stream)
        dead = sorted(line for out in outs for line in (out / "deadletters.ndjson").read_bytes().splitlines())
        seen = bus.read(live.BOOTSTRAP, self.service.prefix + "deadletters", PARTITIONS)
        self.assertEqual(dead, sorted(value for partition in seen for _, _, value in partition))

    def test_each_partition_replays_to_the_bytes_that_live_wrote(self):
        programs = self.out / "programs"
        self.assertEqual(sorted(file.name for file in programs.iterdir()), ["version-1.yaml", "version-2.yaml"])
        outs = [self.replay("--program", programs, self.log(p)) for p in range(PARTITIONS)]
        self.assert_as_live(outs)
        # It was all there: timers of the idle time, what the clock refused, both programs.
        notices = (outs[0] / "notices.ndjson").read_text()
        for kind in ("tier.downgraded", "churn.risk.raised"):
            self.assertIn(kind, notices)
        self.assertEqual((outs[0] / "deadletters.ndjson").read_text().count("time_in_future"), 1)
        ledger = (outs[1] / "ledger.ndjson").read_text().splitlines()
        self.assertEqual({json.loads(line)["rule_version"] for line in ledger}, {1, 2})
        self.assertRegex(self.told, r"partition 0: offsets 0 to \d+: 9 records \(1 refused\), 1 clock advances")
        self.assertEqual(self.said, "")

    def test_the_records_alone_do_not_replay_to_it(self):
        out = live.folder() / "alone"
        done = self.record("--out", out, "--partition", "0", "--records-only")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([file.name for file in out.iterdir()], ["partition-0.ndjson"])
        whole, alone = (self.replay("--program", self.out / "programs", self.log(0, of)) for of in (self.out, out))
        for name in ("ledger", "notices"):
            self.assertNotEqual((alone / f"{name}.ndjson").read_bytes(), (whole / f"{name}.ndjson").read_bytes())

    def test_with_a_state_killed_and_continued_it_is_the_same(self):
        out, state = live.folder() / "out", live.folder() / "state"
        words = ["replay", "--program", self.out / "programs", "--state", state, "--batch", "1", "--commit-events", "1",
                 "--checkpoint-distance", "3"]
        done = live.fealty(*words, "--out", out, self.log(0))
        self.assertEqual(done.returncode, 0, done.stderr)
        cut = live.folder() / "cut.ndjson"
        lines = self.log(0).read_bytes().splitlines(keepends=True)
        for count in (4, 8, 10):  # the last of them behind the advance of the clock
            again = live.folder() / "again"
            state = live.folder() / "state"
            words[words.index("--state") + 1] = state
            cut.write_bytes(b"".join(lines[:count]))
            done = live.fealty(*words, "--out", again, cut)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("without its end", done.stderr)
            cut.write_bytes(b"".join(lines))
            done = live.fealty(*words, "--out", again, cut)
            self.assertEqual(done.returncode, 0, done.stderr)
            for name in ("ledger", "notices", "deadletters", "members"):
                self.assertEqual((again / f"{name}.ndjson").read_bytes(), (out / f"{name}.ndjson").read_bytes(), count)

    def test_ranges_one_after_the_other_are_the_whole(self):
        first, second = live.folder() / "a", live.folder() / "b"
        for out, words in ((first, ("--to", "4")), (second, ("--from", "4"))):
            done = self.record("--out", out, "--partition", "0", *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([file.name for file in out.glob("*.ndjson")], ["partition-0.ndjson"])
        self.assertIn("began at 0, this record begins at 4", done.stderr)
        out = self.replay("--program", self.out / "programs", self.log(0, first), self.log(0, second))
        whole = self.replay("--program", self.out / "programs", self.log(0))
        for name in ("ledger", "notices", "deadletters"):
            self.assertEqual((out / f"{name}.ndjson").read_bytes(), (whole / f"{name}.ndjson").read_bytes())
        # By the times of records: the first ones were produced with one of 2025.
        out = live.folder() / "times"
        done = self.record("--out", out, "--to", "2025-06-01T00:00:00Z")
        self.assertEqual(done.returncode, 0, done.stderr)
        end = json.loads(self.log(1, out).read_text().splitlines()[-1])
        self.assertEqual((end["end"], end["records"]), (1, 1))

    def test_another_program_or_format_than_it_went_by_is_refused_by_name(self):
        only = self.out / "programs" / "version-1.yaml"
        self.assertIn("version 2 of program 'shop'", self.replay("--program", only, self.log(0), code=2))
        self.assertIn("what is given as that version differs",
                      self.replay("--program", self.other_program(), self.log(0), code=2))
        self.assertIn("--format cloudevents", self.replay("--program", self.out / "programs", "--format", "flat",
                                                          self.log(0), code=2))
        self.replay("--program", only, "--what-if", self.log(0))

    def other_program(self):
        folder = live.folder()
        for file in (self.out / "programs").iterdir():
            (folder / file.name).write_text(file.read_text().replace("from: 500", "from: 501"))
        return folder

    def test_what_is_no_whole_log_of_one_partition_is_refused(self):
        programs = ("--program", self.out / "programs")
        self.assertIn("each by itself", self.replay(*programs, self.log(0), self.log(1), code=2))
        self.assertIn("each by itself", self.replay(*programs, self.out, code=2))
        cut = live.folder() / "cut.ndjson"
        cut.write_bytes(self.log(0).read_bytes()[:-30])
        self.assertIn("cut.ndjson", self.replay(*programs, cut, code=1))
        with self.log(0).open("rb") as stdin:
            done = subprocess.run([live.BINARY, "replay", *programs, "--out", live.folder() / "out", "-"], stdin=stdin,
                                  capture_output=True, text=True, timeout=live.DEADLINE_S)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("name its file", done.stderr)

    def test_another_topic_is_recorded_without_what_workers_decide(self):
        out = live.folder() / "ledger"
        topic = self.service.prefix + "ledger"
        done = self.record("--out", out, "--topic", topic)
        self.assertEqual(done.returncode, 0, done.stderr)
        for partition, records in enumerate(bus.read(live.BOOTSTRAP, topic, PARTITIONS)):
            header, *found, end = map(json.loads, self.log(partition, out).read_text().splitlines())
            self.assertEqual([(row["offset"], row["key"].encode(), row["value"].encode()) for row in found], records)
            self.assertEqual(end["records"], len(records))
            self.assertFalse(header["timeline"])

    def test_what_cannot_be_recorded_is_said_and_leaves_nothing(self):
        full = live.folder()
        (full / "file").write_text("x")
        cases = (
            (2, "is not empty", ("--out", full)),
            (2, "is no directory", ("--out", full / "file")),
            (2, "state directory", ("--out", self.service.state / "record")),
            (1, "output_unwritable", ("--out", "/proc/record")),
            (2, "beyond the end", ("--from", "1000")),
            (2, "beyond the end", ("--to", "1000")),
            (2, "before it begins", ("--from", "3", "--to", "2")),
            (2, "no record", ("--from", "2099-01-01T00:00:00Z")),
            (2, "neither an offset", ("--from", "yesterday")),
            (2, "partitions 0 to 1", ("--partition", "2")),
            (2, "does not exist", ("--topic", "no-such-" + self.topic)),
            (2, "--records-only", ("--set", "kafka.output_prefix=other-" + self.topic)),
            (3, "broker_unreachable", ("--set", "kafka.brokers=127.0.0.1:1")),
        )
        for code, words, options in cases:
            out = live.folder() / "out"
            options = options if "--out" in options else ("--out", out, *options)
            done = self.record(*options)
            self.assertEqual(done.returncode, code, f"{options}: {done.stderr}")
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertFalse(out.exists(), options)
        self.assertEqual([file.name for file in full.iterdir()], ["file"])

    def test_what_was_not_noted_is_said_and_not_guessed(self):
        # As it is where an earlier release applied some of it: another timeline topic, beside the same group.
        prefix, out = "earlier-" + uuid.uuid4().hex[:8] + ".", live.folder() / "out"
        live.create(prefix + "timeline", PARTITIONS)
        words = ("--out", out, "--partition", "1", "--set", f"kafka.output_prefix={prefix}")
        for note, reason in ((None, "by a release that did not note"), (b"opened 3", "what lies before 3"),
                             (b"opened 0 fresh", None), (b"moved 7", "is no note that this release knows")):
            if note:
                bus.produce(live.BOOTSTRAP, prefix + "timeline", [(note, note, 1)])
            done = self.record(*words)
            if reason is None:
                self.assertEqual(done.returncode, 0, done.stderr)
                for file in out.iterdir():
                    file.unlink()
                continue
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(reason, done.stderr)
            self.assertIn("--records-only", done.stderr)
        done = self.record(*words, "--records-only")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_disk_that_fills_leaves_nothing(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        out = live.folder() / "out"
        out.mkdir()
        done = subprocess.run([live.BINARY, "record", "--config", self.service.file, "--out", out], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=live.DEADLINE_S, preexec_fn=small_files,
                              env=os.environ)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("output_unwritable", done.stderr)
        self.assertEqual(list(out.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
