#!/usr/bin/env python3
"""What opens or stops is cut short: a restore, the way back after a kill, a rebalance, a record. Each ends in its message
and exit code within its time, and the next start goes on from there to what a replay gives.

Has a broker of its own, as failures_test. By hand: FEALTY_BUILD_DIR=... tests/integration/ends_test.py
"""
import random
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest
import uuid

import failures_test as failures  # starts the broker
from failures_test import WAY, tearDownModule  # noqa: F401: unittest calls it

import bus
import faults
import live_test as live
from workers_test import Load, Process

PROGRAM = live.PROGRAMS / "default.yaml"
MEMBERS, EVENTS = 1500, 24_000
NARROW = 1_000_000  # bytes a second
STOP_S = 20
STOPS = 6


class Shop:
    """A topic, what is on it, and what each partition of it replays to."""

    def __init__(self, partitions, seed, members=MEMBERS, events=EVENTS):
        self.topic, self.partitions, self.sent = "ends-" + uuid.uuid4().hex[:8], partitions, 0
        live.create(self.topic, partitions)
        made = subprocess.run([live.BINARY, "generate", "--members", str(members), "--events", str(events), "--seed",
                               str(seed), "--days", "300", "--refund-share", "0.1", "--malformed-share", "0"], check=True,
                              capture_output=True, timeout=live.DEADLINE_S).stdout
        self.records = [(live.SUBJECT.search(line)[1], line, bus.ANY_PARTITION) for line in made.splitlines()]

    def send(self, count=None):
        """So many more, or all that is left."""
        first, self.sent = self.sent, len(self.records) if count is None else self.sent + count
        for at in range(first, self.sent, 500):  # a batch is fetched as a whole: small ones
            bus.produce(live.BOOTSTRAP, self.topic, self.records[at:min(at + 500, self.sent)])

    def replayed(self):
        expected = {"ledger": [], "notices": [], "members": []}
        for partition, records in enumerate(bus.read(live.BOOTSTRAP, self.topic, self.partitions)):
            log, out = live.folder() / f"{partition}.ndjson", live.folder() / "out"
            log.write_bytes(b"".join(value + b"\n" for _, _, value in records))
            live.replay(PROGRAM, out, log)
            for name, lines in expected.items():
                lines += live.rows((out / f"{name}.ndjson").read_text().splitlines())
        return expected


class Service(live.Service):
    """One of a shop, by the narrow way or not."""

    def __init__(self, test, shop, **settings):
        super().__init__(test, shop.topic, PROGRAM, partitions=shop.partitions, workers=1,
                         commit={"interval_ms": 20, "events_max": 500}, **settings)
        self.shop = shop
        self.set("kafka", {"properties": {"max.partition.fetch.bytes": "65536"}})  # it comes in small portions

    set = failures.Service.set
    ends = failures.Service.ends

    def by(self, brokers):
        self.set("kafka", {"brokers": brokers})

    def seen(self):
        return len(self.log.read_text(errors="replace"))

    def since(self, seen):
        return self.log.read_text(errors="replace")[seen:]

    def await_since(self, seen, words):
        self.test.assertTrue(self.until(lambda: words in self.since(seen)), f"no {words}: {self.tail()}")

    def until(self, condition):
        deadline = time.monotonic() + live.DEADLINE_S
        while not condition():
            if self.child.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def start_in_the_midst_of(self, words, bytes_passed, narrow=NARROW):
        """By the narrow way, until `words` were said and so much came since: where its log is then."""
        self.by(WAY.bootstrap)
        seen = self.seen()
        WAY.slow(narrow)
        self.start()
        self.await_since(seen, words)
        before = WAY.passed_bytes
        self.test.assertTrue(self.until(lambda: WAY.passed_bytes >= before + bytes_passed), self.tail())
        return seen

    def stop_at_once(self):
        self.child.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        self.test.assertEqual(self.child.wait(timeout=STOP_S), 0, self.tail())
        print(f"{self.test.id().split('.')[-1]} | 0 | {time.monotonic() - begun:.1f} s", flush=True)

    def start(self, words=(), limits=None):
        with self.log.open("ab") as log:
            self.child = subprocess.Popen([*words, live.BINARY, "run", "--config", self.file], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, preexec_fn=limits)

    def assert_as_replayed(self, members=True):
        expected = self.expected = self.shop.replayed()
        for name in ("ledger", "notices"):
            seen = self.out(name)
            self.test.assertEqual(len(seen), len(expected[name]), name)
            live.assert_same(self.test, live.of_members(seen), live.of_members(expected[name]), name)
        if members:
            self.assert_members(live.rows(self.members()))

    def assert_members(self, seen):
        live.assert_same(self.test, live.of_members(seen, live.BY_CLOCK),
                         live.of_members(self.expected["members"], live.BY_CLOCK), "members")


