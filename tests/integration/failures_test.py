#!/usr/bin/env python3
"""`fealty run` where something around it fails: each failure ends in its message and exit code within its time, or is
waited for, and nothing is lost or doubled then.

Has a broker of its own, which it cuts off. By hand: FEALTY_BUILD_DIR=... tests/integration/failures_test.py
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
_broker = tempfile.mkdtemp(prefix="fealty-failures-")


def broker(*words, check=True):
    return subprocess.run([ROOT / "tests/broker/broker.sh", *words, "--dir", _broker + "/broker"], check=check,
                          stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=120)


broker("start", "--sasl", "anna:secret", "--proxied", "--watch", str(os.getpid()))
os.environ["FEALTY_BROKER_DIR"] = _broker + "/broker"

import faults  # noqa: E402: both ask for the broker
import live_test  # noqa: E402
from live_test import BOOTSTRAP, BROKER_DIR, PARTITIONS, PROGRAMS, bus, create, purchase  # noqa: E402

USER = "anna"
WAY = faults.Proxy(*map(int, (BROKER_DIR / "proxied").read_text().split()))


def tearDownModule():
    WAY.close()
    broker("stop")
    shutil.rmtree(_broker, ignore_errors=True)


class Service(live_test.Service):
    """One that may reach the broker by the proxy, or as a user whose rights are taken away."""

    def __init__(self, test, records=20, **kafka):
        topic = "in-" + uuid.uuid4().hex[:8]
        create(topic)
        self.bought = 0
        super().__init__(test, topic, PROGRAMS / "default.yaml", commit={"interval_ms": 50})
        self.health = self.file.with_name("health")
        self.set("health_file", str(self.health))
        self.set("kafka", {"transaction_timeout_ms": 10000, **kafka})
        self.buy(records)

    def set(self, key, value):
        settings = json.loads(self.file.read_text())
        if isinstance(value, dict):
            value = settings.get(key, {}) | value
        self.file.write_text(json.dumps(settings | {key: value}))

    def buy(self, records):
        first, self.bought = self.bought, self.bought + records
        bus.produce(BOOTSTRAP, self.topic, ((f"m{i % 7}".encode(), purchase(i, f"m{i % 7}", "2025-03-01"),
                                             bus.ANY_PARTITION) for i in range(first, self.bought)))

    def await_all(self):
        self.await_committed(self.bought)

    def ends(self, code, within_s, *words):
        """Within its time, with its code, and a last line that says these words."""
        begun = time.monotonic()
        try:
            found = self.child.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self.test.fail(f"it did not end within {within_s} s:\n{self.tail()}")
        took, last = time.monotonic() - begun, self.log.read_text(errors="replace").splitlines()[-1]
        print(f"{self.test.id().split('.')[-1]} | {last[:160]} | {found} | {took:.1f} s", flush=True)
        self.test.assertEqual(found, code, self.tail())
        for word in words:
            self.test.assertIn(word, last)

    def assert_exactly_once(self):
        entries = [(row["member"], row["seq"]) for row in self.out("ledger")]
        self.test.assertEqual(len(entries), self.bought)
        self.test.assertEqual(len(set(entries)), self.bought)


def secured(test, **more):
    service = Service(test, brokers=(BROKER_DIR / "bootstrap.sasl").read_text().strip(),
                      security={"protocol": "sasl_plaintext", "mechanism": "PLAIN", "username": USER}, **more)
    os.environ["FEALTY_KAFKA__SECURITY__PASSWORD"] = "secret"
    return service


def proxied(test, **more):
    return Service(test, brokers=WAY.bootstrap, **more)


def deny_id(transactional_id):
    """Not by librdkafka 2.0, whose rights know no such thing."""
    subprocess.run([ROOT / "tests/broker/broker.sh", "acls", "--dir", BROKER_DIR, "--add", "--force", "--deny-principal",
                    "User:" + USER, "--operation", "Write", "--transactional-id", transactional_id], check=True,
                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=120)


class Fenced(unittest.TestCase):
    def fence(self, wait):
        service = Service(self)
        service.start()
        wait(service)
        second = Service.__new__(Service)
        second.__dict__ |= service.__dict__
        second.file = service.file.with_suffix(".2")
        second.state = pathlib.Path(str(service.state) + "2")
        second.file.write_text(service.file.read_text())
        second.log, second.child = service.log.with_suffix(".2.log"), None
        second.set("state", {"dir": str(second.state)})
        self.addCleanup(lambda: second.child.poll() is None and second.child.kill())
        second.start()
        service.ends(5, 25, "fenced", "another process runs with the same transactional id")
        second.await_all()
        second.stop()

    def test_by_a_second_process_while_it_works(self):
        self.fence(lambda service: service.await_all())

    def test_by_a_second_process_while_it_starts(self):
        self.fence(lambda service: service.await_log("event=run.started"))

    def test_by_a_second_process_while_it_gets_its_partitions(self):
        self.fence(lambda service: service.await_log("event=kafka.assigned"))


class Rights(unittest.TestCase):
    def test_none_to_the_transactional_id(self):
        service = secured(self)
        deny_id(f"{service.prefix[:-1]}-{socket.gethostname()}-0")
        service.start()
        service.ends(2, 20, "broker_refused", "Transactional Id authorization failed")

    def test_none_to_the_transactional_id_any_more(self):
        service = secured(self)
        service.start()
        service.await_all()
        deny_id(f"{service.prefix[:-1]}-{socket.gethostname()}-0")
        service.buy(5)
        service.ends(2, 30, "broker_refused", "uthorization failed")

    def refused_while_running(self, kind, name_of, operation, *words):
        service = secured(self)
        service.start()
        service.await_all()
        faults.deny(BOOTSTRAP, USER, kind, name_of(service), operation)
        service.buy(5)
        service.ends(2, 60, "broker_refused", *words)

    def test_none_to_the_group_any_more(self):
        self.refused_while_running(faults.GROUP, lambda s: s.prefix[:-1], faults.READ, "Group authorization failed")

    def test_none_to_an_output_topic_any_more(self):
        self.refused_while_running(faults.TOPIC, lambda s: s.prefix + "ledger", faults.WRITE,
                                   "Topic authorization failed")

    def test_none_to_the_input_topic_any_more(self):
        self.refused_while_running(faults.TOPIC, lambda s: s.topic, faults.READ, "Topic authorization failed")

    def test_none_to_read_the_changelog_back(self):
        service = secured(self)
        service.start()
        service.await_all()
        service.stop()
        faults.deny(BOOTSTRAP, USER, faults.TOPIC, service.prefix + "changelog", faults.READ)
        shutil.rmtree(service.state)
        service.start()
        service.ends(2, 30, "broker_refused", "changelog", "Topic authorization failed")


class Topics(unittest.TestCase):
    def test_an_output_topic_that_is_deleted(self):
        service = Service(self)
        service.set("commit", {"aborts_max": 5})
        service.start()
        service.await_all()
        faults.delete_topic(BOOTSTRAP, service.prefix + "ledger")
        service.buy(5)
        service.ends(1, 150, "commits in a row were aborted", service.prefix + "ledger")
        self.assertLessEqual(service.log.read_text().count("event=run.restarted"), 5)

    def test_the_input_topic_is_deleted(self):
        service = Service(self)
        service.start()
        service.await_all()
        faults.delete_topic(BOOTSTRAP, service.topic)
        service.ends(2, 60, "broker_refused", service.topic)


class Away(unittest.TestCase):
    def tearDown(self):
        WAY.mend()

    def cut_off_in_a_commit(self, **kafka):
        service = proxied(self, **kafka)
        service.set("commit", {"events_max": 20})  # there is always one under way
        service.buy(10_000)
        service.start()
        service.await_committed(1)
        WAY.cut()
        service.await_log("event=kafka.commit_unknown")
        return service

    def test_a_broker_that_is_away_is_waited_for_with_health_red_and_nothing_is_lost(self):
        service = proxied(self)
        service.start()
        service.await_all()
        WAY.cut()
        service.buy(20)
        # Red: the file is touched no more.
        deadline = time.monotonic() + 60
        while time.time() - service.health.stat().st_mtime < 5:
            self.assertLess(time.monotonic(), deadline, service.tail())
            self.assertIsNone(service.child.poll(), service.tail())
            time.sleep(0.2)
        WAY.mend()
        service.await_all()
        service.stop()
        service.assert_exactly_once()

    def test_it_is_waited_for_in_the_middle_of_a_commit(self):
        service = self.cut_off_in_a_commit()
        WAY.mend()
        service.await_all()
        service.stop()
        service.assert_exactly_once()

    def test_no_longer_than_the_setting_says(self):
        service = self.cut_off_in_a_commit(wait_for_broker_s=5)
        service.ends(3, 60, "broker_unreachable", "check kafka.brokers")

    def test_a_stop_meanwhile_is_not_kept_waiting(self):
        service = self.cut_off_in_a_commit()
        service.child.send_signal(signal.SIGTERM)
        service.ends(3, 45, "broker_unreachable")

    def test_a_second_signal_ends_it_at_once(self):
        service = self.cut_off_in_a_commit()
        deadline = time.monotonic() + 5
        while service.child.poll() is None:  # two that come at once count as one
            self.assertLess(time.monotonic(), deadline)
            service.child.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        self.assertEqual(service.child.returncode, -signal.SIGTERM)

    def test_a_start_with_nobody_there_ends_and_by_setting_waits(self):
        service = proxied(self)
        WAY.cut()
        service.start()
        service.ends(3, 40, "broker_unreachable", "check kafka.brokers")
        service.set("kafka", {"wait_at_start": True})
        service.start()
        service.await_log("event=run.waiting")
        WAY.mend()
        service.await_all()
        service.stop()
        service.assert_exactly_once()


class Disk(unittest.TestCase):
    def test_a_state_directory_that_goes_away_while_it_runs(self):
        service = Service(self)
        service.start()
        service.await_all()
        shutil.rmtree(service.state)
        service.buy(5)
        service.child.send_signal(signal.SIGTERM)
        self.assertIn(service.child.wait(timeout=30), (0, 1), service.tail())


if __name__ == "__main__":
    unittest.main()
