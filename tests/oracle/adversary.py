"""Logs made to hurt: few members, deep histories, everything that a bus or a shop does wrong. Same seed, same bytes."""
import copy
import datetime
import json
import random

START = datetime.datetime(2021, 11, 20, tzinfo=datetime.timezone.utc)
SKUS = ["s1", "s2", "s3", "s4", "s5"]
CATEGORIES = ["shoes", "shoes/running", "shoestring", "books", "toys/wood", "toys", "", None]
BRANDS = ["acme", "outlet", "other", "", None]
CHANNELS = ["web", "app", "pos", None]
DIGITS = {"JPY": 0, "KWD": 3}


class Adversary:
    def __init__(self, seed, currency, members=8):
        self.dice = random.Random(seed)
        self.currency, self.members = currency, [f"m{i}" for i in range(members)]
        self.now, self.serial, self.sent = START, 0, []
        self.orders = {member: [] for member in self.members}
        self.refunds = {member: [] for member in self.members}
        self.redemptions = {member: [] for member in self.members}
        self.style = self.dice.choice(["id{}", "shop-{}", "the-order-of-the-shop-{}-of-2022"])
        self.pace_hours = self.dice.choice([2, 12, 40])
        self.late_share = self.dice.choice([0.12, 0.12, 0.4])
        self.refund_share = self.dice.choice([18, 18, 40])

    # -------- values

    def chance(self, share):
        return self.dice.random() < share

    def amount(self, most=120.0, currency=None):
        """Exact decimals, as a number or a text; sometimes zero."""
        digits = DIGITS.get(currency or self.currency, 2)
        units = self.dice.randrange(int(most * (10 ** digits if digits else 100)))
        if self.chance(0.05):
            units = 0
        if self.chance(0.3):
            units -= units % (10 ** digits if digits else 100)
        whole, rest = divmod(units, 10 ** digits)
        text = f"{whole}.{rest:0{digits}d}" if digits else str(whole)
        if self.chance(0.15):
            return Raw(text.rstrip("0").rstrip(".") if "." in text else text)
        return text if self.chance(0.2) else Raw(text)

    def sometimes(self, share, make):
        return make() if self.chance(share) else None

    def name(self, text):
        return self.style.format(text)

    # -------- events

    def purchase(self, member):
        known = self.orders[member]
        order = self.name(f"o{len(known) + self.dice.choice([0, 0, 0, 1, 2])}")
        if known and self.chance(0.06):
            order = self.dice.choice(known)["order_id"]
        lines = []
        for number in range(self.dice.choice([0, 1, 1, 2, 3, 5])):
            lines.append(clean({"line": self.dice.choice([None, "", str(number + 1), str(number + 1), "1"]),
                                "sku": self.dice.choice(SKUS), "category": self.dice.choice(CATEGORIES),
                                "brand": self.dice.choice(BRANDS), "quantity": self.dice.choice([1, 1, 2, 3, 7]),
                                "price": self.amount(30)}))
        data = {"order_id": order, "currency": self.currency, "total": self.amount(), "lines": lines or None,
                "subtotal": self.sometimes(0.6, self.amount), "tax": self.sometimes(0.5, lambda: self.amount(20)),
                "shipping": self.sometimes(0.5, lambda: self.amount(15)),
                "discount": self.sometimes(0.4, lambda: self.amount(20)),
                "points_paid": self.sometimes(0.3, lambda: self.dice.randrange(50)),
                "channel": self.dice.choice(CHANNELS)}
        if lines and self.chance(0.4):
            del data["total"]
        if self.chance(0.04):
            data["currency"] = self.dice.choice(["EUR", "USD", "JPY", "CHF"])
            data["total"] = str(self.dice.randrange(100))
            data = {key: value for key, value in data.items() if key in ("order_id", "currency", "total", "channel")}
        if self.chance(0.004):
            data["total"] = self.dice.choice(["10000000000000", "100000000000000000", "1e12"])
        known.append(data)
        return "purchase", data

    def order_id(self, member):
        if self.orders[member] and self.chance(0.85):
            recent = self.orders[member][-12:] if self.chance(0.8) else self.orders[member]
            return self.dice.choice(recent)["order_id"]
        return self.name(f"o{len(self.orders[member]) + self.dice.randrange(3)}")

    def refund(self, member):
        order = self.order_id(member)
        kind = self.dice.choice(["all", "amount", "amount", "amount", "lines", "lines", "lines", "both"])
        data = {"order_id": order, "refund_id": self.sometimes(0.7, lambda: self.name(f"r{len(self.refunds[member])}")),
                "currency": self.dice.choice([self.currency] * 5 + [None, "EUR", "USD"]),
                "reason": self.sometimes(0.2, lambda: "broken")}
        if self.refunds[member] and self.chance(0.05):
            data["refund_id"] = self.dice.choice(self.refunds[member]).get("refund_id")
        if kind in ("amount", "both"):
            data["amount"] = str(self.dice.randrange(60)) if data["currency"] != self.currency else self.amount(60)
        if kind in ("lines", "both"):
            data["lines"] = [self.refund_line(data["currency"]) for _ in range(self.dice.choice([1, 1, 2, 3]))]
        self.refunds[member].append(clean(data))
        return "refund", data

    def refund_line(self, currency):
        line = {"quantity": self.sometimes(0.5, lambda: self.dice.choice([1, 1, 2, 3, 9])),
                "amount": self.sometimes(0.4, lambda: str(self.dice.randrange(25)) if currency != self.currency
                                         else self.amount(25))}
        if self.chance(0.5):
            line["line"] = self.dice.choice(["1", "2", "3", "9"])
        if self.chance(0.6) or "line" not in line:
            line["sku"] = self.dice.choice(SKUS + ["s9"])
        return clean(line)

    def cancel(self, member):
        return "cancel", {"order_id": self.order_id(member)}

    def redemption(self, member):
        known = self.redemptions[member]
        if known and self.chance(0.55):
            name = self.dice.choice(known[-6:])
            phase = self.dice.choice(["capture", "release", "capture", "release", "reserve", "at_once"])
        else:
            name, phase = self.name(f"d{len(known)}"), self.dice.choice([None, "at_once", "reserve", "reserve", "capture"])
            known.append(name)
        points = self.dice.choice([1, 5, 20, 50, 200])
        if phase in ("capture", "release"):
            points = self.sometimes(0.4, lambda: self.dice.choice([0, 3, 500]))
        return "redemption", {"redemption_id": name, "points": points, "phase": phase}

    def adjustment(self, member):
        points = self.dice.choice([1, 10, 25, 100, -1, -10, -60, -300])
        if self.chance(0.02):
            points = self.dice.choice([10 ** 12, -10 ** 12])
        return "adjustment", {"points": points, "actor": "ann", "reason": self.dice.choice(["goodwill", "fix"])}

    def touch(self, member):
        return self.dice.choice(["view", "click"]), {
            "sku": self.dice.choice(SKUS + [None]), "category": self.dice.choice(CATEGORIES),
            "brand": self.dice.choice(BRANDS), "channel": self.dice.choice(CHANNELS),
            "dwell_ms": self.sometimes(0.8, lambda: self.dice.randrange(200_000))}

    def review(self, member):
        return "review", {"sku": self.dice.choice(SKUS + [None]), "rating": self.dice.choice([1, 2, 3, 4, 5, "5"]),
                          "text": self.dice.choice([None, "ok", "süß & schön", "ok \U0001f600 fine", "x" * 30])}

    def small(self, member):
        return self.dice.choice([
            ("login", {"channel": self.dice.choice(CHANNELS)}), ("enrol", {}), ("enrol", {"joined": "2021-12-24"}),
            ("profile", {"birthday": "1990-02-03", "attributes": {"a": [1, {"b": None}]}}), ("consent", {"mail": True}),
            ("item", {"sku": "s1"}), ("merge", {"from": "x"}), ("erase", {}), ("nonsense", {"a": 1})])

    # -------- the envelope, and what goes wrong on the way

    def event(self):
        member = self.dice.choice(self.members)
        make = self.dice.choices([self.purchase, self.refund, self.cancel, self.redemption, self.adjustment, self.touch,
                                  self.review, self.small], [32, self.refund_share, 3, 12, 5, 10, 5, 9])[0]
        kind, data = make(member)
        self.serial += 1
        name = f"e{self.serial}"
        own = data.get("order_id") or data.get("redemption_id")
        if own and self.chance(0.1):
            name = own  # many shops use the order's id as the event's
        elif own and self.chance(0.02):
            name = self.name(self.dice.choice(["o1", "o2", "d1", "r1"]))
        time = self.now
        if self.chance(self.late_share):
            time -= datetime.timedelta(hours=self.dice.choice([1, 30, 24 * 20, 24 * 95, 24 * 400, 24 * 900]) * self.dice.random())
        if self.chance(0.002):
            time += datetime.timedelta(days=self.dice.choice([3, 90, 900]))
        prefix = self.dice.choice(["", "", "", "com.shop."])
        return clean({"specversion": "1.0", "id": name, "source": self.dice.choice(["/a", "/a", "/a", "/b"]),
                      "type": prefix + kind, "subject": member, "time": self.time_text(time), "data": clean(data)})

    def time_text(self, time):
        if self.chance(0.1):
            time = time.astimezone(datetime.timezone(datetime.timedelta(hours=self.dice.choice([-8, 2, 5.5]))))
        return time.isoformat(timespec=self.dice.choice(["seconds", "milliseconds", "milliseconds"])).replace(
            "+00:00", self.dice.choice(["Z", "Z", "+00:00"]))

    def repeat(self):
        """An earlier event again: as it was, changed, or told by another source or under another id."""
        event = copy.deepcopy(self.dice.choice(self.sent[-200:] if self.chance(0.7) else self.sent))
        how = self.dice.choice(["same", "same", "same", "source", "id", "changed", "later", "both"])
        if how in ("source", "both"):
            event["source"] = "/c"
        if how == "id":
            self.serial += 1
            event["id"] = f"e{self.serial}"
        if how in ("changed", "both"):
            data = event["data"]
            for key, value in (("total", "17"), ("amount", "3"), ("points", 7), ("reason", "again")):
                if key in data:
                    data[key] = value
                    break
        if how == "later":
            event["time"] = self.time_text(self.now)
        return event

    def broken(self):
        """Bytes that are no event."""
        event = self.event()
        text = dump(event)
        how = self.dice.randrange(9)
        if how == 0:
            return text[:self.dice.randrange(1, len(text) - 1)].encode()
        if how == 1:
            return text.encode() + b"}"
        if how == 2:
            return text.encode().replace(b'"subject"', b'"sub\xffject"')
        if how == 3:
            event.pop(self.dice.choice(["id", "subject", "time", "type", "source"]))
        elif how == 4:
            event[self.dice.choice(["id", "subject", "time", "type"])] = self.dice.choice([7, {"a": 1}, [1], True])
        elif how == 5:
            event["time"] = self.dice.choice(["yesterday", "2023-02-30T00:00:00Z", "1601-01-01T00:00:00Z",
                                              "9999-01-01T00:00:00Z", "2023-01-01"])
        elif how == 6:
            event["type"], event["data"] = "purchase", {
                "order_id": "bad", "currency": self.dice.choice([self.currency, "???", "EURO"]),
                "total": self.dice.choice(["12.3456", -1, "1,5", Raw("1e400"), Raw("-0"), "NaN", "", Raw("0.00001")])}
        elif how == 7:
            event["type"], event["data"] = "purchase", {
                "order_id": "bad", "currency": self.currency,
                "lines": [{"sku": "s1", "quantity": self.dice.choice([0, -1, Raw("1.5"), 10 ** 10]), "price": 1}]}
        else:
            event["type"], event["data"] = self.dice.choice([
                ("purchase", {"currency": self.currency, "total": 1}), ("purchase", {"order_id": "x", "total": 1}),
                ("purchase", {"order_id": "x", "currency": self.currency}), ("refund", {"amount": 1}),
                ("redemption", {"redemption_id": "x"}), ("redemption", {"redemption_id": "x", "points": 0}),
                ("redemption", {"redemption_id": "x", "points": 5, "phase": "soon"}), ("review", {"rating": 6}),
                ("review", {}), ("adjustment", {"points": 0, "actor": "a", "reason": "b"}),
                ("adjustment", {"points": 5}), ("refund", {"order_id": "x", "lines": [{"quantity": 1}]})])
        return dump(event).encode()

    def step(self):
        hours = self.pace_hours * self.dice.random()
        if self.chance(0.004):
            hours = 24 * self.dice.choice([20, 60, 130, 380])
        elif self.chance(0.1):
            hours = 0
        self.now += datetime.timedelta(hours=hours)
        self.now = self.now.replace(microsecond=self.now.microsecond // 1000 * 1000)

    def record(self):
        self.step()
        if self.sent and self.chance(0.06):
            return dump(self.repeat()).encode()
        if self.chance(0.02):
            return self.broken()
        event = self.event()
        self.sent.append(event)
        return dump(event).encode()


class Raw(str):
    """Written into the JSON as it stands: a number by its own digits."""


def clean(node):
    return {key: value for key, value in node.items() if value is not None}


def dump(node):
    """JSON with raw numbers kept digit for digit."""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{dump(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(dump, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def log(seed, currency, events=2500):
    adversary = Adversary(seed, currency)
    return b"".join(adversary.record() + b"\n" for _ in range(events))
