#!/usr/bin/env python3
"""Levels that follow from dated amounts: small logs whose events come late, and what is announced of them."""
import json
import unittest

import harness

LEVELS = """
program: {{id: t, version: 1, currency: USD}}
earn:
  rules:
    - {{name: base, event: purchase, field: total, linear: {{beta: 1}}}}
levels:
  metric: money
  period: {period}
  grace_days: {grace}
  list:
    - {{name: b, from: 0}}
    - {{name: g, from: 100, multiplier: 2}}
churn: {{enabled: {churn}}}
"""
YEAR = LEVELS.format(period="calendar_year", grace=0, churn="false")
MONTH = LEVELS.format(period="{rolling_days: 30}", grace=30, churn="false")
RISKY = LEVELS.format(period="lifetime", grace=0, churn="true")


def purchase(name, member, day, total=100):
    return {"type": "purchase", "id": name, "member": member, "time": f"{day}T00:00:00Z", "order_id": f"order-{name}",
            "total": total}


def login(name, member, day, clock="00:00:00"):
    return {"type": "login", "id": name, "member": member, "time": f"{day}T{clock}Z"}


class LateEvents(unittest.TestCase):
    def outcome(self, program, *events, **options):
        folder = harness.folder()
        (folder / "program.yaml").write_text(program)
        (folder / "log.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
        return harness.replayed(self, folder / "log.ndjson", program=folder / "program.yaml", format="flat", **options)

    def notices(self, outcome, kind="tier."):
        return [row for row in outcome.rows("notices.ndjson") if row["type"].startswith(kind)]

    def levels(self, outcome):
        return {row["member"]: (row["level"], row["level_since"]) for row in outcome.rows("members.ndjson")}

    def test_late_logins_that_change_nothing_announce_nothing(self):
        outcome = self.outcome(YEAR, purchase("1", "m", "2023-05-01"), login("2", "z", "2024-04-30"),
                               login("3", "z", "2025-01-04"), login("4", "m", "2024-12-30"), login("5", "m", "2024-12-31"),
                               login("6", "m", "2024-12-31", "00:00:01"))
        self.assertEqual([(row["type"], row["time"]) for row in self.notices(outcome)],
                         [("tier.upgraded", "2023-05-01T00:00:00Z"), ("tier.downgraded", "2025-01-01T00:00:00Z")])
        self.assertEqual(self.levels(outcome)["m"], ("b", "2025-01-01"))

    def test_the_level_is_the_same_in_order_and_late(self):
        bought, before, after = purchase("5", "m", "2025-01-01"), login("6", "m", "2025-02-15"), login("7", "m", "2025-02-16")
        in_order, late = self.outcome(MONTH, bought, before, after), self.outcome(MONTH, before, bought, after)
        self.assertEqual(self.levels(in_order)["m"], ("g", "2025-01-01"))
        self.assertEqual(self.levels(late), self.levels(in_order))

    def test_a_correction_names_the_notice_that_it_corrects(self):
        outcome = self.outcome(MONTH, purchase("1", "m", "2025-01-01"), login("2", "z", "2025-03-20"), login("3", "z", "2025-03-21"),
                               purchase("4", "m", "2025-02-20"))
        up, down, corrected = self.notices(outcome)
        self.assertEqual([row["type"] for row in (up, down, corrected)],
                         ["tier.upgraded", "tier.downgraded", "tier.corrected"])
        self.assertEqual(corrected["data"]["details"]["corrects"], down["id"])
        self.assertEqual(corrected["data"]["details"]["reason"], "late_event")
        self.assertEqual(self.levels(outcome)["m"], ("g", "2025-01-01"))

    def test_late_logins_leave_the_churn_risk_alone_and_a_late_purchase_corrects_it(self):
        log = [purchase("1", "m", "2024-01-01"), purchase("2", "m", "2024-01-15"), purchase("3", "m", "2024-01-29"),
               login("4", "z", "2025-01-01"), login("5", "z", "2025-01-02"), login("6", "m", "2024-02-10")]
        raised = self.notices(self.outcome(RISKY, *log), "churn.")
        self.assertEqual([row["type"] for row in raised], ["churn.risk.raised"])
        cleared = self.notices(self.outcome(RISKY, *log, purchase("7", "m", raised[0]["time"][:10])), "churn.")
        self.assertEqual([row["type"] for row in cleared], ["churn.risk.raised", "churn.risk.cleared"])
        self.assertNotIn("reason", cleared[1]["data"]["details"])
        late = self.notices(self.outcome(RISKY, *log, purchase("7", "m", "2024-03-01")), "churn.")
        self.assertEqual([row["type"] for row in late], ["churn.risk.raised", "churn.risk.cleared", "churn.risk.raised"])
        self.assertEqual(late[1]["data"]["details"]["corrects"], raised[0]["id"])

    def test_muting_changes_what_is_sent_and_no_state(self):
        log = [purchase("1", "m", "2025-01-01"), login("2", "z", "2025-03-20"), login("3", "z", "2025-03-21"),
               purchase("4", "m", "2025-02-20")]
        loud = self.outcome(MONTH, *log)
        muted = self.outcome(MONTH + "notices: {mute: [tier.downgraded, points.earned]}\n", *log)
        for name in ("members.ndjson", "ledger.ndjson"):
            self.assertEqual(muted.bytes(name), loud.bytes(name))
        kept = [row for row in loud.rows("notices.ndjson") if row["type"] not in ("tier.downgraded", "points.earned")]
        self.assertEqual(muted.rows("notices.ndjson"), kept)

    def test_a_state_stays_open_to_a_program_that_only_mutes_something_else(self):
        state = harness.folder() / "state"
        self.outcome(MONTH, purchase("1", "m", "2025-01-01"), state=state)
        folder = harness.folder()
        (folder / "program.yaml").write_text(MONTH + "notices: {mute: [points.earned]}\n")
        done = harness.fealty("member", "--state", state, "--program", folder / "program.yaml", "--json", "m")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["level"], "g")


if __name__ == "__main__":
    unittest.main()
