#!/usr/bin/env python3
"""Several workers in a process and several processes in a group, on a real broker: partitions change hands under load,
and what comes out is what a replay of each partition gives, once.

Uses the broker in $FEALTY_BROKER_DIR; by hand: tests/broker/broker.sh run -- tests/integration/workers_test.py
"""
import json
import re
import subprocess
import threading
import time
import unittest
import uuid

import bus
import live_test as live

PARTITIONS = 8
FOLLOWS = re.compile(r"event=standby.follows partition=(\d+) restored_records=(\d+)")
RESTORED = re.compile(r"event=partition.opened partition=(\d+) restored_records=(\d+)")
OPENED = re.compile(r"event=partition.opened partition=(\d+) .* worker=(\d+)")


class Process(live.Service):
    """One more process of a service's group, with a state directory of its own."""

    def __init__(self, service, number):
        super().__init__(service.test, service.topic, service.program, partitions=service.partitions)
        settings = json.loads(service.file.read_text())
        self.state = live.folder() / "state"
        settings["state"]["dir"] = str(self.state)
        settings["kafka"]["transactional_id"] = f"{service.name}-process-{number}"
        self.file.write_text(json.dumps(settings))

    def await_owned(self, workers, since=0):
        """Until each of its workers has opened a partition since so many characters of its log."""
        deadline = time.monotonic() + live.DEADLINE_S
        while len({worker for _, worker in OPENED.findall(self.log.read_text()[since:])}) < workers:
            self.test.assertIsNone(self.child.poll(), self.tail())
            self.test.assertLess(time.monotonic(), deadline, self.tail())
            time.sleep(0.01)


class Load(threading.Thread):
    """Puts records on a topic bit by bit, until told to put what is left at once."""

    def __init__(self, topic, records, at_once):
        super().__init__()
        self.topic, self.records, self.at_once, self.hurry = topic, records, at_once, threading.Event()

    def run(self):
        for at in range(0, len(self.records), self.at_once):
            bus.produce(live.BOOTSTRAP, self.topic, self.records[at:at + self.at_once])
            self.hurry.wait(0.02)  # a load, not a flood


