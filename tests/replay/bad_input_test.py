#!/usr/bin/env python3
"""Bad records and bad files, end to end: each refused with its reason and place, every neighbour intact."""
import base64
import gzip
import json
import subprocess
import unittest

import harness

PAYLOAD_MAX = 4096


def event(id="x", member="bad", type="purchase", time="2025-03-01T12:00:00Z", **data):
    """A purchase as CloudEvents JSON; None leaves a field out."""
    if type == "purchase":
        data = {"order_id": "o-" + id if isinstance(id, str) else "o", "currency": "USD", "total": 5} | data
    fields = {"specversion": "1.0", "id": id, "source": "/t", "type": type, "subject": member, "time": time,
              "data": {name: value for name, value in data.items() if value is not None}}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def raw(value, **data):
    """A purchase with total `value` written as it stands, which json.dumps would not."""
    return event(total="@@", **data).replace(b'"@@"', value)


def line(**fields):
    return event(total=None, lines=[{"sku": "s", "quantity": 1, "price": 5} | fields])


DEEP = 1_000_000
FUTURE = b'{"specversion":"1.0","id":"x","source":"/t","type":"purchase","subject":"bad","time":"%s","data":' \
         b'{"order_id":"o","currency":"USD","total":5}}'
# what it is, the record, the reason, the field at fault
BAD = [
    ("truncated JSON", event()[:-20], "malformed_json", None),
    ("cut after the first brace", b"{", "malformed_json", None),
    ("no JSON", b"hello, world", "malformed_json", None),
    ("a bare array", b"[" + event() + b"]", "wrong_type", None),
    ("two documents on a line", event() + b" " + event(), "malformed_json", None),
    ("an empty line", b"", "empty_record", None),
    ("blanks", b"  \t ", "empty_record", None),
    ("NUL bytes", b"\0\0\0\0\0\0\0\0", "malformed_json", None),
    ("a NUL byte in a text", event().replace(b'"bad"', b'"b\0d"'), "malformed_json", None),
    ("invalid UTF-8", event().replace(b'"bad"', b'"b\xff\xfed"'), "invalid_utf8", None),
    ("an overlong UTF-8 sequence", event().replace(b'"bad"', b'"\xc0\xaf"'), "invalid_utf8", None),
    ("a lone surrogate, escaped", event().replace(b'"bad"', b'"\\ud800"'), None, None),
    ("no member", event(member=None), "missing_field", "member"),
    ("an empty member", event(member=""), "missing_field", "member"),
    ("no id", event(id=None), "missing_field", "id"),
    ("no time", event(time=None), "missing_field", "time"),
    ("no type", event(type=None, order_id="o", currency="USD", total=5), "missing_field", "type"),
    ("no order", event(order_id=None), "missing_field", "order_id"),
    ("no total and no lines", event(total=None), "missing_field", "total"),
    ("no currency", event(currency=None), "missing_field", "currency"),
    ("an object for a member", event(member={"id": 1}), "wrong_type", "member"),
    ("a number for a time", event(time=20250301), "wrong_type", "time"),
    ("a text for a time", event(time="yesterday"), None, "time"),
    ("a 13th month", event(time="2025-13-01T00:00:00Z"), None, "time"),
    ("a 30th of February", event(time="2025-02-30T00:00:00Z"), None, "time"),
    ("a list for an amount", event(total=[5]), "wrong_type", "total"),
    ("a truth value for an amount", event(total=True), "wrong_type", "total"),
    ("words for an amount", event(total="five"), None, "total"),
    ("a text for data", event(type="login").replace(b'"data": {}', b'"data": "x"'), "wrong_type", "data"),
    ("1e400", raw(b"1e400"), "out_of_range", "total"),
    ("-1e400", raw(b"-1e400"), "out_of_range", "total"),
    ("1e400 as text", event(total="1e400"), "out_of_range", "total"),
    ("-0", raw(b"-0"), "out_of_range", "total"),
    ("-0.00 as text", event(total="-0.00"), "out_of_range", "total"),
    ("a negative amount", raw(b"-5"), "out_of_range", "total"),
    ("NaN", raw(b"NaN"), "malformed_json", None),
    ("NaN as text", event(total="NaN"), None, "total"),
    ("Infinity", raw(b"Infinity"), "malformed_json", None),
    ("a number with a leading zero", raw(b"05"), "malformed_json", None),
    ("20 digits", raw(b"12345678901234567890"), "out_of_range", "total"),
    ("20 digits as text", event(total="12345678901234567890"), "out_of_range", "total"),
    ("three decimals in USD", raw(b"5.125"), "too_many_decimals", "total"),
    ("decimals in JPY", event(currency="JPY", total=5.5), "too_many_decimals", "total"),
    ("an unknown currency", event(currency="ZZZ"), "unknown_currency", "currency"),
    ("a currency that is not the program's", event(currency="EUR"), "currency_not_in_program", "currency"),
    ("a negative quantity", line(quantity=-1), "out_of_range", "quantity"),
    ("a quantity of zero", line(quantity=0), "out_of_range", "quantity"),
    ("half a piece", line(quantity=0.5), "too_many_decimals", "quantity"),
    ("lines whose sum is beyond any amount", line(quantity=10**9, price=10**9), "out_of_range", None),
    ("points beyond any number", event(type="redemption", redemption_id="r", points=10**19), "out_of_range", "points"),
    ("a rating of 6", event(type="review", rating=6), "out_of_range", "rating"),
    ("the same key twice", event().replace(b'"subject"', b'"subject": "good", "subject"'), "duplicate_key", "member"),
    ("the same amount twice", event().replace(b'"total"', b'"total": 1, "total"'), "duplicate_key", "total"),
    ("nesting 10^6 deep, within 1 MiB", b'{"data":{"x":' + b"[" * DEEP + b"}}", "too_deep", None),
    ("nesting 10^6 deep and closed", b"[" * DEEP + b"]" * DEEP, "record_too_large", None),
    ("deep under an unknown key", event().replace(b'"specversion"', b'"x": ' + b"[" * 5000 + b"]" * 5000
                                                  + b', "specversion"'), "too_deep", None),
    ("a line of 100 MB", event().replace(b'"bad"', b'"' + b"m" * 100_000_000 + b'"'), "record_too_large", None),
    ("a member of 300 bytes", event(member="m" * 300), "out_of_range", "member"),
    ("the year 1601", FUTURE % b"1601-01-01T00:00:00Z", "out_of_range", "time"),
    ("the year 9999", FUTURE % b"9999-12-31T23:59:59Z", "out_of_range", "time"),
    ("a redemption of points that are not there", event(type="redemption", redemption_id="r", points=5),
     "insufficient_points", None),
]


