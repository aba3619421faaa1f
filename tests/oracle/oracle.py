#!/usr/bin/env python3
"""A second implementation of the program's rules: slow, plain, and written from config/programs/README.md alone.

    oracle.py --program FILE... --out DIR [--format cloudevents|cdnow] LOG

Writes members.ndjson, ledger.ndjson, refused.ndjson and counts.json. Exact arithmetic throughout (fractions); only
the churn score is a float, so its last decimal may differ by one from the program's own.
Section numbers in the comments are those of that document.
"""
import argparse
import bisect
import copy
import datetime
import json
import math
import pathlib
import re
from fractions import Fraction

import yaml

DAY_MS = 86_400_000
NEVER = None
LATE_DAYS = 400
EPOCH = datetime.date(1970, 1, 1).toordinal()


class Refused(Exception):
    """The event is not applied: a dead letter with this reason."""


class Duplicate(Exception):
    """The event was told before."""


class Skipped(Exception):
    """Not a type that this release knows."""


# ---------------------------------------------------------------- the program file (section 1)

class PlainLoader(yaml.BaseLoader):
    """Scalars stay text: a number is read exactly, from its own digits."""


def number(text):
    return Fraction(str(text))


def words(value):
    return value if isinstance(value, list) else [value]


def yes(text):
    return str(text).lower() in ("true", "yes", "on")


CURRENCY_DIGITS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "EUR": 2, "USD": 2, "GBP": 2, "CHF": 2}
LINE_FIELDS = {"line_amount", "line_quantity"}


class Rule:
    def __init__(self, node):
        self.name, self.event = node["name"], node["event"]
        self.field = node.get("field")
        self.weight = number(node.get("weight", "1"))
        self.multiplied = yes(node.get("level_multiplier", "true"))
        self.filter = {key: words(value) for key, value in node.get("filter", {}).items()}
        self.of_lines = self.field in LINE_FIELDS
        self.node = node

    def value(self, x):
        """weight * f(x), section 3.2."""
        node = self.node
        if "constant" in node:
            return self.weight * number(node["constant"])
        if "linear" in node:
            return self.weight * (number(node["linear"].get("alpha", "0")) + number(node["linear"]["beta"]) * x)
        if "step" in node:
            return self.weight * number(node["step"]["points"]) * math.floor(x / number(node["step"]["every"]))
        if "capped" in node:
            f = node["capped"]
            return self.weight * min(number(f["max"]), number(f.get("alpha", "0")) + number(f["beta"]) * x)
        knots = [(number(a), number(b)) for a, b in node["piecewise"]]
        if x <= knots[0][0]:
            return self.weight * knots[0][1]
        for (x0, y0), (x1, y1) in zip(knots, knots[1:]):
            if x <= x1:
                return self.weight * (y0 + (y1 - y0) * (x - x0) / (x1 - x0))
        return self.weight * knots[-1][1]

    def passes(self, what, channel):
        """All conditions, asked of one thing that has a category, a brand and a sku (section 3.3)."""
        return self.channel_passes(channel) and self.article_passes(what)

    def channel_passes(self, channel):
        return "channel" not in self.filter or (channel or "") in self.filter["channel"]

    def asks_of_articles(self):
        return any(key != "channel" for key in self.filter)

    def article_passes(self, what):
        for key, items in self.filter.items():
            if key == "channel":
                continue
            wanted = not key.startswith("not_")
            key = key.removeprefix("not_")
            text = what.get(key) or ""
            found = text in items
            if key == "category":
                found = any(text == item or text.startswith(item + "/") for item in items)
            if found != wanted:
                return False
        return True


class Level:
    def __init__(self, node, scale):
        self.name = node["name"]
        self.least = number(node["from"]) * scale
        self.multiplier = number(node.get("multiplier", "1"))


class Program:
    def __init__(self, path):
        node = yaml.load(pathlib.Path(path).read_text(), PlainLoader)
        head = node["program"]
        self.version, self.currency = int(head["version"]), head["currency"]
        self.scale = 10 ** CURRENCY_DIGITS[self.currency]
        sign, hours, minutes = re.fullmatch(r"([+-])(\d\d):(\d\d)", head.get("utc_offset", "+00:00")).groups()
        self.offset_ms = (int(hours) * 60 + int(minutes)) * 60_000 * (-1 if sign == "-" else 1)
        self.valid_from = self.day(parse_time(head["valid_from"])) if "valid_from" in head else -math.inf
        earn = node.get("earn", {})
        self.rounding_level = earn.get("rounding", {}).get("level", "order")
        self.rounding_mode = earn.get("rounding", {}).get("mode", "floor")
        self.rules = [Rule(rule) for rule in earn.get("rules", [])]
        levels = node.get("levels", {"list": [{"name": "member", "from": "0"}]})
        self.metric = levels.get("metric", "points")
        period = levels.get("period", "lifetime")
        self.rolling_days = int(period["rolling_days"]) if isinstance(period, dict) else None
        self.by_year = period == "calendar_year"
        self.grace = int(levels.get("grace_days", 0))
        self.downgrade = levels.get("downgrade", "to_qualified")
        self.recheck = levels.get("on_refund", "recheck") == "recheck"
        self.levels = [Level(level, self.scale if self.metric == "money" else 1) for level in levels["list"]]
        self.clamp = node.get("redemption", {}).get("negative_balance", "debt") == "clamp"
        churn = node.get("churn", {})
        fitted = {"r": "0.243", "alpha": "4.414", "a": "0.793", "b": "2.426"} | churn.get("bgnbd", {})
        self.bgnbd = {key: float(value) for key, value in fitted.items()}
        self.horizon_days = int(churn.get("horizon_days", 91))
        self.jump_max_ms = int(node.get("clock", {}).get("jump_max", "400d").removesuffix("d")) * DAY_MS

    def day(self, time_ms):
        return (time_ms + self.offset_ms) // DAY_MS

    def rounded(self, value):
        mode, low = self.rounding_mode, math.floor(value)
        if mode == "floor":
            result = low
        elif mode == "ceil":
            result = math.ceil(value)
        elif mode == "half_up":
            result = math.floor(value + Fraction(1, 2))
        else:
            rest = value - low
            result = low if rest < Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 0) else low + 1
        return result