class Shared(unittest.TestCase):
    def test_two_processes_of_two_workers_hand_eight_partitions_to_each_other_under_load(self):
        topic, program = "shared-" + uuid.uuid4().hex[:8], live.PROGRAMS / "default.yaml"
        live.create(topic, PARTITIONS)
        made = subprocess.run([live.BINARY, "generate", "--members", "2000", "--events", "60000", "--seed", "5", "--days",
                               "300", "--refund-share", "0.1", "--malformed-share", "0"], check=True, capture_output=True).stdout.splitlines()
        load = Load(topic, [(live.SUBJECT.search(line)[1], line, bus.ANY_PARTITION) for line in made], 200)
        service = live.Service(self, topic, program, partitions=PARTITIONS, workers=2,
                               commit={"interval_ms": 10, "events_max": 500}, checkpoint={"distance_events": 3000})
        one, two = Process(service, 1), Process(service, 2)
        load.start()
        self.addCleanup(load.join)
        self.addCleanup(load.hurry.set)
        one.start()
        one.await_owned(2)
        two.start()
        two.await_owned(2)
        # Killed and started again it is the same member of the group: nothing moves, nothing is lost.
        seen = len(one.log.read_text())
        one.kill()
        one.start()
        one.await_owned(2, seen)
        # One stops, and once its session is over the other has all of them.
        two.stop()
        deadline = time.monotonic() + live.DEADLINE_S
        while len({partition for partition, _ in OPENED.findall(one.log.read_text()[seen:])}) < PARTITIONS:
            self.assertIsNone(one.child.poll(), one.tail())
            self.assertLess(time.monotonic(), deadline, one.tail())
            time.sleep(0.01)
        seen = len(two.log.read_text())
        two.start()
        two.await_owned(2, seen)
        load.hurry.set()
        load.join()
        while (now := service.group.committed()) < len(made):
            for process in (one, two):
                self.assertIsNone(process.child.poll(), process.tail())
            self.assertLess(time.monotonic(), deadline + live.DEADLINE_S, f"{now} of {len(made)}")
            time.sleep(0.01)
        one.stop()
        two.stop()
        self.assertIn("workers=2", one.log.read_text())

        self.assert_as_replayed(service)

    def test_a_takeover_from_a_standby_starts_from_a_tail(self):
        topic, partitions, program = "standby-" + uuid.uuid4().hex[:8], 4, live.PROGRAMS / "default.yaml"
        live.create(topic, partitions)
        made = subprocess.run([live.BINARY, "generate", "--members", "2000", "--events", "12000", "--seed", "6", "--days",
                               "300", "--malformed-share", "0"], check=True, capture_output=True).stdout.splitlines()
        records = [(live.SUBJECT.search(line)[1], line, bus.ANY_PARTITION) for line in made]
        service = live.Service(self, topic, program, partitions=partitions, workers=1, standbys=1,
                               commit={"interval_ms": 10, "events_max": 500}, checkpoint={"distance_events": 1000})
        one, two = Process(service, 1), Process(service, 2)
        one.start()
        bus.produce(live.BOOTSTRAP, topic, records[:10_000])
        self.await_committed(service, one, 10_000)
        # The second gets two of the four, and fills the other two beside its work.
        two.start()

        def opened(process):
            return {partition for partition, _ in OPENED.findall(process.log.read_text())}

        def followed(process):
            counts = {}
            for partition, count in FOLLOWS.findall(process.log.read_text()):
                counts[partition] = max(counts.get(partition, 0), int(count))
            return counts
        # What the first gave away it has on its disk: it follows that, too.
        everything = {str(partition) for partition in range(partitions)}
        self.await_that(two, lambda: opened(two) and everything - opened(two) <= followed(two).keys()
                        and opened(two) <= followed(one).keys())
        filled = {partition: followed(two)[partition] for partition in everything - opened(two)}
        self.assertGreater(len(filled), 0)
        self.assertGreater(min(filled.values()), 500)
        bus.produce(live.BOOTSTRAP, topic, records[10_000:])
        self.await_committed(service, one, len(records))
        one.kill()
        self.await_that(two, lambda: opened(two) == everything)
        taken = {partition: int(count) for partition, count in RESTORED.findall(two.log.read_text())}
        for partition, count in filled.items():
            self.assertLess(taken[partition], count / 2, two.tail())
        self.assertNotIn("standby.failed", two.log.read_text())
        two.stop()
        self.assert_as_replayed(service)

    def await_committed(self, service, process, records):
        self.await_that(process, lambda: service.group.committed() >= records)

    def await_that(self, process, condition):
        deadline = time.monotonic() + live.DEADLINE_S
        while not condition():
            self.assertIsNone(process.child.poll(), process.tail())
            self.assertLess(time.monotonic(), deadline, process.tail())
            time.sleep(0.01)

    def assert_as_replayed(self, service):
        """Ledger and notices are those of a replay of each partition, once."""
        expected = {"ledger": [], "notices": []}
        for partition, records in enumerate(bus.read(live.BOOTSTRAP, service.topic, service.partitions)):
            log, out = live.folder() / f"{partition}.ndjson", live.folder() / "out"
            log.write_bytes(b"".join(value + b"\n" for _, _, value in records))
            live.replay(service.program, out, log)
            for name, lines in expected.items():
                lines += live.rows((out / f"{name}.ndjson").read_text().splitlines())
        for name, lines in expected.items():
            seen = [row for partition in bus.read(live.BOOTSTRAP, f"{service.prefix}{name}", service.partitions)
                    for row in live.rows(value for _, _, value in partition)]
            self.assertEqual(len(seen), len(lines), name)
            live.assert_same(self, live.of_members(seen), live.of_members(lines), name)


if __name__ == "__main__":
    unittest.main()