class BadRecords(unittest.TestCase):
    """One log with every bad record between two good ones; the good ones must not notice."""

    @classmethod
    def setUpClass(cls):
        cls.log = harness.folder() / "log.ndjson"
        with cls.log.open("wb") as out:
            for number, (_, record, _, _) in enumerate(BAD):
                out.write(event(f"good-{number}", f"m{number:03}", total=7) + b"\n" + record + b"\n")
            out.write(event("good-last", f"m{len(BAD):03}", total=7) + b"\n")
            cls.cut = event("cut", "cut")[:-9]
            out.write(cls.cut)  # a line cut at the end of the file
        cls.outcome = harness.replayed(None, cls.log)
        cls.dead = {row["position"]: row for row in cls.outcome.rows("deadletters.ndjson")}

    def test_each_is_dead_lettered_with_its_reason_and_field(self):
        for number, (what, _, reason, field) in enumerate(BAD):
            with self.subTest(what):
                self.assertIn(2 * number + 1, self.dead)
                row = self.dead[2 * number + 1]
                if reason:
                    self.assertEqual(row["reason"], reason, row["field"])
                if field:
                    self.assertEqual(row["field"], field)

    def test_each_says_where_it_stood_and_keeps_its_bytes_within_bounds(self):
        for number, (what, record, _, _) in enumerate(BAD):
            with self.subTest(what):
                row = self.dead[2 * number + 1]
                self.assertEqual(row["source"], f"{self.log}:{2 * number + 2}")
                kept = row["payload"].encode() if "payload" in row else base64.b64decode(row["payload_base64"])
                self.assertLessEqual(len(kept), PAYLOAD_MAX)
                self.assertTrue(record.startswith(kept))
                self.assertEqual(row["truncated"], len(kept) < len(record))
                if len(record) <= PAYLOAD_MAX:
                    self.assertEqual((kept, row["payload_bytes"]), (record, len(record)))

    def test_a_line_cut_at_the_end_of_the_file_is_one_of_them(self):
        row = self.dead[2 * len(BAD) + 1]
        self.assertEqual((row["reason"], row["payload"].encode()), ("malformed_json", self.cut))

    def test_they_are_as_many_as_there_are_and_the_report_counts_them(self):
        report = self.outcome.report()
        self.assertEqual(sorted(self.dead), [2 * number + 1 for number in range(len(BAD) + 1)])
        self.assertEqual((report["events"], report["applied"], report["deadlettered"]),
                         (2 * len(BAD) + 2, len(BAD) + 1, len(BAD) + 1))

    def test_every_neighbour_is_intact_and_no_other_member_came_to_be(self):
        members = {row["member"]: (row["balance"], row["purchases"], row["revenue"])
                   for row in self.outcome.rows("members.ndjson")}
        self.assertEqual(members, {f"m{number:03}": (7, 1, 7) for number in range(len(BAD) + 1)})

    def test_so_it_is_with_other_batches_and_partitions(self):
        other = harness.replayed(self, self.log, partitions=3, batch=2, state=harness.folder() / "state")
        self.assertEqual(other.by_member_sha256(), self.outcome.by_member_sha256())