class Narrow(unittest.TestCase):
    """Through a line on which what is stopped has certainly begun, and is certainly not done."""

    def setUp(self):
        self.addCleanup(WAY.slow, None)

    def saved(self, seed, events=EVENTS // 2):
        """A service that has stopped with everything in its changelog, and nothing on its disk."""
        service = Service(self, Shop(1, seed))
        service.shop.send(events)
        service.start()
        service.await_committed(events)
        service.stop()
        shutil.rmtree(service.state)
        return service

    def go_on(self, service):
        WAY.slow(None)
        service.shop.send()
        service.start()
        service.await_committed(EVENTS)
        service.stop()
        service.assert_as_replayed()

    def test_a_stop_in_a_restore_ends_with_0_and_the_next_start_restores_the_rest(self):
        service = self.saved(11)
        seen = service.start_in_the_midst_of("event=kafka.assigned", 500_000)
        service.stop_at_once()
        self.assertNotIn("event=partition.opened", service.since(seen))
        self.go_on(service)

    def test_a_stop_on_the_way_back_after_a_kill_ends_with_0_and_the_next_start_goes_on(self):
        service = Service(self, Shop(1, 12), checkpoint={"distance_events": 1_000_000, "recovery_target_s": 0})
        service.shop.send(EVENTS // 2)
        service.start()
        service.await_committed(EVENTS // 2)
        service.kill()
        seen = service.start_in_the_midst_of("event=partition.opened", 500_000)
        service.stop_at_once()
        again = int(re.search(r"event=run.stopped .* recovered=(\d+)", service.since(seen))[1])
        self.assertGreater(again, 0)
        self.assertLess(again, EVENTS // 2)
        self.go_on(service)

    def test_a_topic_that_is_deleted_while_it_is_restored_from_or_recorded_is_named(self):
        service, other = self.saved(13, EVENTS), Shop(1, 18)
        other.send()
        topic, out = service.prefix + "changelog", live.folder() / "record"
        service.by(WAY.bootstrap)
        WAY.slow(NARROW // 5)
        record = subprocess.Popen([live.BINARY, "record", "--config", service.file, "--out", out, "--topic", other.topic],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: record.poll() is None and (record.kill(), record.wait()))
        self.addCleanup(record.stderr.close)
        deadline = time.monotonic() + live.DEADLINE_S
        while not list(out.glob("partition-0*")):
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(record.poll())
            time.sleep(0.01)
        seen = service.start_in_the_midst_of("event=kafka.assigned", 0, NARROW // 5)
        for one in (topic, other.topic):
            faults.delete_topic(live.BOOTSTRAP, one)
        WAY.slow(None)
        self.assertNotIn("event=partition.opened", service.since(seen))
        service.ends(2, 60, "broker_refused", topic, "does not exist any more")
        said = record.communicate(timeout=60)[1]
        self.assertEqual(record.returncode, 2, said)
        self.assertIn(other.topic + "[0] does not exist any more", said)
        self.assertFalse(out.exists())

    def test_a_record_that_is_stopped_leaves_nothing_and_one_that_is_killed_nothing_that_is_taken_for_whole(self):
        service = Service(self, Shop(2, 14))
        service.shop.send()
        service.start()
        service.await_committed(EVENTS)
        service.stop()
        service.by(WAY.bootstrap)
        out = live.folder() / "record"
        words = [live.BINARY, "record", "--config", service.file, "--out", out]

        def begin(whole):
            WAY.slow(NARROW)
            service.child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, text=True)
            self.assertTrue(service.until(lambda: out.is_dir() and (not whole or (out / "partition-0.ndjson").exists())
                                          and any(file.stat().st_size > 100_000 and file.suffix != ".ndjson"
                                                  for file in out.glob("partition-*"))))

        begin(whole=False)
        service.child.send_signal(signal.SIGTERM)
        said = service.child.communicate(timeout=STOP_S)
        self.assertEqual((service.child.returncode, said[0]), (1, ""), said[1])
        self.assertIn("stopped before the end: nothing was kept", said[1])
        self.assertFalse(out.exists())

        begin(whole=True)
        service.child.kill()
        service.child.communicate()
        WAY.slow(None)
        cut = [file for file in out.glob("partition-1*") if file.suffix != ".ndjson"]
        self.assertEqual(len(cut), 1, list(out.iterdir()))
        done = live.fealty("replay", "--program", out / "programs", "--out", live.folder() / "out", cut[0])
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "without its end|that is cut")
        done = live.fealty(*map(str, words[1:]))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("is not empty", done.stderr)


class Rebalanced(unittest.TestCase):
    def load(self, shop, at_once):
        load = Load(shop.topic, shop.records, at_once)
        load.start()
        self.addCleanup(load.join)
        self.addCleanup(load.hurry.set)
        return load

    def process(self, service, number):
        process = Process(service, number)
        failures.Service.set(process, "commit", {"interval_ms": 20, "events_max": 500})
        failures.Service.set(process, "kafka", {"session_timeout_ms": 6000})
        return process

    def await_all(self, service, process):
        deadline = time.monotonic() + live.DEADLINE_S
        while service.group.committed() < len(service.shop.records):
            self.assertIsNone(process.child.poll(), process.tail())
            self.assertLess(time.monotonic(), deadline, process.tail())
            time.sleep(0.01)

    def stop(self, process):
        """Also where the last commit was aborted: then what it held is applied again and saved."""
        process.child.send_signal(signal.SIGTERM)
        code = process.child.wait(timeout=STOP_S)
        print(f"{self.id().split('.')[-1]} | {code}", flush=True)
        self.assertEqual(code, 0, process.tail())

    def test_a_stop_that_meets_one_ends_well(self):
        shop = Shop(8, 15, events=60_000)
        service = Service(self, shop)
        load = self.load(shop, 100)
        one, joiners, draw = self.process(service, 0), [], random.Random(7)
        for joining in range(1, STOPS + 1):
            one.start()
            one.await_log("event=partition.opened", joining)
            joiners.append(self.process(service, joining))
            joiners[-1].start()
            joiners[-1].await_log("event=run.started")
            time.sleep(draw.uniform(0, 3.5))  # not to wait for anything: to hit other moments of the rebalance
            self.stop(one)
            joiners[-1].kill()
        one.start()
        load.hurry.set()
        load.join()
        self.await_all(service, one)
        one.stop()
        service.assert_as_replayed(members=False)

    def test_a_process_that_slept_through_its_session_comes_back_or_says_why_not(self):
        shop = Shop(4, 16, events=EVENTS)
        service = Service(self, shop)
        load = self.load(shop, 50)
        one, two = self.process(service, 1), self.process(service, 2)
        one.start()
        one.await_log("event=partition.opened", shop.partitions)
        one.child.send_signal(signal.SIGSTOP)
        self.addCleanup(lambda: one.child.poll() is None and one.child.send_signal(signal.SIGCONT))
        two.start()
        two.await_log("event=partition.opened", shop.partitions)
        one.child.send_signal(signal.SIGCONT)
        load.hurry.set()
        load.join()
        self.await_all(service, two)
        code = one.child.poll()
        print(f"{self.id().split('.')[-1]} | {code}", flush=True)
        if code is None:
            one.stop()
        else:
            self.assertIn(code, (3, 5), one.tail())
            self.assertIn({3: "broker_unreachable", 5: "fenced"}[code], one.tail())
        two.stop()
        service.assert_as_replayed(members=False)


class Full(unittest.TestCase):
    """A disk on which the state has no room."""

    def test_a_restore_that_fills_the_disk_ends_and_goes_on_once_there_is_room(self):
        service = Service(self, Shop(2, 17))
        service.shop.send(EVENTS * 3 // 4)
        service.start()
        service.await_committed(EVENTS * 3 // 4)
        service.stop()
        shutil.rmtree(service.state)
        disk = Disk(self, 1 << 20)
        service.set("state", {"dir": str(disk.path / "state")})
        service.state = disk.path / "state"
        seen = service.seen()
        service.start(disk.words, disk.limits)
        service.ends(1, 60, str(service.state), *disk.says, "free space")
        self.assertIn("event=kafka.assigned", service.since(seen))  # it was there, and began
        self.assertLess(service.since(seen).count("event=partition.opened"), 2)  # whichever found room
        disk.make_room()
        service.shop.send()
        service.start(disk.words)
        service.await_committed(EVENTS)
        service.stop()
        service.assert_as_replayed(members=False)
        done = subprocess.run([*disk.words, live.BINARY, "member", "--state", service.state, "--program", PROGRAM, "--all"],
                              capture_output=True, text=True, timeout=live.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        service.assert_members(live.rows(done.stdout.splitlines()))


class Disk:
    """A small one in a mount namespace of its own; where that may not be, files may become only so large."""

    def __init__(self, test, size):
        self.path, self.size, self.words, self.limits = live.folder(), size, [], None
        self.holder = subprocess.Popen(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o "size=$1" none "$2" && echo mounted && read end',
             "sh", str(size), self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        test.addCleanup(self.holder.communicate)
        if self.holder.stdout.readline() == "mounted\n":
            self.words = ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", str(self.holder.pid)]
            self.says = ["output_unwritable", "no space left in"]
            return
        print("no namespace of mounts here: a limit to the size of files stands for the full disk", flush=True)
        self.limits, self.says = self.limit, ["store_unavailable", "File too large"]

    def limit(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size // 8, self.size // 8))

    def make_room(self):
        if self.words:
            subprocess.run([*self.words, "mount", "-o", f"remount,size={64 * self.size}", self.path], check=True)


if __name__ == "__main__":
    unittest.main()
