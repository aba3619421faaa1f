#!/usr/bin/env python3
"""`ingest` on a real broker from outside: any keys, topics and formats in, one topic keyed by member out, once.

Uses the broker in $FEALTY_BROKER_DIR; by hand: tests/broker/broker.sh run -- tests/integration/ingest_test.py
"""
import json
import random
import re
import shutil
import subprocess
import time
import unittest
import uuid

import bus
import live_test as live
from live_test import BOOTSTRAP, PARTITIONS, PROGRAMS, Service, create, purchase

ORIGIN = re.compile(r"(.*)\[(\d+)\]@(\d+)(?:#(\d+))?$")


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def order_of(line):
    found = re.search(rb'"order_id":"([^"]*)"', line)
    return found[1] if found else None


def without_subject(line):
    """A refund that names its order and not its member."""
    return re.sub(rb'"subject":"[^"]*",?', b"", line) if b'"type":"refund"' in line else line


def event(number, kind, member, **data):
    subject = {"subject": member} if member else {}
    return json.dumps({"specversion": "1.0", "id": f"e{number}", "source": "/shop", "type": kind, **subject,
                       "time": "2025-03-01T10:00:00Z", "data": data}).encode()


def more_partitions(topic, count):
    subprocess.run([live.ROOT / "tests/broker/broker.sh", "topics", "--dir", live.BROKER_DIR, "--alter", "--topic", topic,
                    "--partitions", str(count)], check=True, capture_output=True, timeout=live.DEADLINE_S)


class Ingested(unittest.TestCase):
    def serve(self, *inputs, run=("ingest", "members"), program=PROGRAMS / "default.yaml", **ingest):
        """A service whose canonical topic is its own; not started."""
        self.canonical = unique("canonical")
        create(self.canonical)
        return Service(self, self.canonical, program, run=list(run), ingest={"inputs": list(inputs)} | ingest,
                       commit={"interval_ms": 10, "events_max": 500})

    def sent(self):
        """What a read_committed consumer sees in the canonical topic, partition after partition."""
        return [[json.loads(value) for _, _, value in partition]
                for partition in bus.read(BOOTSTRAP, self.canonical, PARTITIONS)]

    def await_sent(self, service, count):
        """Until so many events are there, and no more than a moment longer."""
        deadline = time.monotonic() + live.DEADLINE_S
        while (seen := sum(map(len, self.sent()))) < count:
            self.assertIsNone(service.child.poll(), service.tail())
            self.assertLess(time.monotonic(), deadline, f"{seen} of {count}: {service.tail()}")
        self.assertEqual(seen, count)

    def await_members(self, service, count):
        """Until members have read all of the canonical topic."""
        self.await_sent(service, count)
        last = [partition[-1][0] for partition in bus.read(BOOTSTRAP, self.canonical, PARTITIONS) if partition]
        service.await_committed(sum(last) + len(last))

    def assert_in_order(self, partitions):
        """Events of one input partition come in its order, in each partition that they go to."""
        for events in partitions:
            last = {}
            for row in events:
                topic, partition, offset, element = ORIGIN.match(row["fealtyorigin"]).groups()
                at = (int(offset), int(element or 0))
                self.assertLess(last.get((topic, partition), (-1, -1)), at, row)
                last[topic, partition] = at