class Borderline(unittest.TestCase):
    """What looks odd but is right."""

    def test_odd_spellings_of_right_amounts_are_exact(self):
        spellings = {b"5": "5.00", b"5.00": "5.00", b"5.000": "5.00", b'"5.10"': "5.10", b"0.5e1": "5.00",
                     b"5E0": "5.00", b"1e2": "100.00", b"0": "0.00", b"0.1": "0.10", b"4.35": "4.35",
                     b"9999999999999.99": "9999999999999.99"}
        log = harness.folder() / "log.ndjson"
        log.write_bytes(b"".join(raw(text, id=f"i{i}", member=f"m{i:02}") + b"\n" for i, text in enumerate(spellings)))
        outcome = harness.replayed(self, log)
        self.assertEqual(outcome.bytes("deadletters.ndjson"), b"")
        revenue = [json.loads(line, parse_float=str)["revenue"]
                   for line in outcome.bytes("members.ndjson").splitlines()]
        self.assertEqual(dict(zip(spellings, revenue)), spellings)

    def test_an_unknown_type_is_counted_and_skipped(self):
        log = harness.folder() / "log.ndjson"
        log.write_bytes(event(type="parade") + b"\n" + event("y", "good") + b"\n")
        report = harness.replayed(self, log).report()
        self.assertEqual((report["skipped"], report["deadlettered"], report["applied"]), (1, 0, 1))

    def test_a_last_line_without_its_end_counts_where_it_is_whole(self):
        log = harness.folder() / "log.ndjson"
        log.write_bytes(event("a", "one") + b"\n" + event("b", "two"))
        self.assertEqual([row["member"] for row in harness.replayed(self, log).rows("members.ndjson")], ["one", "two"])

    def test_carriage_returns_and_a_byte_order_mark_do_no_harm_to_the_lines_after(self):
        log = harness.folder() / "log.ndjson"
        log.write_bytes(b"\xef\xbb\xbf" + event("a", "one") + b"\r\n" + event("b", "two") + b"\r\n")
        self.assertIn("two", [row["member"] for row in harness.replayed(self, log).rows("members.ndjson")])

    def test_an_empty_file_gives_empty_outputs(self):
        log = harness.folder() / "log.ndjson"
        log.write_bytes(b"")
        outcome = harness.replayed(self, log)
        self.assertEqual([outcome.bytes(name) for name in harness.FILES], [b""] * 4)