class Series:
    """The generations of a program (section 1.1)."""

    def __init__(self, files):
        self.generations = sorted((Program(file) for file in files), key=lambda program: program.valid_from)
        self.first = self.generations[0]
        self.late_days = LATE_DAYS if any(len(program.levels) > 1 for program in self.generations) else 0
        self.switches = [program.valid_from for program in self.generations[1:]]

    def on(self, day):
        return [program for program in self.generations if program.valid_from <= day][-1]


def year_of(day):
    return datetime.date.fromordinal(day + EPOCH).year


def first_day(year):
    return datetime.date(year, 1, 1).toordinal() - EPOCH


# ---------------------------------------------------------------- events (DESIGN.md 3, config/schemas)

KNOWN = {"purchase", "refund", "cancel", "click", "view", "review", "login", "redemption", "adjustment", "enrol", "profile",
         "consent", "merge", "erase", "item"}
MONEY = {"purchase", "refund", "cancel", "redemption", "adjustment"}
MOST_MINOR = 10 ** 15
MOST_POINTS = 10 ** 18
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


class Num(str):
    """A JSON number by its own digits."""


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key twice")
    return dict(pairs)


def no_constant(text):
    raise ValueError(text)


def parse_time(text):
    match = TIME.fullmatch(text) if isinstance(text, str) and not isinstance(text, Num) else None
    if not match:
        raise Refused("wrong_type")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        days = datetime.date(year, month, day).toordinal() - EPOCH
    except ValueError:
        raise Refused("time") from None
    offset = 0
    if match[8] not in "Zz":
        offset = (int(match[8][1:3]) * 60 + int(match[8][4:6])) * 60_000 * (-1 if match[8][0] == "-" else 1)
    if hour > 23 or minute > 59 or second > 59:
        raise Refused("time")
    ms = days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + int(((match[7] or "") + "000")[:3]) - offset
    if not 0 <= ms < 4_102_444_800_000:
        raise Refused("out_of_range")
    return ms


def text_of(node, key, needed=False, longest=512):
    value = node.get(key)
    if value is None:
        if needed:
            raise Refused("missing_field")
        return None
    if isinstance(value, Num) or not isinstance(value, str):
        raise Refused("wrong_type")
    if needed and not value or len(value.encode()) > longest:
        raise Refused("out_of_range")
    return value


def decimal_of(node, key, digits, least, most, needed=False):
    value = node.get(key)
    if value is None:
        if needed:
            raise Refused("missing_field")
        return None
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise Refused("wrong_type")
    exact = Fraction(value) * 10 ** digits
    if exact.denominator != 1 or not least <= exact <= most or (exact == 0 and value.startswith("-")):
        raise Refused("out_of_range")
    return int(exact)


def compact(node):
    """JSON without spaces, numbers digit for digit: what a log written so holds."""
    if isinstance(node, Num):
        return str(node)
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{compact(value)}" for key, value in node.items()) + "}"
    return "[" + ",".join(map(compact, node)) + "]" if isinstance(node, list) else json.dumps(node)


def currency_digits(currency):
    if currency not in CURRENCY_DIGITS:
        raise Refused("unknown_currency")
    return CURRENCY_DIGITS[currency]


def lines_of(data):
    lines = data.get("lines")
    if lines is None:
        return []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise Refused("wrong_type")
    if len(lines) > 1000:
        raise Refused("out_of_range")
    return lines


