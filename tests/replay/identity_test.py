#!/usr/bin/env python3
"""Who an event, an order or a notice is: compared in full, whatever else looks alike, and for ever."""
import json
import random
import unittest

import harness

FLAT = {"format": "flat"}


def written(events):
    path = harness.folder() / "log.ndjson"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def event(kind, name, day, **data):
    return {"type": kind, "id": name, "member": "m", "time": f"2025-01-{day:02d}T00:00:00Z"} | data


class Notices(unittest.TestCase):
    def ids(self, events):
        told = harness.replayed(self, written(events), **FLAT).rows("notices.ndjson")
        told = [notice for notice in told if notice["type"].startswith("points.")]
        self.assertEqual(len({notice["id"] for notice in told}), len(told))
        return [(notice["data"]["cause"], notice["data"]["cause_source"], notice["data"]["cause_type"]) for notice in told]

    def test_events_of_one_id_from_two_sources_make_notices_of_their_own(self):
        self.assertEqual(self.ids([
            event("purchase", "1", 1, order_id="oA", total=100, source="shop"),
            event("purchase", "1", 2, order_id="oB", total=50, source="pos"),
            event("refund", "2", 3, order_id="oA", amount=10, source="shop"),
            event("refund", "2", 4, order_id="oB", amount=10, source="pos")]),
            [("1", "shop", "purchase"), ("1", "pos", "purchase"), ("2", "shop", "refund"), ("2", "pos", "refund")])

    def test_a_refund_and_a_cancel_of_one_order_make_notices_of_their_own(self):
        causes = self.ids([event("purchase", "o1", 1, order_id="o1", total=100),
                           event("refund", "o1", 2, order_id="o1", refund_id="o1", amount=40),
                           event("cancel", "o1", 3, order_id="o1")])
        self.assertEqual([kind for _, _, kind in causes], ["purchase", "refund", "cancel"])

    def test_the_ledger_names_the_same_cause(self):
        run = harness.replayed(self, written([event("purchase", "1", 1, order_id="oA", total=100, source="shop")]), **FLAT)
        entry = run.rows("ledger.ndjson")[0]
        self.assertEqual((entry["cause"], entry["cause_source"], entry["cause_type"]), ("1", "shop", "purchase"))


class Deliveries(unittest.TestCase):
    def test_a_refund_and_a_purchase_named_after_the_order_end_the_same_in_either_order(self):
        told = [event("purchase", "o1", 1, order_id="o1", total=100), event("refund", "o1", 2, order_id="o1", amount=40)]
        for events in (told, told[::-1]):
            run = harness.replayed(self, written(events), **FLAT)
            self.assertEqual(run.rows("members.ndjson")[0]["balance"], 60)
            self.assertEqual(run.rows("deadletters.ndjson"), [])

    def test_a_guest_with_thousands_of_orders_is_known_by_the_rows_of_the_store(self):
        """One member with all the orders, others between that push it out of memory, everything told twice, and
        refunds of orders old and new: the same bytes with all in memory, and with next to nothing."""
        dice = random.Random(3)
        events = []
        for number in range(6000):
            day = 1 + number // 250
            events.append(event("purchase", f"e{number}", day, order_id=f"guest-order-{number}", total=number % 50))
            if number % 5 == 0:
                order = dice.randrange(number + 3)
                events.append(event("refund", f"r{number}", day, order_id=f"guest-order-{order}", amount=1))
            if number % 3 == 0:
                events.append(event("view", f"v{number}", day, sku="s") | {"member": f"other-{number % 2000}"})
            if number % 4 == 0:
                events.append(events[dice.randrange(len(events))])
        log = written(events)
        whole = harness.replayed(self, log, **FLAT)
        self.assertGreater(whole.report()["duplicates"], 1000)
        small = harness.replayed(self, log, state=harness.folder() / "state", memory_bytes=100_000, batch=64,
                                 checkpoint_distance=500, **FLAT)
        self.assertEqual(small.sha256(), whole.sha256())


if __name__ == "__main__":
    unittest.main()