class DamagedFiles(unittest.TestCase):
    """A file that is itself unreadable: an error that names it, and all before it kept."""

    @classmethod
    def setUpClass(cls):
        here = harness.folder()
        cls.plain = harness.generate(here / "log.ndjson", members=400, events=20_000, seed=4)
        text = cls.plain.read_bytes()
        (here / "log.ndjson.gz").write_bytes(gzip.compress(text, mtime=0))
        subprocess.run(["zstd", "-q", "-f", "--check", str(cls.plain), "-o", str(here / "log.ndjson.zst")], check=True)
        cls.whole = {name: (here / f"log.ndjson.{name}").read_bytes() for name in ("zst", "gz")}
        cls.reference = harness.replayed(None, cls.plain)

    def damaged(self, kind, change):
        log = harness.folder() / f"log.ndjson.{kind}"
        log.write_bytes(change(self.whole[kind]))
        return log

    def assert_refused(self, log, kind):
        """Then the file is mended, and the run goes on to what an undamaged one gives."""
        here = harness.folder()
        words = harness.replay_words(log, out=here / "out", state=here / "state", commit_events=1000)
        done = harness.fealty(*words)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("input_corrupt", done.stderr)
        self.assertIn(str(log), done.stderr)
        manifest = json.loads((here / "out" / "manifest.json").read_text())
        self.assertFalse(manifest["complete"])
        committed = (here / "out" / "ledger.ndjson").read_bytes()[:manifest["output_bytes"]["ledger.ndjson"]]
        self.assertTrue(self.reference.bytes("ledger.ndjson").startswith(committed))
        return here, committed

    def test_a_flipped_byte_in_a_zst_file_is_found_and_named(self):
        half = len(self.whole["zst"]) // 2
        self.assert_refused(self.damaged("zst", lambda b: b[:half] + bytes([b[half] ^ 0xFF]) + b[half + 1:]), "zst")

    def test_a_file_that_breaks_off_is_named_and_what_came_before_is_kept(self):
        for kind in ("zst", "gz"):
            with self.subTest(kind):
                log = self.damaged(kind, lambda b: b[:len(b) * 3 // 4])
                _, committed = self.assert_refused(log, kind)
                self.assertGreater(len(committed), 0)

    def test_once_the_file_is_mended_the_run_goes_on_to_the_same_result(self):
        for kind in ("zst", "gz"):
            with self.subTest(kind):
                # Its first 64 KiB, by which a log is known again, are whole.
                log = self.damaged(kind, lambda b: b[:len(b) * 3 // 4])
                here, _ = self.assert_refused(log, kind)
                log.write_bytes(self.whole[kind])
                done = harness.fealty(*harness.replay_words(log, out=here / "out", state=here / "state",
                                                            commit_events=1000))
                self.assertEqual(done.returncode, 0, done.stderr)
                mended = harness.Outcome(here / "out")
                for name in ("members.ndjson", "notices.ndjson", "ledger.ndjson"):
                    self.assertEqual(mended.by_member_sha256()[name], self.reference.by_member_sha256()[name], name)
                self.assertEqual([row["position"] for row in mended.rows("deadletters.ndjson")],
                                 [row["position"] for row in self.reference.rows("deadletters.ndjson")])


if __name__ == "__main__":
    unittest.main()