def read_purchase(data, _):
    currency = text_of(data, "currency", needed=True)
    digits = currency_digits(currency)
    lines = []
    for node in lines_of(data):
        line = {key: text_of(node, key, needed=key == "sku") for key in ("line", "sku", "category", "brand")}
        line["quantity"] = decimal_of(node, "quantity", 0, 1, 10 ** 9, needed=True)
        line["amount"] = line["quantity"] * decimal_of(node, "price", digits, 0, MOST_MINOR, needed=True)
        lines.append(line)
    purchase = {key: decimal_of(data, key, digits, 0, MOST_MINOR)
                for key in ("total", "subtotal", "tax", "shipping", "discount")}
    if purchase["total"] is None:
        if not lines:
            raise Refused("missing_field")
        purchase["total"] = sum(line["amount"] for line in lines)
    purchase["points_paid"] = decimal_of(data, "points_paid", 0, 0, 10 ** 12)
    for key in ("channel", "store"):
        purchase[key] = text_of(data, key)
    return purchase | {"order_id": text_of(data, "order_id", needed=True), "currency": currency, "lines": lines}


def read_refund(data, program):
    currency = text_of(data, "currency")
    digits = currency_digits(currency or program.currency)
    refund = {"order_id": text_of(data, "order_id", needed=True), "refund_id": text_of(data, "refund_id"),
              "currency": currency, "amount": decimal_of(data, "amount", digits, 0, MOST_MINOR),
              "reason": text_of(data, "reason"), "lines": []}
    for node in lines_of(data):
        line = {"line": text_of(node, "line"), "sku": text_of(node, "sku"),
                "quantity": decimal_of(node, "quantity", 0, 1, 10 ** 9),
                "amount": decimal_of(node, "amount", digits, 0, MOST_MINOR)}
        if not line["line"] and not line["sku"]:
            raise Refused("missing_field")
        refund["lines"].append(line)
    return refund


def read_redemption(data, _):
    phase = text_of(data, "phase") or "at_once"
    if phase not in ("at_once", "reserve", "capture", "release"):
        raise Refused("wrong_type")
    spends = phase in ("at_once", "reserve")
    return {"redemption_id": text_of(data, "redemption_id", needed=True), "phase": phase,
            "points": decimal_of(data, "points", 0, 1 if spends else 0, 10 ** 12, needed=spends) or 0,
            "reward": text_of(data, "reward")}


def read_adjustment(data, _):
    points = decimal_of(data, "points", 0, -10 ** 12, 10 ** 12, needed=True)
    if points == 0:
        raise Refused("out_of_range")
    return {"points": points, "actor": text_of(data, "actor", needed=True),
            "reason": text_of(data, "reason", needed=True, longest=10 ** 6)}


def read_touch(data, _):
    return {key: text_of(data, key) for key in ("sku", "category", "brand", "channel")} | {
        "dwell_ms": decimal_of(data, "dwell_ms", 0, 0, 10 ** 15)}


def read_review(data, _):
    return {key: text_of(data, key, longest=10 ** 6) for key in ("sku", "review_id", "text", "language")} | {
        "rating": decimal_of(data, "rating", 0, 1, 5, needed=True)}


READERS = {"purchase": read_purchase, "refund": read_refund, "redemption": read_redemption,
           "adjustment": read_adjustment, "click": read_touch, "view": read_touch, "review": read_review,
           "cancel": lambda data, _: {"order_id": text_of(data, "order_id", needed=True)},
           "login": lambda data, _: {"channel": text_of(data, "channel")}}


