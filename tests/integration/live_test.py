#!/usr/bin/env python3
"""`fealty run` on a real broker from outside: the same as a replay, once and only once, through kill -9.

Uses the broker in $FEALTY_BROKER_DIR; by hand:
tests/broker/broker.sh run --sasl anna:secret -- tests/integration/live_test.py
"""
import atexit
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

import bus

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ["FEALTY_BUILD_DIR"]) / "fealty"
BROKER_DIR = pathlib.Path(os.environ["FEALTY_BROKER_DIR"])
BOOTSTRAP = (BROKER_DIR / "bootstrap").read_text().strip()
CDNOW = pathlib.Path(os.environ.get("FEALTY_TESTDATA") or ROOT / "build" / "testdata") / "CDNOW_master.txt"
PROGRAMS = ROOT / "config" / "programs"
PARTITIONS = 4
DEADLINE_S = 180
SUBJECT = re.compile(rb'"subject":"([^"]*)"')
# Shown as of the latest clock of any partition; the replays that members are compared with have one each.
BY_CLOCK = ("as_of",)
TIME = re.compile(rb'"time":"(20[^"]*Z)"')

_work = pathlib.Path(tempfile.mkdtemp(prefix="fealty-live-"))
atexit.register(shutil.rmtree, _work, ignore_errors=True)


def folder():
    return pathlib.Path(tempfile.mkdtemp(dir=_work))


def fealty(*words, environment=None):
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=DEADLINE_S, env=os.environ | (environment or {}))


def create(topic, partitions=PARTITIONS, settings=()):
    done = subprocess.run([ROOT / "tests/broker/broker.sh", "topics", "--dir", BROKER_DIR, "--create", "--topic", topic,
                           "--partitions", str(partitions), *(word for one in settings for word in ("--config", one))],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=DEADLINE_S)
    if done.returncode != 0:
        raise AssertionError(done.stderr + done.stdout)


def replay(program, out, *words):
    done = fealty("replay", "--program", program, "--out", out, "--no-fsync", *words)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


def rows(lines):
    return [json.loads(line) for line in lines]


def of_members(entries, without=()):
    """Entries by member, each member's in order."""
    found = {}
    for entry in entries:
        found.setdefault(entry.get("member") or entry["subject"], []).append(
            {name: value for name, value in entry.items() if name not in without})
    return found


def assert_same(test, seen, expected, what):
    """Of dictionaries by member; tells the first difference (a diff of all would take minutes)."""
    test.assertEqual(set(seen) ^ set(expected), set(), f"{what}: on one side only")
    wrong = [member for member in expected if seen[member] != expected[member]]
    if wrong:
        test.fail(f"{what}: {len(wrong)} of {len(expected)} members differ, first {wrong[0]}:\n"
                  f"seen     {seen[wrong[0]]}\nexpected {expected[wrong[0]]}")


