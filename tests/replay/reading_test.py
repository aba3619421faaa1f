#!/usr/bin/env python3
"""Records as buses really send them: what is odd in one costs no more than it must, and is counted."""
import json
import unittest

import harness


def track(number, event, **properties):
    return json.dumps({"messageId": f"m-{number}", "type": "track", "userId": "ann", "event": event,
                       "timestamp": f"2026-01-01T00:00:{number:02}Z", "properties": properties}) + "\n"


def order(number, **properties):
    return track(number, "Order Completed", **({"order_id": f"o-{number}", "total": 10, "currency": "USD"} | properties))


FIRST = (order(1) + order(2, tax="none", products="many") + track(3, "Product Viewed", sku="s", products=["a", 1], total=[])
         + track(4, "Never Heard Of", products=7, total={}))
ODD = order(5, tax=[], products=[{"sku": "a", "price": 1}, {"sku": ["b"]}, "c", {"sku": "d", "category": ["x"]}])
MORE = ODD + order(6, total=True) + ODD  # the last one is a duplicate, which counts nothing


class OddFields(unittest.TestCase):
    def test_are_counted_by_path_over_all_processes_that_worked_on_a_run(self):
        for more in ({}, {"state": True}):
            here = harness.folder()
            log = here / "log.ndjson"
            words = harness.replay_words(log, out=here / "out", format="segment",
                                         **({"state": here / "state"} if more else {}))
            log.write_text(FIRST)
            done = harness.fealty(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("event=mapping.odd_field path=properties.tax", done.stderr)
            self.assertIn(f"first_at={log}:2", done.stderr)
            report = harness.Outcome(here / "out").report()
            self.assertEqual(report["odd_fields"], {"properties.products": 1, "properties.tax": 1})
            self.assertEqual((report["applied"], report["skipped"], report["deadlettered"]), (3, 1, 0))

            log.write_text(FIRST + MORE)
            done = harness.fealty(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
            report = harness.Outcome(here / "out").report()
            self.assertEqual(report["odd_fields"], {"properties.products": 1, "properties.products[]": 1, "properties.tax": 2,
                                                    "properties.products[].category": 1, "properties.products[].sku": 1})
            self.assertEqual((report["applied"], report["duplicates"], report["deadlettered"]), (4, 1, 1))
            again = harness.fealty(*words)
            self.assertIn("nothing was left to do", again.stderr + again.stdout)
            self.assertEqual(harness.Outcome(here / "out").report(), report)

    def test_a_report_without_any_has_no_word_of_it(self):
        log = harness.folder() / "log.ndjson"
        log.write_text(order(1))
        self.assertNotIn("odd_fields", harness.replayed(self, log, format="segment").report())

    def test_any_number_of_workers_counts_the_same(self):
        log = harness.folder() / "log.ndjson"
        log.write_text("".join(order(n % 60, order_id=f"o-{n}", tax="x" if n % 3 else 1).replace(f'"m-{n % 60}"', f'"m-{n}"')
                               for n in range(6_000)))
        counts = [harness.replayed(self, log, format="segment", workers=workers).report()["odd_fields"] for workers in (1, 2, 6)]
        self.assertEqual(counts, [{"properties.tax": 4_000}] * 3)


if __name__ == "__main__":
    unittest.main()