class OrderKeyed(Ingested):
    """A generated shop whose producer keys by order, and whose refunds name nothing else."""

    @classmethod
    def setUpClass(cls):
        made = subprocess.run([live.BINARY, "generate", "--members", "400", "--events", "12000", "--seed", "5",
                               "--days", "300", "--duplicate-share", "0.02", "--refund-share", "0.2",
                               "--late-share", "0", "--malformed-share", "0"], check=True,
                              capture_output=True, timeout=live.DEADLINE_S).stdout
        cls.lines = made.splitlines()
        # The same, by member: what a bus looks like that needs no ingest.
        cls.by_member = unique("by-member")
        create(cls.by_member)
        bus.produce(BOOTSTRAP, cls.by_member, ((live.SUBJECT.search(line)[1], line, bus.ANY_PARTITION)
                                               for line in cls.lines))
        cls.expected = [[json.loads(value) for _, _, value in partition]
                        for partition in bus.read(BOOTSTRAP, cls.by_member, PARTITIONS)]

    def keyed_by_order(self, partition):
        topic = unique("by-order")
        create(topic)
        bus.produce(BOOTSTRAP, topic, ((order_of(line), without_subject(line), partition) for line in self.lines))
        return topic

    def test_it_gives_the_members_of_a_topic_keyed_by_member(self):
        service = self.serve({"topic": self.keyed_by_order(0), "mapping": "cloudevents"})
        service.start()
        self.await_members(service, len(self.lines))
        service.stop()
        # Each event where Java's partitioner puts its member, all in their order.
        sent = self.sent()
        self.assertEqual([[row["id"] for row in events] for events in sent],
                         [[row["id"] for row in events] for events in self.expected])

        direct = Service(self, self.by_member, PROGRAMS / "default.yaml")
        direct.start()
        direct.await_committed(len(self.lines))
        direct.stop()
        without = ("ledger_hash", *live.BY_CLOCK)
        live.assert_same(self, *(live.of_members(live.rows(one.members()), without) for one in (service, direct)), "members")
        without = ("position", "hash")
        live.assert_same(self, *(live.of_members(one.out("ledger"), without) for one in (service, direct)), "ledger")
        self.assertEqual(service.out("deadletters"), [])

    def test_killed_again_and_again_it_sends_each_event_once_in_order(self):
        topic = self.keyed_by_order(bus.ANY_PARTITION)
        # Two workers, so that what waits for an order and what says whose it is are at different ones.
        service = self.serve({"topic": topic, "mapping": "cloudevents"}, run=["ingest"], workers=2)
        group = bus.Group(BOOTSTRAP, service.prefix[:-1] + "-ingest", topic, PARTITIONS)
        service.group.close()
        service.group = group
        draw = random.Random(3)
        for at in sorted(draw.sample(range(1, len(self.lines) * 6 // 10), 4)):
            service.start()
            service.await_committed(at)
            time.sleep(draw.uniform(0, 0.03))  # not to wait for anything: to hit other moments than commits
            service.kill()
            if at % 2 == 0:
                shutil.rmtree(service.state, ignore_errors=True)
        service.start()
        self.await_sent(service, len(self.lines))
        service.stop()
        sent = self.sent()

        def by_origin(events):
            """With the refund that went on later than it came out of the way."""
            return [row for row in events if row["type"] != "refund"]
        self.assert_in_order([by_origin(events) for events in sent])
        origins = [row["fealtyorigin"] for events in sent for row in events]
        self.assertEqual(len(set(origins)), len(self.lines), "one came twice")
        for events, expected in zip(sent, self.expected):
            self.assertEqual(sorted((row["id"], row["subject"], row["type"]) for row in events),
                             sorted((row["id"], row["subject"], row["type"]) for row in expected))


class SeveralInputs(Ingested):
    def test_orders_and_a_clickstream_in_another_format_make_the_same_members(self):
        orders, clicks = unique("orders"), unique("clicks")
        create(orders), create(clicks)
        bus.produce(BOOTSTRAP, orders, [(f"o{i}".encode(), purchase(i, f"m{i % 5}", "2025-03-01"), bus.ANY_PARTITION)
                                        for i in range(40)])
        views = [{"id": f"v{i}", "type": "view", "member": f"m{i % 5}", "time": "2025-03-01T09:00:00Z", "sku": "a"}
                 for i in range(60)]
        records = [json.dumps(views[i:i + 3]) for i in range(0, 60, 3)]  # batches
        records += ['[{"id":"bad","type":"view","member":7.5},' + json.dumps(views[0] | {"id": "v60"}) + "]", "[]",
                    json.dumps({"id": "x", "type": "newsletter", "member": "m0"})]
        bus.produce(BOOTSTRAP, clicks, [(None, record.encode(), i % PARTITIONS) for i, record in enumerate(records)])
        service = self.serve({"topics": [orders], "mapping": "cloudevents"}, {"topic": clicks, "mapping": "flat"})
        service.start()
        self.await_members(service, 101)
        service.stop()

        sent = self.sent()
        self.assert_in_order(sent)
        homes = {}
        for p, events in enumerate(sent):
            for row in events:
                self.assertEqual(homes.setdefault(row["subject"], p), p, "a member has one partition")
        members = {row["member"]: row for row in live.rows(service.members())}
        self.assertEqual({name: row["purchases"] for name, row in members.items()}, {f"m{i}": 8 for i in range(5)})
        dead = service.out("deadletters")
        self.assertEqual([(row["reason"], row["field"]) for row in dead], [("wrong_type", "member")])
        self.assertRegex(dead[0]["source"], rf"^{clicks}\[\d\]@\d+#0$")
        self.assertIn("skipped=1", service.log.read_text())

    def test_topics_and_partitions_that_come_later_are_read_from_their_beginning(self):
        stem = unique("late")
        create(stem + ".a")
        service = self.serve({"pattern": rf"{stem}\..*", "mapping": "cloudevents"}, run=["ingest"], discover="1s")
        settings = json.loads(service.file.read_text())
        settings["kafka"]["start"] = "latest"
        service.file.write_text(json.dumps(settings))
        bus.produce(BOOTSTRAP, stem + ".a", [(b"x", event(0, "login", "m0"), bus.ANY_PARTITION)])  # before the start
        service.start()
        service.await_log("event=kafka.assigned")
        deadline = time.monotonic() + live.DEADLINE_S
        for number in range(1, 1000):  # where "latest" is, is known once one comes through
            bus.produce(BOOTSTRAP, stem + ".a", [(b"x", event(number, "login", "m0"), 0)])
            if sum(map(len, self.sent())) > 0:
                break
            self.assertLess(time.monotonic(), deadline, service.tail())
        create(stem + ".b")
        bus.produce(BOOTSTRAP, stem + ".b", [(b"x", event(f"b{p}", "login", "m1"), p) for p in range(PARTITIONS)])
        more_partitions(stem + ".a", PARTITIONS + 2)
        bus.produce(BOOTSTRAP, stem + ".a", [(b"x", event(f"a{p}", "login", "m2"), p)
                                             for p in (PARTITIONS, PARTITIONS + 1)])
        wanted = {f"eb{p}" for p in range(PARTITIONS)} | {f"ea{PARTITIONS}", f"ea{PARTITIONS + 1}"}
        while wanted - {row["id"] for events in self.sent() for row in events}:
            self.assertIsNone(service.child.poll(), service.tail())
            self.assertLess(time.monotonic(), deadline, service.tail())
        service.stop()
        ids = [row["id"] for events in self.sent() for row in events]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertNotIn("e0", ids)


class Waiting(Ingested):
    """A refund that comes before the purchase that says whose it is."""

    def test_it_waits_through_a_restart_with_an_emptied_state_and_goes_on_once(self):
        topic = unique("early")
        create(topic)
        service = self.serve({"topic": topic, "mapping": "cloudevents"}, run=["ingest"])
        bus.produce(BOOTSTRAP, topic, [(b"o1", event(i, "refund", None, order_id="o1"), 0) for i in (1, 2)])
        service.start()
        service.await_log("event=ingest.started")
        waiting = lambda: [value for partition in bus.read(BOOTSTRAP, service.prefix + "waiting", PARTITIONS)
                           for _, _, value in partition]
        deadline = time.monotonic() + live.DEADLINE_S
        while len(waiting()) < 2:
            self.assertLess(time.monotonic(), deadline, service.tail())
        service.kill()
        shutil.rmtree(service.state, ignore_errors=True)
        service.start()
        bus.produce(BOOTSTRAP, topic, [(b"o1", purchase(3, "anna", "2025-03-01").replace(b"o3", b"o1"), 1)])
        self.await_sent(service, 3)
        service.stop()
        self.assertEqual([(row["id"], row["subject"]) for events in self.sent() for row in events],
                         [("e3", "anna"), ("e1", "anna"), ("e2", "anna")])
        self.assertEqual(waiting()[2:], [None, None])
        # Known for good, on an empty disk, too.
        shutil.rmtree(service.state, ignore_errors=True)
        service.start()
        bus.produce(BOOTSTRAP, topic, [(b"o1", event(4, "cancel", None, order_id="o1"), 2)])
        self.await_sent(service, 4)
        service.stop()
        self.assertEqual([(key, value) for partition in bus.read(BOOTSTRAP, service.prefix + "orders", PARTITIONS)
                          for _, key, value in partition], [(b"o1", b"anna")])

    def test_after_its_time_it_is_dead_lettered_by_the_name_of_its_order(self):
        topic = unique("never")
        create(topic)
        bus.produce(BOOTSTRAP, topic, [(b"o9", event(1, "refund", None, order_id="o9"), 0)])
        service = self.serve({"topic": topic, "mapping": "cloudevents"}, run=["ingest"], wait="1s")
        service.start()
        deadline = time.monotonic() + live.DEADLINE_S
        while not (dead := service.out("deadletters") if "ingest.started" in service.log.read_text() else []):
            self.assertIsNone(service.child.poll(), service.tail())
            self.assertLess(time.monotonic(), deadline, service.tail())
        service.stop()
        self.assertEqual([(row["reason"], row["source"]) for row in dead], [("unknown_order", f"{topic}[0]@0")])
        self.assertIn("order o9", dead[0]["detail"])


class Refusals(Ingested):
    def assert_refused(self, service, *words):
        done = live.fealty("run", "--config", service.file)
        self.assertEqual(done.returncode, 2, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_an_input_topic_that_is_missing_is_named(self):
        self.assert_refused(self.serve({"topic": "no-such-input", "mapping": "flat"}), "no-such-input", "--create")

    def test_so_is_a_topic_that_belongs_to_two_patterns(self):
        topic = unique("twice")
        create(topic)
        service = self.serve({"pattern": topic[:-1] + ".", "mapping": "flat"}, {"pattern": topic + "?", "mapping": "ga4"})
        self.assert_refused(service, topic, "two of them")


if __name__ == "__main__":
    unittest.main()