class Service:
    """A service file, the process that runs by it, and what it wrote to the bus."""

    def __init__(self, test, topic, program, mapping="cloudevents", partitions=PARTITIONS, **settings):
        self.name = name = "t-" + uuid.uuid4().hex[:8]
        self.test, self.topic, self.program, self.prefix = test, topic, program, name + "."
        self.partitions = partitions
        self.state = folder() / "state"
        self.file = folder() / "service.yaml"
        self.file.write_text(json.dumps({  # JSON is YAML
            "program": str(program), "mapping": mapping, "state": {"dir": str(self.state)},
            "kafka": {"brokers": BOOTSTRAP, "input_topic": topic, "group": name, "output_prefix": self.prefix,
                      "create_topics": True, "replication_factor": 1, "session_timeout_ms": 6000}} | settings))
        self.group = bus.Group(BOOTSTRAP, name, topic, partitions)
        self.log = self.file.with_suffix(".log")
        self.child = None
        test.addCleanup(self.end)

    def end(self):
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.group.close()

    def start(self):
        with self.log.open("ab") as log:
            self.child = subprocess.Popen([BINARY, "run", "--config", self.file], stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log)

    def await_committed(self, records):
        deadline = time.monotonic() + DEADLINE_S
        while (now := self.group.committed()) < records:
            if self.child.poll() is not None:
                self.test.fail(f"it ended with {self.child.returncode} at {now} of {records}:\n{self.tail()}")
            if time.monotonic() > deadline:
                self.test.fail(f"{now} of {records} committed after {DEADLINE_S} s:\n{self.tail()}")
            time.sleep(0.002)

    def await_log(self, words, times=1):
        deadline = time.monotonic() + DEADLINE_S
        while (seen := self.log.read_text(errors="replace").count(words)) < times:
            self.test.assertIsNone(self.child.poll(), self.tail())
            self.test.assertLess(time.monotonic(), deadline, f"{words} {seen} times only: {self.tail()}")
            time.sleep(0.01)

    def tail(self):
        return self.log.read_text(errors="replace")[-3000:]

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self):
        """SIGTERM: drains, commits, ends with 0."""
        self.child.send_signal(signal.SIGTERM)
        self.test.assertEqual(self.child.wait(timeout=DEADLINE_S), 0, self.tail())

    def members(self):
        done = fealty("member", "--state", self.state, "--program", self.program, "--all")
        self.test.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def out(self, stream):
        """What a read_committed consumer of an output topic sees, partition after partition."""
        return [json.loads(value) for partition in bus.read(BOOTSTRAP, self.prefix + stream, self.partitions)
                for _, _, value in partition]


class Cdnow(unittest.TestCase):
    """Real purchases, live and replayed: the same members and the same ledger."""

    # On the bus a row's number is its offset, so what is named after it differs.
    NAMED_BY_ROW = ("position", "cause", "order_id", "hash")

    def test_live_gives_the_members_and_the_ledger_of_the_replay(self):
        if not CDNOW.exists():
            self.fail(f"no data in {CDNOW}: run tests/data/fetch_cdnow.sh, or set FEALTY_TESTDATA")
        program, out, topic = PROGRAMS / "cdnow.yaml", folder() / "out", "cdnow-" + uuid.uuid4().hex[:8]
        replay(program, out, "--format", "cdnow", CDNOW)
        lines = CDNOW.read_bytes().splitlines()[1:]
        create(topic)
        bus.produce(BOOTSTRAP, topic, ((line.split()[0], line, bus.ANY_PARTITION) for line in lines))

        service = Service(self, topic, program, "cdnow")
        service.start()
        service.await_committed(len(lines))
        service.stop()

        without = ("ledger_hash", *BY_CLOCK)
        assert_same(self, of_members(rows(service.members()), without),
                    of_members(rows((out / "members.ndjson").read_text().splitlines()), without), "members")
        ledger = service.out("ledger")
        self.assertEqual(sum(entry["points"] for entry in ledger), 2_453_159)
        assert_same(self, of_members(ledger, self.NAMED_BY_ROW),
                    of_members(rows((out / "ledger.ndjson").read_text().splitlines()), self.NAMED_BY_ROW), "ledger")
        self.assertEqual(service.out("deadletters"), [])
        # The members topic holds a snapshot of each; the last one is the state at the clean stop.
        last = {row["member"]: row["balance"] for row in service.out("members")}
        assert_same(self, last, {row["member"]: row["balance"] for row in rows(service.members())}, "members topic")


