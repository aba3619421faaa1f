#!/usr/bin/env python3
"""Members asked of a running process over its socket, on a real broker: what is committed, and what was written before.

Uses the broker in $FEALTY_BROKER_DIR; by hand: tests/broker/broker.sh run -- tests/integration/reads_test.py
"""
import json
import os
import signal
import socket
import time
import unittest
import uuid

import bus
import live_test as live

PARTITIONS = 4
MEMBERS = 400


def purchase(number, member, total="100.00"):
    return json.dumps({"specversion": "1.0", "id": f"e{number}", "source": "/shop", "type": "purchase", "subject": member,
                       "time": "2026-01-05T10:00:00Z", "data": {"order_id": f"o{number}", "currency": "USD",
                                                                "total": total}}).encode()


class Asked(unittest.TestCase):
    def setUp(self):
        self.topic = "reads-" + uuid.uuid4().hex[:8]
        live.create(self.topic, PARTITIONS)
        self.socket = live.folder() / "reads.sock"
        # Nothing is saved before the stop: what readers are shown is in memory alone.
        self.service = live.Service(self, self.topic, live.PROGRAMS / "default.yaml", partitions=PARTITIONS, workers=2,
                                    commit={"interval_ms": 20}, reads={"socket": str(self.socket)})
        self.records = 0

    def produce(self, records):
        bus.produce(live.BOOTSTRAP, self.topic, ((member, value, bus.ANY_PARTITION) for member, value in records))
        self.records += len(records)

    def ask(self, what, member, *words, code=0):
        done = live.fealty(what, "--socket", self.socket, "--json", *words, member)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def ask_all(self, members):
        """The answers on one connection, by what the socket itself speaks."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(live.DEADLINE_S)
            connection.connect(str(self.socket))
            stream, found = connection.makefile("rwb"), {}
            for member in members:
                stream.write(json.dumps({"read": "member", "id": member}).encode() + b"\n")
                stream.flush()
                head = json.loads(stream.readline())
                self.assertEqual(head["lines"], 1, head)
                found[member] = json.loads(stream.readline())
            return found

    def test_two_workers_answer_what_the_state_says_once_they_are_stopped(self):
        names = [f"m{i}" for i in range(MEMBERS)]
        self.produce([(name.encode(), purchase(i, name)) for i, name in enumerate(names * 3)])
        self.service.start()
        self.service.await_committed(self.records)
        self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o600)

        # Not saved yet, and committed: the files say what they cannot know, the workers know.
        by_files = live.fealty("member", "--state", self.service.state, "m7")
        self.assertEqual(by_files.returncode, 1)
        self.assertIn("--socket", by_files.stderr)
        asked = self.ask_all(names)
        one, ledger = self.ask("member", "m7"), self.ask("explain", "m7")
        self.assertIn("(committed)", one.stderr)
        self.assertEqual(json.loads(one.stdout), asked["m7"])
        self.assertEqual(len(ledger.stdout.splitlines()), 3)
        table = live.fealty("explain", "--socket", self.socket, "m7")
        nobody = self.ask("member", "nobody", code=1)
        self.assertIn("no member 'nobody' as of partition", nobody.stderr)
        self.assertIn("nobody", self.ask("explain", "nobody", code=1).stderr)

        # A second process at the same socket is refused before it takes anything over.
        other = live.Service(self, self.topic, self.service.program, partitions=PARTITIONS,
                             reads={"socket": str(self.socket)})
        refused = live.fealty("run", "--config", other.file)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("another process listens there", refused.stderr)

        self.service.stop()
        self.assertFalse(self.socket.exists())
        self.assertIn("there is no such socket", self.ask("member", "m7", code=1).stderr)
        by_state = {row["member"]: row for row in live.rows(self.service.members())}
        live.assert_same(self, asked, by_state, "asked of the workers and of the state")
        words = ("--state", self.service.state, "m7")
        self.assertEqual(live.fealty("explain", "--json", *words).stdout, ledger.stdout)
        self.assertEqual(live.fealty("explain", *words).stdout, table.stdout)
        self.assertEqual(live.fealty("member", "--json", *words).stdout, one.stdout)
        self.assertIn("no member 'nobody' in this state: check", live.fealty("member", *words[:2], "nobody").stderr)

    def test_what_was_written_before_is_seen_and_what_a_kill_takes_is_not(self):
        self.service.start()
        self.service.await_log("partition.opened", PARTITIONS)
        for turn in range(1, 6):
            self.produce([(b"anna", purchase(turn, "anna"))])
            partition, position = next((p, len(records)) for p, records in
                                       enumerate(bus.read(live.BOOTSTRAP, self.topic, PARTITIONS)) if records)
            # The reader names his event: it is in the answer, without waiting for the group's offset.
            done = self.ask("member", "anna", "--at-least", f"{partition}:{position}")
            self.assertEqual(json.loads(done.stdout)["purchases"], turn)
            self.assertGreaterEqual(self.service.group.committed(), turn)
        # What is still to come is waited for, and no longer than asked.
        late = self.ask("member", "anna", "--at-least", f"{partition}:{position + 1}", "--timeout", "0.3", code=1)
        self.assertIn(f"partition {partition} stands at input position {position}", late.stderr)
        elsewhere = self.ask("member", "anna", "--at-least", "77:1", code=1)
        self.assertIn("partition 77", elsewhere.stderr)

        # Killed, it leaves its socket behind; the next one takes its place and knows all of it.
        self.service.kill()
        self.assertIn("nobody listens there", self.ask("member", "anna", code=1).stderr)
        self.service.start()
        deadline = time.monotonic() + live.DEADLINE_S
        while (done := live.fealty("member", "--socket", self.socket, "--json", "anna")).returncode != 0:
            # Until it listens and has its partitions; never that there is no such member.
            self.assertNotIn("no member", done.stderr)
            self.assertLess(time.monotonic(), deadline, done.stderr)
        self.assertEqual(json.loads(done.stdout)["purchases"], 5)
        self.service.stop()

    def test_reads_beside_a_load_never_turn_back(self):
        self.service.start()
        self.service.await_log("partition.opened", PARTITIONS)
        names, seen = [f"m{i}" for i in range(20)], {}
        for turn in range(20):
            self.produce([(name.encode(), purchase(turn * 20 + i, name)) for i, name in enumerate(names)])
            known = seen and self.ask_all(seen) or {}
            for name, row in known.items():
                self.assertGreaterEqual(row["purchases"], seen[name], name)
                self.assertLessEqual(row["purchases"], turn + 1)
                seen[name] = row["purchases"]
            if not seen:
                self.service.await_committed(self.records)
                seen = dict.fromkeys(names, 1)
        # Whatever the group has committed is in what is asked for afterwards.
        self.service.await_committed(self.records)
        self.assertEqual({row["purchases"] for row in self.ask_all(names).values()}, {20})
        # A process that stands still: the reader is told, in time.
        self.service.child.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        done = live.fealty("member", "--socket", self.socket, "--timeout", "0.5", "m1")
        self.service.child.send_signal(signal.SIGCONT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no answer", done.stderr)
        self.assertLess(time.monotonic() - began, 20)
        self.service.stop()


if __name__ == "__main__":
    unittest.main()
