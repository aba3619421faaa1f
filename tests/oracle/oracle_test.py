#!/usr/bin/env python3
"""Whole histories, told to the program and to the oracle: they agree on every balance, level and ledger entry.

FEALTY_LONG=1 runs many more seeds; FEALTY_SEED=N only that one. What differs is kept under build/oracle/.
"""
import datetime
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest
from collections import Counter

import yaml

import adversary
import oracle

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ["FEALTY_BUILD_DIR"])
BINARY = BUILD / "fealty"
DEFAULT = ROOT / "config" / "programs" / "default.yaml"
PROGRAMS = sorted((HERE / "programs").glob("*.yaml"))
CDNOW = pathlib.Path(os.environ.get("FEALTY_TESTDATA") or ROOT / "build" / "testdata") / "CDNOW_master.txt"
LONG = os.environ.get("FEALTY_LONG", "") not in ("", "0")
ONLY = os.environ.get("FEALTY_SEED")

REFUSALS = {"id_conflict", "currency_not_in_program", "too_many_parked", "insufficient_points", "unknown_redemption",
            "record_full"}
# Of a member, all that the oracle knows; churn apart, since it is a float there.
EXACT = ["member", "balance", "level", "qualifying", "lifetime_points", "purchases", "reserved", "redeemed_points",
         "refunds", "revenue", "refunded", "level_since", "purchase_days", "clicks", "views", "reviews", "rating_sum",
         "logins", "parked_refunds", "ledger_seq"]
ENTRY = ["member", "seq", "entry", "points", "balance", "time", "cause", "cause_source", "cause_type", "rule",
         "rule_version", "order_id", "position"]


def seeds(usual, many):
    if ONLY is not None:
        return [int(ONLY)]
    return range(1, 1 + (many if LONG else usual))


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def first_difference(name, ours, theirs, keys):
    """The first row that is not the same, or None; `ours` is the program's."""
    for number, (a, b) in enumerate(zip(ours, theirs)):
        wrong = [key for key in keys if a[key] != b[key]]
        if wrong:
            return f"{name} {number}: {', '.join(wrong)}\n  program {a}\n  oracle  {b}"
    if len(ours) != len(theirs):
        extra = (ours if len(ours) > len(theirs) else theirs)[min(len(ours), len(theirs))]
        return f"{name}: program has {len(ours)}, oracle {len(theirs)}; first extra: {extra}"
    return None


def by_position(ledger):
    """The entries that each record made, in their order."""
    entries = {}
    for entry in sorted(ledger, key=lambda entry: (entry["member"], entry["seq"])):
        time = entry["time"]
        entry = entry | {"time": time if isinstance(time, int) else oracle.parse_time(time)}
        entries.setdefault(entry["position"], []).append(entry)
    return entries