class Killed(unittest.TestCase):
    """A generated shop with refunds, late, repeated and malformed events, in one topic for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.topic = "shop-" + uuid.uuid4().hex[:8]
        create(cls.topic)
        made = subprocess.run([BINARY, "generate", "--members", "1500", "--events", "60000", "--seed", "77", "--days",
                               "500", "--late-share", "0.03", "--duplicate-share", "0.03", "--malformed-share", "0.01",
                               "--refund-share", "0.15"], check=True, capture_output=True, timeout=DEADLINE_S).stdout
        lines = made.splitlines()
        bus.produce(BOOTSTRAP, cls.topic, ((found[1] if (found := SUBJECT.search(line)) else None, line,
                                            bus.ANY_PARTITION) for line in lines))
        # At the end of each partition the same time, so that all their clocks end alike.
        cls.last = last = max(time[1] for line in lines if (time := TIME.search(line))).decode()
        bus.produce(BOOTSTRAP, cls.topic, ((f"zz-end-{p}".encode(), json.dumps(
            {"specversion": "1.0", "id": f"end-{p}", "source": "/end", "type": "login", "subject": f"zz-end-{p}",
             "time": last, "data": {}}).encode(), p) for p in range(PARTITIONS)))
        cls.records = len(lines) + PARTITIONS
        cls.program = PROGRAMS / "default.yaml"
        cls.replay_partitions()

    @classmethod
    def replay_partitions(cls):
        """What must come out: each partition's log, replayed by itself and uninterrupted."""
        cls.expected = {name: [] for name in ("members", "ledger", "notices", "deadletters")}
        for p, records in enumerate(bus.read(BOOTSTRAP, cls.topic, PARTITIONS)):
            log, out = folder() / f"partition-{p}.ndjson", folder() / "out"
            log.write_bytes(b"".join(value + b"\n" for _, _, value in records))
            replay(cls.program, out, log)
            for name, lines in cls.expected.items():
                lines += (out / f"{name}.ndjson").read_text().splitlines()

    def assert_exactly_once(self, service):
        """To the byte: on the bus too, a record's position is its place in its partition's log."""
        members, notices = [[rows(lines) for lines in (seen, self.expected[name])] for name, seen in (
            ("members", service.members()), ("notices", map(json.dumps, service.out("notices"))))]
        ids = [row["id"] for row in notices[0]]
        self.assertEqual(len(ids), len(set(ids)), "a notice came twice")
        assert_same(self, *(of_members(found, BY_CLOCK) for found in members), "members")
        assert_same(self, *map(of_members, notices), "notices")
        ledger = service.out("ledger")
        keys = [(row["member"], row["seq"]) for row in ledger]
        self.assertEqual(len(keys), len(set(keys)), "a ledger entry came twice")
        assert_same(self, of_members(ledger), of_members(rows(self.expected["ledger"])), "ledger")
        dead = [[(row["reason"], row["field"], row["position"], row.get("payload")) for row in found]
                for found in (service.out("deadletters"), rows(self.expected["deadletters"]))]
        self.assertEqual(sorted(dead[0], key=str), sorted(dead[1], key=str))

    def kill_and_go_on(self, seed, emptied, kills=5):
        service = Service(self, self.topic, self.program, commit={"interval_ms": 10, "events_max": 250},
                          checkpoint={"distance_events": 4000})
        draw = random.Random(seed)
        for at in sorted(draw.sample(range(1, self.records * 6 // 10), kills)):  # the last life finds work
            service.start()
            service.await_committed(at)
            time.sleep(draw.uniform(0, 0.03))  # not to wait for anything: to hit other moments than commits
            service.kill()
            if emptied:
                shutil.rmtree(service.state, ignore_errors=True)
        service.start()
        service.await_committed(self.records)
        service.stop()
        self.assert_exactly_once(service)
        return service

    def test_undisturbed_live_gives_what_a_replay_of_each_partition_gives(self):
        self.kill_and_go_on(seed=0, emptied=False, kills=0)

    def test_the_clock_of_the_machine_takes_over_once_the_log_of_the_past_is_read_and_not_before(self):
        service = Service(self, self.topic, self.program, commit={"interval_ms": 10, "events_max": 250},
                          clock={"tick_after_idle_s": 5})
        # Stopped and started half way: until its first record comes it polls in vain, with a clock that is set.
        service.start()
        service.await_committed(self.records // 2)
        service.stop()
        service.start()
        service.await_committed(self.records)
        deadline = time.monotonic() + DEADLINE_S
        while max(row["time"] for row in service.out("notices")) <= self.last:
            self.assertLess(time.monotonic(), deadline, f"the clock still stands: {service.tail()}")
        service.stop()

        # What the events brought comes first, the same as ever; behind it is what the days since then bring.
        assert_same(self, of_members(service.out("ledger")), of_members(rows(self.expected["ledger"])), "ledger")
        notices, expected = of_members(service.out("notices")), of_members(rows(self.expected["notices"]))
        assert_same(self, {member: notices.get(member, [])[:len(there)] for member, there in expected.items()}, expected,
                    "notices up to the end of the log")
        since = [row for member, found in notices.items() for row in found[len(expected.get(member, [])):]]
        self.assertGreater(len(since), 0)
        self.assertEqual([row for row in since
                          if row["time"] <= self.last or not row["data"]["cause"].startswith("timer/")], [])

    def test_killed_and_started_again_with_its_state(self):
        self.kill_and_go_on(seed=1, emptied=False)

    def test_killed_and_started_again_it_goes_on_before_its_session_times_out(self):
        service = Service(self, self.topic, self.program, commit={"interval_ms": 10, "events_max": 250})
        settings = json.loads(service.file.read_text())
        settings["kafka"]["session_timeout_ms"] = 60_000
        service.file.write_text(json.dumps(settings))
        service.start()
        service.await_committed(self.records // 10)
        service.kill()
        killed_at, opened = time.monotonic(), service.log.read_text().count("event=partition.opened")
        service.start()
        while service.log.read_text().count("event=partition.opened") < opened + PARTITIONS:
            self.assertLess(time.monotonic() - killed_at, 30, service.tail())
            time.sleep(0.01)
        service.await_committed(self.records)

    def test_killed_and_started_again_with_an_emptied_state(self):
        service = self.kill_and_go_on(seed=2, emptied=True)
        self.assertRegex(service.log.read_text(), r"event=partition.opened partition=\d restored_records=[1-9]")

    def test_a_clean_stop_and_start_with_an_emptied_state_gives_it_all_back(self):
        service = self.kill_and_go_on(seed=0, emptied=False, kills=0)
        shutil.rmtree(service.state, ignore_errors=True)
        service.start()
        deadline = time.monotonic() + DEADLINE_S
        while service.log.read_text().count("event=partition.opened") < 2 * PARTITIONS:
            self.assertLess(time.monotonic(), deadline, service.tail())
            time.sleep(0.01)
        service.stop()
        self.assert_exactly_once(service)


class Refusals(unittest.TestCase):
    """What is wrong, and what to do about it; and the exit code that a supervisor goes by."""

    @classmethod
    def setUpClass(cls):
        cls.topic = "empty-" + uuid.uuid4().hex[:8]
        create(cls.topic)

    def run_with(self, environment=None, **kafka):
        service = Service(self, self.topic, PROGRAMS / "default.yaml")
        settings = json.loads(service.file.read_text())
        settings["kafka"] |= kafka
        service.file.write_text(json.dumps(settings))
        return service, fealty("run", "--config", service.file, environment=environment)

    def assert_refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_no_broker(self):
        _, done = self.run_with(brokers="127.0.0.1:1")
        self.assert_refused(done, 3, "broker_unreachable", "127.0.0.1:1", "check kafka.brokers")

    def test_no_such_input_topic(self):
        _, done = self.run_with(input_topic="no-such-topic")
        self.assert_refused(done, 2, "no-such-topic", "--create")

    def test_missing_output_topics_that_it_may_not_create(self):
        service, done = self.run_with(create_topics=False)
        self.assert_refused(done, 2, service.prefix, "--create")

    SASL = {"protocol": "sasl_plaintext", "mechanism": "PLAIN", "username": "anna"}

    def test_a_wrong_password(self):
        _, done = self.run_with(brokers=self.secured(), security=self.SASL,
                                environment={"FEALTY_KAFKA__SECURITY__PASSWORD": "hunter2"})
        self.assert_refused(done, 2, "broker_refused", "check kafka.security")
        self.assertNotIn("hunter2", done.stderr)

    def test_the_right_password(self):
        service = Service(self, self.topic, PROGRAMS / "default.yaml")
        settings = json.loads(service.file.read_text())
        password = folder() / "password"
        password.write_text("secret\n")
        settings["kafka"] |= {"brokers": self.secured(), "security": self.SASL | {"password_file": str(password)}}
        service.file.write_text(json.dumps(settings))
        service.start()
        deadline = time.monotonic() + DEADLINE_S
        while "event=partition.opened" not in service.log.read_text():
            self.assertIsNone(service.child.poll(), service.tail())
            self.assertLess(time.monotonic(), deadline, service.tail())
            time.sleep(0.01)
        service.stop()
        self.assertNotIn("secret", service.log.read_text())

    def secured(self):
        return (BROKER_DIR / "bootstrap.sasl").read_text().strip()

    def test_the_state_of_another_program(self):
        log = folder() / "log"
        log.write_bytes(b'{"specversion":"1.0","id":"a","source":"/s","type":"login","subject":"m",'
                        b'"time":"2025-01-01T00:00:00Z","data":{}}\n')
        service = Service(self, self.topic, PROGRAMS / "cdnow.yaml")
        replay(PROGRAMS / "default.yaml", folder() / "out", "--state", service.state, "--partitions", PARTITIONS, log)
        done = fealty("run", "--config", service.file)
        self.assert_refused(done, 2, "wrong_program", "default", "cdnow")


def purchase(number, member, day, total="100"):
    return json.dumps({"specversion": "1.0", "id": f"e{number}", "source": "/shop", "type": "purchase", "subject": member,
                       "time": f"{day}T10:00:00Z",
                       "data": {"order_id": f"o{number}", "currency": "USD", "total": total}}).encode()


class Keys(unittest.TestCase):
    """A producer that keys by order spreads a member over partitions: each would have a balance of its own."""

    def run_with(self, policy):
        topic = "keys-" + uuid.uuid4().hex[:8]
        create(topic)
        bus.produce(BOOTSTRAP, topic, ((f"o{i}".encode(), purchase(i, f"m{i % 3}", "2025-03-01"), bus.ANY_PARTITION)
                                       for i in range(30)))
        bus.produce(BOOTSTRAP, topic, ((None, purchase(30, "m0", "2025-03-01"), 0),
                                       (b"m1", purchase(31, "m1", "2025-03-01"), bus.ANY_PARTITION)))
        service = Service(self, topic, PROGRAMS / "default.yaml")
        settings = json.loads(service.file.read_text())
        settings["kafka"]["key_check"] = policy
        service.file.write_text(json.dumps(settings))
        service.start()
        service.await_committed(32)
        service.stop()
        return service

    def test_a_record_by_another_key_or_none_is_dead_lettered_and_the_habit_named_once(self):
        service = self.run_with("deadletter")
        self.assertEqual([row["reason"] for row in service.out("deadletters")], ["wrong_partition"] * 31)
        self.assertEqual([row["member"] for row in service.out("ledger")], ["m1"])
        log = service.log.read_text()
        self.assertEqual(log.count("event=input.wrong_key"), 1, log)
        first = log[log.index("event=input.wrong_key"):].split("\n")[0]
        for part in ("ingest", f"topic={service.topic}", "partition=", "offset=", "key=", "member="):
            self.assertIn(part, first)
        self.assertIn("wrong_keys=31", log)

    def test_by_policy_it_is_applied_where_it_came_and_counted(self):
        service = self.run_with("count")
        self.assertEqual(service.out("deadletters"), [])
        self.assertEqual(len(service.out("ledger")), 32)
        self.assertIn("wrong_keys=31", service.log.read_text())


class Snapshots(unittest.TestCase):
    """The members topic follows while the service runs, long before anything is saved."""

    def run_with(self, within):
        topic = "snapshots-" + uuid.uuid4().hex[:8]
        create(topic)
        service = Service(self, topic, PROGRAMS / "default.yaml", members={"publish_within": within})
        service.start()
        for number in range(1, 4):
            bus.produce(BOOTSTRAP, topic, [(b"anna", purchase(number, "anna", "2025-03-01"), bus.ANY_PARTITION)])
            service.await_committed(number)
        return service

    def test_a_changed_member_is_there_as_it_is_within_the_stated_time(self):
        for within in ("0", "1s"):
            service = self.run_with(within)
            deadline = time.monotonic() + DEADLINE_S
            while [row["purchases"] for row in service.out("members")][-1:] != [3]:
                self.assertLess(time.monotonic(), deadline, service.tail())
            seen = len(service.out("members"))
            service.stop()  # saves it, and nobody needs to hear of it again
            self.assertEqual(len(service.out("members")), seen)

    def test_switched_off_there_is_none(self):
        service = self.run_with("off")
        service.stop()
        self.assertEqual(service.out("members"), [])
        self.assertEqual(len(service.out("ledger")), 3)


class Programs(unittest.TestCase):
    """A program changes while the service runs: by its file, or at SIGHUP."""

    TEXT = """
program: {{id: shop, version: {version}, currency: USD{valid_from}}}
earn: {{rules: [{{name: base, event: purchase, field: total, linear: {{beta: {beta}}}}}]}}
churn: {{enabled: false}}
notices: {{mute: [{mute}]}}
"""

    def write(self, version, beta, valid_from="", mute=""):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(self.TEXT.format(version=version, beta=beta, mute=mute,
                                          valid_from=f', valid_from: "{valid_from}"' if valid_from else ""))
        fresh.rename(self.file)

    def buy(self, number, day):
        bus.produce(BOOTSTRAP, self.topic, [(b"anna", purchase(number, "anna", day), 0)])
        self.service.await_committed(number)

    def test_each_event_is_judged_by_the_generation_of_its_time(self):
        self.topic, self.file = "program-" + uuid.uuid4().hex[:8], folder() / "program.yaml"
        create(self.topic)
        self.write(1, 1)
        self.service = service = Service(self, self.topic, self.file)
        service.start()
        self.buy(1, "2025-01-10")
        # A further generation is picked up by itself; what lies before its day is judged as before.
        self.write(2, 2, "2025-02-01T00:00:00Z")
        service.await_log("event=program.reloaded")
        self.buy(2, "2025-01-20")
        self.buy(3, "2025-02-02")
        # One whose day is past, and a version that changed in secret, are refused, and nothing changes.
        self.write(3, 5, "2025-02-01T00:00:00Z")
        service.await_log("event=program.refused")
        self.write(2, 7, "2025-02-01T00:00:00Z")
        service.await_log("event=program.refused", 2)
        self.buy(4, "2025-02-03")
        # Muting is no generation.
        self.write(2, 2, "2025-02-01T00:00:00Z", mute="points.earned")
        service.child.send_signal(signal.SIGHUP)
        service.await_log("event=program.reloaded", 2)
        self.buy(5, "2025-02-04")
        service.stop()
        # After a restart, and on an empty disk, both are in force: the earlier one from beside the state.
        service.start()
        self.buy(6, "2025-01-30")
        service.kill()
        kept = [service.state / "program.yaml", service.state / "program-2.yaml"]
        self.assertTrue(all(file.exists() for file in kept))
        programs = folder()
        for file in kept:
            shutil.copy(file, programs)
        shutil.rmtree(service.state)
        settings = json.loads(service.file.read_text())
        service.file.write_text(json.dumps(settings | {"program": str(programs)}))
        service.start()
        self.buy(7, "2025-02-05")
        service.stop()
        ledger = [(row["points"], row["rule_version"]) for row in service.out("ledger")]
        self.assertEqual(ledger, [(100, 1), (100, 1), (200, 2), (200, 2), (200, 2), (100, 1), (200, 2)])
        # Those of generation 2 are muted from the fifth purchase on; generation 1 mutes none.
        self.assertEqual(len(service.out("notices")), 5)


if __name__ == "__main__":
    unittest.main()