def read_event(record, program):
    """One line of an ndjson log of CloudEvents."""
    try:
        node = json.loads(record.decode("utf-8"), parse_int=Num, parse_float=Num, parse_constant=no_constant,
                          object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise Refused("malformed_json") from None
    if not isinstance(node, dict):
        raise Refused("wrong_type")
    kind = text_of(node, "type", needed=True)
    kind = kind.rsplit(".", 1)[-1]
    if kind not in KNOWN:
        raise Skipped
    event = {"type": kind, "member": text_of(node, "subject", needed=True, longest=256),
             "id": text_of(node, "id", needed=True), "source": text_of(node, "source") or ""}
    if node.get("time") is None:
        raise Refused("missing_field")
    event["time"] = parse_time(node["time"])
    data = node.get("data", {})
    if not isinstance(data, dict):
        raise Refused("wrong_type")
    event["data"] = READERS.get(kind, lambda data, _: data)(data, program)
    return event


def read_cdnow(record, position):
    """A row of the CDNOW master file, by its own layout: customer, date, CDs, dollars."""
    customer, date, _, dollars = record.decode().split()
    day = datetime.date(int(date[:4]), int(date[4:6]), int(date[6:])).toordinal() - EPOCH
    data = {"order_id": f"row-{position}", "currency": "USD", "total": int(Fraction(dollars) * 100), "lines": []}
    for key in ("subtotal", "tax", "shipping", "discount", "points_paid", "channel", "store"):
        data[key] = None
    return {"type": "purchase", "member": customer, "id": f"row-{position}", "source": "cdnow", "time": day * DAY_MS,
            "data": data}


# ---------------------------------------------------------------- one member

class Order:
    """What an order granted, and what of it was given back (sections 3.5, 5.1)."""

    def __init__(self, data, day, program):
        self.data, self.day, self.program = data, day, program
        self.total, self.lines = data["total"], [dict(line, back_amount=0, back_quantity=0) for line in data["lines"]]
        self.refunded = self.unnamed = 0  # R and A
        self.returned = False             # was it counted as refunded in full?
        self.reversed = self.granted = 0
        self.matches, self.level = None, 0

    def named(self):  # G
        return sum(line["back_amount"] for line in self.lines)


class Member:
    def __init__(self, name, series):
        self.name, self.series = name, series
        self.first_day = self.last_day = None
        self.balance = self.lifetime_points = self.purchases = self.reserved = self.redeemed = 0
        self.revenue = self.refunds = self.refunded = 0
        self.counts = {"click": 0, "view": 0, "review": 0, "login": 0}
        self.rating_sum = 0
        self.purchase_days = set()
        self.amounts = {}  # (of, from): what qualifies
        self.change_days = []
        self.path = []     # (day, state) of the days on which the level was looked at, ascending
        self.orders, self.parked, self.reservations = {}, [], {}
        self.told = []  # money events that were accepted
        self.recent = []
        self.ledger = []

    # -------- delivery (2.1)

    def business_id(self, event):
        data = event["data"]
        return {"purchase": lambda: data["order_id"], "cancel": lambda: data["order_id"],
                "refund": lambda: data["refund_id"] or None, "redemption": lambda: data["redemption_id"],
                "adjustment": lambda: None}[event["type"]]()

    def delivery(self, event):
        """Raises if the event was told before; answers what to remember once it is accepted."""
        event_id = (event["id"], event["source"])
        if event["type"] not in MONEY:
            if event_id in self.recent:
                raise Duplicate

            def remember():
                self.recent = (self.recent + [event_id])[-16:]
            return remember
        digest = (event["type"], event["time"], repr(sorted(event["data"].items(), key=lambda item: item[0])))
        kind = event["type"], event["data"].get("phase")
        business_id = self.business_id(event)
        own = event["id"] in (business_id, event["data"].get("order_id"))  # named after what it is about

        def meets(other_kind, other_own):
            return other_kind == kind or not (own or other_own)
        if business_id is not None:
            for by, of, other_kind, _, other_digest in self.told:
                if (other_kind, of) != (kind, business_id):
                    continue
                raise Refused("id_conflict") if by == event_id and other_digest != digest else Duplicate
        for by, _, other_kind, other_own, other_digest in self.told:
            if by == event_id and meets(other_kind, other_own):
                raise Duplicate if business_id is None and other_digest == digest else Refused("id_conflict")
        return lambda: self.told.append((event_id, business_id, kind, own, digest))

    # -------- one event (2)

    def apply(self, event, position):
        remember = self.delivery(event)
        kind = event["type"]
        day = self.series.first.day(event["time"])
        program = self.series.on(day)
        acting = day if self.last_day is None else max(day, self.last_day)
        level = self.earning_level(day, program)
        change = getattr(self, "plan_" + kind, self.plan_other)(event, level, program)
        remember()
        self.first_day = day if self.first_day is None else min(self.first_day, day)
        self.last_day = acting
        change(Context(event, position, day))

    def plan_other(self, event, level, program):
        if event["type"] in ("enrol", "profile"):
            zone, attributes = (event["data"].get(key) for key in ("time_zone", "attributes"))
            if len((zone or "").encode()) > 256 or attributes is not None and len(compact(attributes).encode()) > 16384:
                raise Refused("record_full")
        points, names, _ = self.earned(event, level, program)

        def change(at):
            if event["type"] in self.counts:
                self.counts[event["type"]] += 1
                self.rating_sum += event["data"]["rating"] if event["type"] == "review" else 0
            if points:
                self.gain(at, points, names, "")
                if program.metric == "points":
                    self.qualify(at.day, at.day, points)
        return change

    def gain(self, at, points, names, order_id):
        self.balance += points
        self.lifetime_points += points
        self.enter(at, "earn", points, "+".join(names), order_id)

    def enter(self, at, entry, points, rule, order_id):
        self.ledger.append({"member": self.name, "seq": len(self.ledger) + 1, "entry": entry, "points": points,
                            "balance": self.balance, "time": at.event["time"], "cause": at.event["id"],
                            "cause_source": at.event["source"], "cause_type": at.event["type"], "rule": rule,
                            "rule_version": self.series.on(at.day).version, "order_id": order_id,
                            "position": at.position})

    # -------- earning (3)

    def earned(self, event, level, program):
        """(points, names of the rules that gave, what an order remembers of the match)."""
        rules = [rule for rule in program.rules if rule.event == event["type"]]
        if event["type"] == "purchase":
            matches = {}
            for number_of, rule in enumerate(rules):
                matches[number_of] = self.match(rule, event["data"])
            points, names = self.order_points(rules, matches, event["data"], level, program)
        else:
            data, matches = event["data"], None
            total, names = Fraction(0), []
            for rule in rules:
                x = self.small_field(rule, event)
                if x is None or not rule.passes(data, data.get("channel")):
                    continue
                value = rule.value(x)
                total += value * (program.levels[level].multiplier if rule.multiplied else 1)
                if value != 0:
                    names.append(rule.name)
            points = max(0, program.rounded(total))
        held = self.balance + self.reserved
        if points > 10 ** 15 or held + points > MOST_POINTS or self.lifetime_points + points > MOST_POINTS:
            raise Refused("out_of_range")
        return points, names, matches

    @staticmethod
    def small_field(rule, event):
        data = event["data"]
        if rule.field in (None, "one"):
            return Fraction(1)
        if rule.field == "rating":
            return Fraction(data["rating"])
        if rule.field == "text_length":
            return Fraction(len(data["text"] or ""))
        return None if data["dwell_ms"] is None else Fraction(data["dwell_ms"], 1000)

    @staticmethod
    def match(rule, data):
        """Which lines a line rule matches, or whether a whole-order rule matches."""
        if not rule.channel_passes(data["channel"]):
            return [] if rule.of_lines else False
        passing = [i for i, line in enumerate(data["lines"]) if rule.article_passes(line)]
        if rule.of_lines:
            return passing
        return bool(passing) or not rule.asks_of_articles()

    def order_points(self, rules, matches, amounts, level, program):
        """Section 3.4 for an order of these amounts (minor units) and lines."""
        whole, names = Fraction(0), []
        of_line = [Fraction(0)] * len(amounts["lines"])
        for number_of, rule in enumerate(rules):
            factor = program.levels[level].multiplier if rule.multiplied else 1
            gave = False
            if rule.of_lines:
                for i in matches[number_of]:
                    line = amounts["lines"][i]
                    if line["quantity"] == 0:
                        continue
                    x = Fraction(line["quantity"]) if rule.field == "line_quantity" else Fraction(line["amount"],
                                                                                                  program.scale)
                    of_line[i] += rule.value(x) * factor
                    gave = gave or rule.value(x) != 0
            elif matches[number_of]:
                x = self.order_field(rule.field, amounts)
                if x is not None:
                    whole += rule.value(x) * factor
                    gave = rule.value(x) != 0
            if gave:
                names.append(rule.name)
        if program.rounding_level == "line":
            return max(0, program.rounded(whole) + sum(program.rounded(part) for part in of_line)), names
        return max(0, program.rounded(whole + sum(of_line))), names

    def order_field(self, field, amounts):
        if field in (None, "one"):
            return Fraction(1)
        if field == "points_paid":
            return None if amounts["points_paid"] is None else Fraction(amounts["points_paid"])
        minor = amounts.get("revenue", revenue_of(amounts)) if field == "revenue" else amounts[field]
        return None if minor is None else Fraction(minor, self.series.first.scale)

    # -------- purchase (3.5)

    def plan_purchase(self, event, level, program):
        data = event["data"]
        if data["currency"] != program.currency:
            raise Refused("currency_not_in_program")
        amounts = [line["amount"] for line in data["lines"]]
        if max([data["total"], sum(amounts), *amounts]) > MOST_MINOR or self.revenue + data["total"] > 10 ** 18:
            raise Refused("out_of_range")
        if len(self.purchase_days | {program.day(event["time"])}) > max(7500, len(self.purchase_days)):
            raise Refused("record_full")
        points, names, matches = self.earned(event, level, program)

        def change(at):
            order = Order(data, at.day, program)
            order.granted, order.matches, order.level = points, matches, level
            self.purchases += 1
            self.revenue += data["total"]
            self.purchase_days.add(at.day)
            if points:
                self.gain(at, points, names, data["order_id"])
            self.qualify(at.day, at.day, {"points": points, "money": data["total"], "orders": 1}[program.metric])
            self.orders[data["order_id"]] = order
            waiting = [refund for refund in self.parked if refund["data"]["order_id"] == data["order_id"]]
            self.parked = [refund for refund in self.parked if refund not in waiting]
            for refund in waiting:
                self.refund(Context(refund, at.position, program.day(refund["time"])), order)
        return change

    # -------- levels (4)

    def open_day(self):
        """The first day that an event may still change (4.1)."""
        return self.last_day - self.series.late_days

    def leaves(self, of):
        """First day on which an amount of `of` lies in no window any more."""
        if self.series.first.rolling_days:
            return of + self.series.first.rolling_days
        return first_day(year_of(of) + 2) if self.series.first.by_year else math.inf

    def qualify(self, of, counts_from, amount):
        """What was earned on the day `of` changes, from another day on."""
        counts_from = max(of, counts_from, self.open_day())
        if amount == 0 or self.leaves(of) <= counts_from:
            return
        dates = of, counts_from
        self.amounts[dates] = self.amounts.get(dates, 0) + amount
        if self.amounts[dates] == 0:
            del self.amounts[dates]
        self.path = [(day, state) for day, state in self.path if day < counts_from]
        days = {day for _, day in self.amounts} | {self.leaves(day) for day, _ in self.amounts}
        if self.series.first.by_year:
            days |= {first_day(year_of(day) + 1) for day, _ in self.amounts}
        self.change_days = sorted(days)

    def standing(self, day, beginning=False, held=False):
        """By the end of `day` or at its beginning; what reaches a level, or what holds one."""
        program, sums = self.series.on(day), {}
        for (of, counts_from), amount in self.amounts.items():
            if counts_from > day or (beginning and counts_from == day):
                continue
            if held and not program.recheck:
                amount = max(amount, 0)
            bucket = year_of(of) if program.by_year else program.rolling_days is None or of > day - program.rolling_days
            sums[bucket] = sums.get(bucket, 0) + amount
        if program.by_year:
            return max(sums.get(year_of(day), 0), sums.get(year_of(day) - 1, 0))
        return sums.get(True, 0)

    def qualified(self, day, beginning):
        standing = self.standing(day, beginning)
        return max(i for i, level in enumerate(self.series.on(day).levels) if level.least <= standing)

    def rise_or_hold(self, day, state, beginning):
        qualified = self.qualified(day, beginning)
        return (qualified, day, NEVER) if qualified > state[0] else self.hold_or_fall(day, state, beginning)

    def adopt(self, day, state):
        """The beginning of a day on which another generation comes into force (4.5)."""
        level, since, falls = state
        if level > 0:
            name = self.series.on(day - 1).levels[level].name
            named = [i for i, one in enumerate(self.series.on(day).levels) if one.name == name]
            level, since, falls = (named[0], since, falls) if named else (self.qualified(day, True), day, NEVER)
        return self.rise_or_hold(day, (level, since, falls), beginning=True)

    def hold_or_fall(self, day, state, beginning):
        level, since, falls = state
        program = self.series.on(day)
        if level == 0 or program.downgrade == "none":
            return state
        held = self.standing(day, beginning, held=True)
        if held >= program.levels[level].least:
            return level, since, NEVER
        falls = day + program.grace if falls is NEVER else falls
        if falls > day:
            return level, since, falls
        level = self.qualified(day, beginning) if program.downgrade == "to_qualified" else level - 1
        if held >= program.levels[level].least:
            return level, day, NEVER
        return level, day, first_day(year_of(day) + 1) + program.grace if program.by_year else day + max(program.grace, 1)

    def level_at(self, day):
        """(level, since, day of the fall under way) at the end of `day` (4.2)."""
        at, state = next((known for known in reversed(self.path) if known[0] <= day), (-math.inf, (0, None, NEVER)))
        while True:
            after = bisect.bisect_right(self.change_days, at)
            at = min([math.inf if state[2] is NEVER else state[2], *self.change_days[after:after + 1],
                      *[switch for switch in self.series.switches if switch > at]])
            if at > day:
                break
            if at in self.series.switches:
                state = self.adopt(at, state)
            else:
                state = self.hold_or_fall(at, state, beginning=True)
            if any(counts_from == at for _, counts_from in self.amounts):
                state = self.rise_or_hold(at, state, beginning=False)
            if not self.path or self.path[-1][0] < at:
                self.path.append((at, state))
        return state

    def level_on(self, day):
        return self.level_at(day if self.last_day is None else max(day, self.open_day()))

    def earning_level(self, day, program):
        """The level of the day; of a closed day that of the first open one, by name (4.3)."""
        level, by = self.level_on(day)[0], self.levels_on(day)
        if by is program or level == 0:
            return level
        return next((i for i, one in enumerate(program.levels) if one.name == by.levels[level].name), 0)

    def levels_on(self, day):
        return self.series.on(day if self.last_day is None else max(day, self.open_day()))

    def published_qualifying(self, day):
        day, program = max(day, self.open_day()), self.series.first
        return sum(amount for (of, counts_from), amount in self.amounts.items() if counts_from <= day and (
            year_of(of) == year_of(day) if program.by_year else self.leaves(of) > day))

    # -------- refunds (5)

    def plan_refund(self, event, _, program):
        data = event["data"]
        if data.get("currency") and data["currency"] != program.currency:
            raise Refused("currency_not_in_program")
        order = self.orders.get(data["order_id"])
        if order is None:
            if len(self.parked) >= 16:
                raise Refused("too_many_parked")
            texts = [event["id"], event["source"], *(data.get(key) for key in ("order_id", "refund_id", "reason"))]
            lines = data.get("lines") or []
            texts += [line[key] for line in lines for key in ("line", "sku")]
            if sum(len((text or "").encode()) for text in texts) + 40 * len(lines) > 65536:
                raise Refused("record_full")
        elif self.balance - self.cost(copy.deepcopy(order), data, program)[1] < -MOST_POINTS:
            raise Refused("out_of_range")

        def change(at):
            if order is None:
                self.parked.append(event)
            else:
                self.refund(at, order)
        return change

    plan_cancel = plan_refund

    def give_back(self, order, data):
        """Changes the order's refunded amounts (5.1)."""
        amount, lines = data.get("amount"), data.get("lines") or []
        if amount is None and not lines:
            for line in order.lines:
                line["back_amount"], line["back_quantity"] = line["amount"], line["quantity"]
            order.refunded = order.total
            return
        if order.refunded == order.total:
            return
        of_lines = 0
        for asked in lines:
            key = "line" if asked["line"] else "sku"
            found = [line for line in order.lines if line[key] == asked[key]]
            if not found:
                order.unnamed += asked["amount"] or 0
                of_lines += asked["amount"] or 0
                continue
            left_amount, left_quantity = asked["amount"], asked["quantity"]
            for line in found:
                rest_amount = line["amount"] - line["back_amount"]
                rest_quantity = line["quantity"] - line["back_quantity"]
                if asked["amount"] is not None:
                    took = min(left_amount, rest_amount)
                    left_amount -= took
                elif asked["quantity"] is not None:
                    pieces = min(left_quantity, rest_quantity)
                    took = min(pieces * (line["amount"] // line["quantity"]), rest_amount)
                    left_quantity -= pieces
                    line["back_quantity"] += pieces
                else:
                    took = rest_amount
                    line["back_quantity"] = line["quantity"]
                line["back_amount"] += took
                of_lines += took
                if line["back_quantity"] == line["quantity"] or 0 < line["amount"] == line["back_amount"]:
                    of_lines += line["amount"] - line["back_amount"]
                    line["back_amount"], line["back_quantity"] = line["amount"], line["quantity"]
        if amount is not None:
            order.unnamed += max(0, amount - of_lines)
        order.refunded = min(order.total, order.unnamed + order.named())

    def points_left(self, order):
        """Section 5.2: what the order is worth by what remains of it."""
        total, rest = order.total, order.total - order.refunded
        if rest == 0:
            return 0
        amounts = {key: None if order.data[key] is None else order.data[key] * rest // total
                   for key in ("subtotal", "tax", "shipping", "discount", "points_paid")}
        amounts |= {"total": rest, "revenue": revenue_of(order.data) * rest // total, "lines": []}
        for line in order.lines:
            amount = (line["amount"] - line["back_amount"]) * rest // (total - order.named())
            quantity = line["quantity"] - line["back_quantity"]
            amounts["lines"].append({"amount": amount, "quantity": 0 if line["amount"] > 0 and amount == 0 else quantity})
        rules = [rule for rule in order.program.rules if rule.event == "purchase"]
        return self.order_points(rules, order.matches, amounts, order.level, order.program)[0]

    def cost(self, order, data, program):
        """Gives back what `data` says; answers the points that the order then deserves less, and those taken, under
        the program of the refund's day."""
        self.give_back(order, data)
        held = order.granted - order.reversed
        deduction = min(held, max(0, held - self.points_left(order)))
        return deduction, min(deduction, max(self.balance, 0)) if program.clamp else deduction

    def refund(self, at, order):
        refunded_before = order.refunded
        deduction, lost = self.cost(order, at.event["data"], self.series.on(at.day))
        order.reversed += deduction
        self.lifetime_points -= deduction
        self.refunds += 1
        self.refunded += order.refunded - refunded_before
        if lost:
            self.balance -= lost
            self.enter(at, "reverse", -lost, "refund", at.event["data"]["order_id"])
        returned = order.refunded == order.total and not order.returned
        order.returned = order.returned or returned
        self.qualify(order.day, at.day, -{"points": deduction, "money": order.refunded - refunded_before,
                                          "orders": int(returned)}[self.series.first.metric])

    # -------- spending and correcting (6)

    def plan_redemption(self, event, *_):
        name, phase, points = (event["data"][key] for key in ("redemption_id", "phase", "points"))
        if phase in ("at_once", "reserve"):
            if self.balance < points:
                raise Refused("insufficient_points")
            if self.redeemed + self.reserved + points > MOST_POINTS:
                raise Refused("out_of_range")
            if phase == "reserve" and len(self.reservations) >= 10000:
                raise Refused("record_full")
        elif name not in self.reservations:
            raise Refused("unknown_redemption")

        def change(at):
            if phase == "at_once":
                self.balance -= points
                self.redeemed += points
                self.enter(at, "redeem", -points, "redemption", "")
            elif phase == "reserve":
                self.balance -= points
                self.reserved += points
                self.reservations[name] = points
                self.enter(at, "reserve", -points, "redemption", "")
            else:
                held = self.reservations.pop(name)
                self.reserved -= held
                if phase == "capture":
                    self.redeemed += held
                    self.enter(at, "capture", 0, "redemption", "")
                else:
                    self.balance += held
                    self.enter(at, "release", held, "redemption", "")
        return change

    def plan_adjustment(self, event, _, program):
        points = event["data"]["points"]
        if self.balance + self.reserved + points > MOST_POINTS or self.balance + points < -MOST_POINTS:
            raise Refused("out_of_range")

        def change(at):
            applied = -min(-points, max(self.balance, 0)) if program.clamp and points < 0 else points
            if applied:
                self.balance += applied
                self.enter(at, "adjust", applied, "adjustment", "")
        return change

    # -------- what is published

    def churn(self, today):
        """1 - P(buys within the horizon): BG/NBD (Fader, Hardie & Lee 2005), weeks, one transaction a day."""
        program = self.series.on(today)
        r, alpha, a, b = (program.bgnbd[key] for key in ("r", "alpha", "a", "b"))
        days = self.purchase_days or {self.first_day}
        x, first, last = len(days) - 1, min(days), max(days)
        t_x, age, horizon = (last - first) / 7, max(today - first, last - first, 0) / 7, program.horizon_days / 7
        alive = 1.0
        if x > 0:
            alive = 1 / (1 + a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x))
        return 1 - alive * (1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x))

    def published(self, clock):
        today = self.series.first.day(clock)
        program = self.series.on(today)
        level, since, _ = self.level_on(today)
        qualifying = Fraction(self.published_qualifying(today))
        if program.metric == "money":
            qualifying /= program.scale
        return {"member": self.name, "balance": self.balance, "level": self.levels_on(today).levels[level].name,
                "qualifying": float(qualifying), "lifetime_points": self.lifetime_points, "purchases": self.purchases,
                "churn": round(self.churn(today), 4), "reserved": self.reserved, "redeemed_points": self.redeemed,
                "refunds": self.refunds, "revenue": float(Fraction(self.revenue, program.scale)),
                "refunded": float(Fraction(self.refunded, program.scale)), "level_since": iso_date(since),
                "purchase_days": len(self.purchase_days), "clicks": self.counts["click"], "views": self.counts["view"],
                "reviews": self.counts["review"], "rating_sum": self.rating_sum, "logins": self.counts["login"],
                "parked_refunds": len(self.parked), "ledger_seq": len(self.ledger)}


class Context:
    """The event that a change comes from, where it stood, and its day."""

    def __init__(self, event, position, day):
        self.event, self.position, self.day = event, position, day


def revenue_of(amounts):
    return max(0, amounts["total"] - (amounts["tax"] or 0) - (amounts["shipping"] or 0))


def iso_date(day):
    return None if day is None else datetime.date.fromordinal(day + EPOCH).isoformat()


# ---------------------------------------------------------------- a whole log

class Clock:
    """The largest time accepted; one too far ahead is refused until another member bears it out."""

    def __init__(self, jump_max_ms):
        self.now, self.confirmed, self.suspect, self.jump_max = 0, False, None, jump_max_ms // DAY_MS

    def believes(self, time, member):
        if self.now == 0 or time // DAY_MS - self.now // DAY_MS <= self.jump_max:
            return True
        if self.suspect and self.suspect[1] != member and abs(time // DAY_MS - self.suspect[0]) <= self.jump_max:
            self.suspect = None
            return True
        self.suspect = (time // DAY_MS, member)
        return False

    def accepted(self, time):
        if self.now == 0:
            self.now = time
            return
        back = not self.confirmed and self.now // DAY_MS - time // DAY_MS > self.jump_max
        self.now = time if back else max(self.now, time)
        self.confirmed = not back


class Replay:
    """What a log comes to under the generations of a program."""

    def __init__(self, series):
        self.series, self.members, self.ledger, self.refused = series, {}, [], {}
        self.counts = {"events": 0, "applied": 0, "duplicates": 0, "skipped": 0, "deadlettered": 0}
        self.clock = Clock(series.first.jump_max_ms)

    def take(self, position, read):
        """One record; `read` makes an event of it or raises."""
        self.counts["events"] += 1
        try:
            event = read()
            if not self.clock.believes(event["time"], event["member"]):
                raise Refused("time_in_future")
            member = self.members.get(event["member"]) or Member(event["member"], self.series)
            entries = len(member.ledger)
            member.apply(event, position)
            self.members[member.name] = member
            self.ledger += member.ledger[entries:]
            self.clock.accepted(event["time"])
            self.counts["applied"] += 1
        except Duplicate:
            self.counts["duplicates"] += 1
        except Skipped:
            self.counts["skipped"] += 1
        except Refused as why:
            self.refused[position] = str(why)
            self.counts["deadlettered"] += 1

    def finish(self):
        self.counts["points_issued"] = sum(entry["points"] for entry in self.ledger if entry["entry"] == "earn")
        return self

    def published(self):
        names = sorted(self.members, key=lambda name: name.encode())
        return [self.members[name].published(self.clock.now) for name in names]


def replay(program_files, log, log_format="cloudevents"):
    """`program_files`: one, or a list with one for each generation."""
    run = Replay(Series(program_files if isinstance(program_files, list) else [program_files]))
    records = pathlib.Path(log).read_bytes().split(b"\n")
    if records and not records[-1]:
        records.pop()
    if log_format == "cdnow":
        for position, record in enumerate(records[1:]):
            run.take(position, lambda: read_cdnow(record, position))
    else:
        for position, record in enumerate(records):
            run.take(position, lambda: read_event(record, run.series.first))
    return run.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, action="append", help="once for each generation")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--format", default="cloudevents", choices=["cloudevents", "cdnow"])
    parser.add_argument("log")
    words_given = parser.parse_args()
    run = replay(words_given.program, words_given.log, words_given.format)
    words_given.out.mkdir(parents=True, exist_ok=True)
    refused = [{"position": position, "reason": reason} for position, reason in run.refused.items()]
    for name, rows in (("members", run.published()), ("ledger", run.ledger), ("refused", refused)):
        (words_given.out / f"{name}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (words_given.out / "counts.json").write_text(json.dumps(run.counts) + "\n")


if __name__ == "__main__":
    main()
