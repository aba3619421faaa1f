#!/usr/bin/env python3
"""The CDNOW master log, real purchases of 1997 and 1998, against figures computed here from the file itself."""
import decimal
import json
import os
import pathlib
import unittest

import harness

DATA = pathlib.Path(os.environ.get("FEALTY_TESTDATA") or harness.ROOT / "build" / "testdata") / "CDNOW_master.txt"
CDNOW = {"program": harness.ROOT / "config" / "programs" / "cdnow.yaml", "format": "cdnow"}


class Cdnow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not DATA.exists():
            raise AssertionError(f"no data in {DATA}: run tests/data/fetch_cdnow.sh, or set FEALTY_TESTDATA")
        cls.points, cls.revenue, cls.purchases = {}, {}, {}
        for line in DATA.read_text().splitlines()[1:]:
            member, _, _, dollars = line.split()
            amount = decimal.Decimal(dollars)
            cls.points[member] = cls.points.get(member, 0) + int(amount)
            cls.revenue[member] = cls.revenue.get(member, 0) + amount
            cls.purchases[member] = cls.purchases.get(member, 0) + 1
        cls.outcome = harness.replayed(None, DATA, **CDNOW)
        cls.members = {row["member"]: row for row in cls.outcome.rows("members.ndjson")}

    def test_every_purchase_is_applied_and_none_is_refused(self):
        report = self.outcome.report()
        self.assertEqual({name: report[name] for name in ("events", "applied", "duplicates", "skipped",
                                                          "deadlettered", "points_issued")},
                         {"events": 69_659, "applied": 69_659, "duplicates": 0, "skipped": 0, "deadlettered": 0,
                          "points_issued": 2_453_159})
        self.assertEqual(self.outcome.bytes("deadletters.ndjson"), b"")
        self.assertEqual((report["first_event"], report["last_event"]),
                         ("1997-01-01T00:00:00Z", "1998-06-30T00:00:00Z"))

    def test_each_member_has_one_point_for_each_whole_dollar_of_each_order(self):
        self.assertEqual(len(self.members), 23_570)
        self.assertEqual({id: row["balance"] for id, row in self.members.items()}, self.points)
        self.assertEqual({id: row["lifetime_points"] for id, row in self.members.items()}, self.points)
        self.assertEqual({id: row["purchases"] for id, row in self.members.items()}, self.purchases)

    def test_the_ledger_holds_one_entry_an_order_and_sums_up(self):
        ledger, sums = self.outcome.rows("ledger.ndjson"), {}
        for row in ledger:
            sums[row["member"]] = sums.get(row["member"], 0) + row["points"]
        self.assertEqual(sum(sums.values()), 2_453_159)
        self.assertEqual(sums, {member: points for member, points in self.points.items() if member in sums})
        self.assertEqual([m for m in self.points if m not in sums and self.points[m] != 0], [])

    def test_revenue_is_exact_to_the_cent(self):
        exact = {}
        for line in self.outcome.bytes("members.ndjson").decode().splitlines():
            row = json.loads(line, parse_float=decimal.Decimal)
            exact[row["member"]] = decimal.Decimal(row["revenue"])
        self.assertEqual(exact, self.revenue)
        self.assertEqual(sum(exact.values()), decimal.Decimal("2500315.63"))

    # A member may fall two levels by timers of one day (late events in between): same id, another content.
    def test_no_two_notices_have_one_id(self):
        ids = [row["id"] for row in self.outcome.rows("notices.ndjson")]
        self.assertEqual(len(ids) - len(set(ids)), 0)

    def test_the_number_of_partitions_changes_nothing(self):
        spread = harness.replayed(self, DATA, partitions=5, batch=777, **CDNOW)
        self.assertEqual(spread.by_member_sha256(), self.outcome.by_member_sha256())


if __name__ == "__main__":
    unittest.main()