class Agreement(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def agree(self, name, program, log, *options, log_format="cloudevents"):
        """Replays `log` in both and compares all that they say. Answers the oracle's run."""
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        programs = program if isinstance(program, list) else [program]
        done = subprocess.run([BINARY, "replay", *[word for file in programs for word in ("--program", file)], "--out", out,
                               "--no-progress", "--no-fsync", *map(str, options), log],
                              capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        theirs = oracle.replay(program, log, log_format)
        problem = self.difference(out, theirs, len(programs) > 1)
        if problem:
            kept = BUILD / "oracle" / name
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            for number, file in enumerate(programs, 1):
                shutil.copy(file, kept / f"program-{number}.yaml")
            shutil.copy(log, kept / "log.ndjson")
            self.fail(f"{name}: {problem}\nkept in {kept}")
        return theirs

    def difference(self, out, theirs, several):
        letters = {row["position"]: row["reason"] for row in rows(out / "deadletters.ndjson")}
        faults = []
        for position in letters.keys() ^ theirs.refused.keys():
            faults.append((position, f"program {letters.get(position, 'took it')}, "
                                     f"oracle {theirs.refused.get(position, 'took it')}"))
        for position in letters.keys() & theirs.refused.keys():
            ours, other = letters[position], theirs.refused[position]
            if {ours, other} & REFUSALS and ours != other:
                faults.append((position, f"refused as {ours}, by the oracle as {other}"))
        ledger, expected = by_position(rows(out / "ledger.ndjson")), by_position(theirs.ledger)
        for position in ledger.keys() | expected.keys():
            if (problem := first_difference("ledger entry", ledger.get(position, []), expected.get(position, []), ENTRY)):
                faults.append((position, problem))
        if faults:  # the earliest is the cause of the others
            return "record {}: {}".format(*min(faults))
        members, expected = rows(out / "members.ndjson"), theirs.published()
        problem = first_difference("member", members, expected, EXACT)
        if problem:
            return problem
        for ours, other in zip(members, expected):
            if abs(ours["churn"] - other["churn"]) > 0.000101:
                return f"churn of {ours['member']}: program {ours['churn']}, oracle {other['churn']}"
            if oracle.parse_time(ours["as_of"]) != theirs.clock.now:
                return f"as_of {ours['as_of']}, by the oracle {theirs.clock.now}"
        report = json.loads((out / "report.json").read_text())
        if (problem := self.notices_that_contradict(out, [] if several else members)):
            return problem
        for key, value in theirs.counts.items():
            if report[key] != value:
                return f"report.json {key}: program {report[key]}, oracle {value}"
        return None


    @staticmethod
    def notices_that_contradict(out, members):
        """A member's level notices begin where the last one ended, name it if they correct it, and end at the level."""
        told, ids = {}, {}
        for notice in rows(out / "notices.ndjson"):
            if not notice["type"].startswith("tier."):
                continue
            who, data = notice["subject"], notice["data"]
            if data["before"] == data["after"] or told.get(who, data["before"]) != data["before"]:
                return f"{notice['type']} of {who} from {data['before']} to {data['after']}, told before: {told.get(who)}"
            corrects = data["details"].get("corrects")
            if corrects != (ids.get(who) if notice["type"] == "tier.corrected" else None):
                return f"{notice['type']} of {who} corrects {corrects}, the last one was {ids.get(who)}"
            told[who], ids[who] = data["after"], notice["id"]
        for member in members:
            if told.get(member["member"], member["level"]) != member["level"] and member["last_seen"] <= member["as_of"][:10]:
                return f"{member['member']} is {member['level']}, told was {told[member['member']]}"
        return None


class Generated(Agreement):
    OPTIONS = [[], ["--refund-share", "0.5"], ["--duplicate-share", "0.2", "--late-share", "0.2", "--late-hours", "900"],
               ["--malformed-share", "0.1"], ["--refund-share", "0.3", "--duplicate-share", "0.1", "--days", "1200"]]

    def test_the_synthetic_shop_with_all_that_it_can_do_wrong(self):
        for seed in seeds(5, 40):
            options = self.OPTIONS[seed % len(self.OPTIONS)]
            log = self.folder / "log.ndjson"
            with log.open("wb") as target:
                subprocess.run([BINARY, "generate", "--members", "60", "--events", "6000", "--seed", str(seed), *options],
                               check=True, stdout=target)
            with self.subTest(seed=seed, options=options):
                self.agree(f"generated-{seed}", DEFAULT, log, "--partitions", 1 + seed % 3)


class Adversarial(Agreement):
    def history(self, seed, currency, events=2500):
        log = self.folder / "log.ndjson"
        log.write_bytes(adversary.log(seed, currency, events))
        return log

    def test_each_program_on_hostile_histories(self):
        for program in [*PROGRAMS, DEFAULT]:
            currency = yaml.safe_load(program.read_text())["program"]["currency"]
            for seed in seeds(2, 40):
                with self.subTest(program=program.stem, seed=seed):
                    self.agree(f"{program.stem}-{seed}", program, self.history(seed, currency), "--partitions",
                               1 + seed % 2, "--batch", (1, 7, 4096)[seed % 3])

    @staticmethod
    def mixed(dice, seed, metric, period):
        """A program's rules under drawn policies: rounding, grace, downgrade, refunds, debt."""
        node = yaml.safe_load(dice.choice(PROGRAMS).read_text())
        node.setdefault("earn", {})["rounding"] = {
            "level": ("line", "order", "event")[seed % 3], "mode": ("floor", "ceil", "half_up", "half_even")[seed % 4]}
        levels = node.setdefault("levels", {"list": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]})
        levels["metric"], levels["period"] = metric, period
        levels["grace_days"] = dice.choice([0, 0, 1, 14, 100])
        levels["downgrade"] = dice.choice(["to_qualified", "to_qualified", "one_step", "one_step", "none"])
        levels["on_refund"] = dice.choice(["recheck", "recheck", "hold_to_period_end"])
        if levels["metric"] == "orders":
            for number, level in enumerate(levels["list"]):
                level["from"] = number * dice.choice([1, 2, 3])
            levels["list"].sort(key=lambda level: level["from"])
            levels["list"] = [level for number, level in enumerate(levels["list"])
                              if number == 0 or level["from"] > levels["list"][number - 1]["from"]]
        else:
            for level in levels["list"]:
                level["from"] = int(level["from"]) * (20 if node["program"]["id"] == "oracle-lifetime" else 1)
        node["redemption"] = {"negative_balance": dice.choice(["debt", "clamp"])}
        return node

    @staticmethod
    def drawn_window(dice):
        return dice.choice(["points", "money", "orders"]), dice.choice(
            ["lifetime", "calendar_year", {"rolling_days": dice.choice([1, 7, 45, 365])}])

    def test_every_mixture_of_policies(self):
        for seed in seeds(20, 600):
            dice = random.Random(seed)
            node = self.mixed(dice, seed, *self.drawn_window(dice))
            program = self.folder / "program.yaml"
            program.write_text(yaml.safe_dump(node))
            with self.subTest(seed=seed):
                self.agree(f"mixture-{seed}", program, self.history(seed, node["program"]["currency"], 1500))

    def test_every_mixture_of_generations(self):
        """Up to four generations of other rules, levels and policies, in force while the history runs."""
        for seed in seeds(12, 300):
            dice = random.Random(seed)
            window = self.drawn_window(dice)
            offset, day, programs = dice.choice(["+00:00", "+01:00", "-05:30"]), datetime.date(2021, 11, 25), []
            for number in range(1, dice.choice([2, 3, 4]) + 1):
                node = self.mixed(dice, seed, *window)
                node["program"] = {"id": "shop", "version": number, "currency": "EUR", "utc_offset": offset}
                node["clock"] = {"jump_max": "400d"}
                names = dice.sample(["one", "two", "three", "four", "five", "six"], len(node["levels"]["list"]) - 1)
                for level, name in zip(node["levels"]["list"], ["low", *names]):
                    level["name"] = name
                if number > 1:
                    day += datetime.timedelta(days=dice.choice([1, 3, 30, 200]))
                    node["program"]["valid_from"] = f"{day}T00:00:00{offset}"
                programs.append(self.folder / f"program-{number}.yaml")
                programs[-1].write_text(yaml.safe_dump(node))
            dice.shuffle(programs)
            with self.subTest(seed=seed):
                self.agree(f"generations-{seed}", programs, self.history(seed, "EUR", 1500))

    def test_the_histories_reach_what_they_are_meant_to_reach(self):
        """A hostile log that never runs into a rule proves nothing about it."""
        log = self.history(1, "EUR", 6000)
        run = oracle.replay(HERE / "programs" / "rolling.yaml", log)
        reasons, entries = Counter(run.refused.values()), Counter(entry["entry"] for entry in run.ledger)
        for reason in REFUSALS - {"too_many_parked", "record_full"} | {"out_of_range", "malformed_json", "missing_field", "wrong_type"}:
            self.assertGreater(reasons[reason], 0, reason)
        for entry in ("earn", "reverse", "redeem", "reserve", "capture", "release", "adjust"):
            self.assertGreater(entries[entry], 10, entry)
        self.assertGreater(run.counts["duplicates"], 50)
        self.assertGreater(len({member["level"] for member in run.published()}), 1)


class Special(Agreement):
    """Small logs, each about one thing that a drawn history meets too seldom."""

    def told(self, name, program, *events):
        log = self.folder / "log.ndjson"
        with log.open("w") as target:
            for number, (kind, member, data) in enumerate(events):
                target.write(json.dumps({"specversion": "1.0", "id": f"the-event-of-number-{number}", "source": "/a",
                                         "type": kind, "subject": member, "time": f"2024-01-{1 + number % 28:02d}T00:00:00Z",
                                         "data": data}, separators=(",", ":")) + "\n")
        return self.agree(name, program, log)

    def test_business_ids_of_one_to_eight_characters_are_told_apart_by_type(self):
        """Order 16 is no repeat of a cancel of order 10."""
        ids = [f"{n}" for n in range(10)] + [f"{n:03d}" for n in range(40)] + [
            f"000{a}{b}000" for a in range(10) for b in range(10)]
        events = [("purchase", "m", {"order_id": name, "currency": "EUR", "total": 3}) for name in ids]
        events += [("cancel", "m", {"order_id": name}) for name in ids]
        self.told("short-ids", HERE / "programs" / "plain.yaml", *events)

    def test_a_refund_and_a_purchase_named_after_the_order_end_the_same_in_either_order(self):
        purchase = {"type": "purchase", "data": {"order_id": "o1", "currency": "EUR", "total": 100}}
        refund = {"type": "refund", "data": {"order_id": "o1", "amount": 40}}
        for told in ([purchase, refund], [refund, purchase]):
            log = self.folder / "log.ndjson"
            log.write_text("".join(json.dumps({"specversion": "1.0", "id": "o1", "source": "/a", "subject": "m",
                                               "time": "2025-01-01T10:00:00Z"} | event) + "\n" for event in told))
            run = self.agree("either-order", HERE / "programs" / "plain.yaml", log)
            self.assertEqual(run.members["m"].refunded, 4000)
            self.assertEqual(run.counts["deadlettered"], 0)

    def test_what_one_member_may_hold_is_bounded(self):
        """Each bound from below and from above, with the reason that the rules give."""
        program = HERE / "programs" / "plain.yaml"
        lines = [{"sku": f"sku-{n:020d}", "quantity": 1} for n in range(1000)]
        long_lines = [{"sku": f"sku-{n:030d}", "quantity": 1} for n in range(1000)]
        fits, too_long = ({"text": "x" * (16384 - len('{"text":""}') + more)} for more in (0, 1))
        run = self.told("bounds", program,
                        ("refund", "parked", {"order_id": "order-number-1", "lines": lines}),
                        ("refund", "parked", {"order_id": "order-number-2", "lines": long_lines}),
                        ("profile", "profile", {"attributes": fits}), ("profile", "profile", {"attributes": too_long}),
                        ("profile", "profile", {"time_zone": "z" * 256}), ("profile", "profile", {"time_zone": "z" * 257}))
        self.assertEqual(sorted(run.refused.items()), [(1, "record_full"), (3, "record_full"), (5, "record_full")])

    def test_deliveries_are_known_whatever_lies_between(self):
        """More events than a member's record can keep in mind, then each again."""
        events = [("purchase", "m", {"order_id": f"the-order-of-number-{n}", "currency": "EUR", "total": 3})
                  for n in range(300)]
        events += [("refund", "m", {"order_id": f"the-order-of-number-{n}", "amount": 1} | (
            {"refund_id": f"the-refund-of-number-{n}"} if n % 2 else {})) for n in range(0, 300, 7)]
        log = self.folder / "log.ndjson"
        rows_of = [json.dumps({"specversion": "1.0", "id": f"event-{n}", "source": "/a", "type": kind, "subject": member,
                               "time": "2024-01-01T00:00:00Z", "data": data}) + "\n"
                   for n, (kind, member, data) in enumerate(events)]
        log.write_text("".join(rows_of + rows_of))
        run = self.agree("long-memory", HERE / "programs" / "plain.yaml", log)
        self.assertEqual(run.counts["duplicates"], len(events))

    def test_an_order_of_nothing_is_refunded_in_full_once(self):
        order, back = {"order_id": "order-number-2", "currency": "JPY"}, {"order_id": "order-number-2"}
        events = [("purchase", "m", {"order_id": "order-number-1", "currency": "JPY", "total": 100}),
                  ("purchase", "m", order | {"total": 0})]
        events += [("refund", "m", back | {"refund_id": f"refund-{n}"}) for n in range(3)]
        self.told("zero-order", HERE / "programs" / "lifetime.yaml", *events)

    def test_a_refund_of_an_order_that_no_longer_counts_costs_no_level(self):
        """One step a year down from four; the refund of 2021's order in 2024 is none of them."""
        program = self.folder / "program.yaml"
        node = yaml.safe_load((HERE / "programs" / "year.yaml").read_text())
        node["levels"] |= {"metric": "points", "grace_days": 0, "on_refund": "recheck",
                           "list": [{"name": name, "from": least} for name, least in zip("abcd", (0, 10, 20, 30))]}
        program.write_text(yaml.safe_dump(node))
        log = self.folder / "log.ndjson"
        rows_of = [("purchase", "2021-05-01", {"currency": "USD", "lines": [{"sku": "s1", "quantity": 1, "price": 100}]}),
                   ("refund", "2024-05-01", {"amount": 5, "currency": "USD"})]
        log.write_text("".join(json.dumps(
            {"specversion": "1.0", "id": f"the-event-of-{day}", "source": "/a", "type": kind, "subject": "m",
             "time": f"{day}T12:00:00Z", "data": data | {"order_id": "order-number-1"}}) + "\n" for kind, day, data in rows_of))
        self.agree("dropped", program, log)


class Cdnow(Agreement):
    def test_the_master_log_row_by_row(self):
        if not CDNOW.exists():
            self.fail(f"no data in {CDNOW}: run tests/data/fetch_cdnow.sh, or set FEALTY_TESTDATA")
        run = self.agree("cdnow", ROOT / "config" / "programs" / "cdnow.yaml", CDNOW, "--format", "cdnow",
                         log_format="cdnow")
        self.assertEqual(run.counts["points_issued"], 2_453_159)
        self.assertEqual(run.counts["applied"], 69_659)
        self.assertEqual(sum(member.revenue for member in run.members.values()), 250_031_563)


if __name__ == "__main__":
    unittest.main()
