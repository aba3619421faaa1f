#!/usr/bin/env python3
"""What the chaos run itself must get right: a seed is a schedule, and no loss, double or change goes unseen."""
import unittest
from itertools import islice

from schedule import KINDS, ON_BROKER, ON_INSTANCE, schedules
from verdict import Verdict, judge, witness

LINES = [b"a", b"b", b"c", b"a"]


def compared(seen):
    verdict = Verdict()
    verdict.compare("ledger[0]", seen, LINES)
    return verdict.lost, verdict.doubled, verdict.strange, verdict.disordered, len(verdict.first)


class Lines(unittest.TestCase):
    def test_the_same_is_no_finding(self):
        self.assertEqual(compared(list(LINES)), (0, 0, 0, 0, 0))

    def test_each_kind_of_difference_is_counted_as_what_it_is(self):
        self.assertEqual(compared([b"a", b"b", b"c"]), (1, 0, 0, 0, 1))
        self.assertEqual(compared([b"a", b"b", b"b", b"c", b"a"]), (0, 1, 0, 0, 1))
        self.assertEqual(compared([b"a", b"b", b"x", b"a"]), (1, 0, 1, 0, 1))
        self.assertEqual(compared([b"b", b"a", b"c", b"a"]), (0, 0, 0, 1, 1))
        self.assertEqual(compared([]), (4, 0, 0, 0, 1))

    def test_the_first_difference_is_told(self):
        verdict = Verdict()
        verdict.compare("notices[3]", [b"a", b"x"], [b"a", b"b"])
        self.assertIn("notices[3]: 2 lines, 2 expected, the first difference is line 1", verdict.first[0])

    def test_dead_letters_may_lie_in_any_partition_but_none_may_lack(self):
        dead = [b'{"reason": "r", "position": 1}', b'{"reason": "r", "position": 2, "source": "one"}']
        replay = lambda partition, values: {"ledger": [], "notices": [], "deadletters": [dead[partition]]}  # noqa: E731
        empty = [[], []]
        outputs = {"ledger": empty, "notices": empty, "deadletters": [[], [dead[1], dead[0]]]}
        self.assertEqual(judge([[], []], outputs, replay).first, [])
        outputs["deadletters"] = [[], [dead[1]]]
        self.assertEqual(judge([[], []], outputs, replay).lost, 1)


class Witness(unittest.TestCase):
    def test_what_a_reader_saw_must_be_there_and_all_that_is_there_must_have_been_seen(self):
        there = {"t": [[(0, b"a"), (2, b"b")]]}
        self.assertEqual(witness({"t": [[(0, b"a"), (2, b"b")]]}, there), [])
        for seen in ([(0, b"a")], [(0, b"a"), (1, b"gone"), (2, b"b")], [(0, b"a"), (2, b"b"), (2, b"b")]):
            self.assertEqual(len(witness({"t": [seen]}, there)), 1)


class Schedule(unittest.TestCase):
    def first(self, seed, count=40):
        return [list(islice(one, count)) for one in schedules(seed, list(KINDS), (0.5, 3))]

    def test_a_seed_is_a_schedule(self):
        self.assertEqual(self.first(1), self.first(1))
        self.assertNotEqual(self.first(1), self.first(2))

    def test_each_round_has_each_kind_once_and_adds_before_it_removes(self):
        on_instances, on_brokers = self.first(3)
        for planned, kinds in ((on_instances, ON_INSTANCE), (on_brokers, ON_BROKER)):
            for at in range(0, len(planned) - len(kinds), len(kinds)):
                self.assertEqual({one.kind for one in planned[at:at + len(kinds)]}, set(kinds))
        scaled = [one.kind for one in on_instances if one.kind in ("add", "remove")]
        self.assertEqual(scaled[:6], ["add", "remove"] * 3)


if __name__ == "__main__":
    unittest.main()
