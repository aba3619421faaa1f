#!/usr/bin/env python3
"""Delimited text as RFC 4180 and its readers have it: the same fields as Python's csv finds, and no text becomes an event."""
import csv
import gzip
import io
import json
import pathlib
import random
import subprocess
import unittest

import harness

FIELDS = harness.BINARY.parent / "tests/replay/delimited_fields"
DOCUMENTS = 3_000
HEADER = "type,id,time,member,order_id,total,sku,rating,text"


def found(documents, separator=","):
    """Per document, its records as lists of fields; None for one that is refused."""
    here = harness.folder()
    paths = []
    for number, text in enumerate(documents):
        paths.append(here / f"{number}.csv")
        paths[-1].write_bytes(text.encode())
    done = subprocess.run([FIELDS, separator, *paths], capture_output=True, text=True, check=True)
    records = [[] for _ in documents]
    for line in done.stdout.splitlines():
        index, *fields = line.split(" ")
        refused = fields == ["!"]
        records[int(index)].append(None if refused else [bytes.fromhex(field[1:]).decode() for field in fields])
    return records


def expected(text, separator=","):
    """What csv finds before it gives up, and whether it does."""
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            rows.append(row or [""])
    except csv.Error:
        return rows, True
    return rows, False


class AsAnotherReaderFinds(unittest.TestCase):
    def compare(self, documents, separator=","):
        for text, ours in zip(documents, found(documents, separator)):
            rows, gave_up = expected(text, separator)
            self.assertEqual(ours[:len(rows)], rows, repr(text))
            if gave_up:
                self.assertIsNone(ours[len(rows)], repr(text))
            else:
                self.assertEqual(len(ours), len(rows), repr(text))

    def test_random_text_of_what_matters(self):
        draw = random.Random(4180)
        for separator in ",;\t|":
            alphabet = ['"', '"', separator, separator, "\n", "\r\n", "a", "b c", "é", "'", "\\", ""]
            self.compare(["".join(draw.choice(alphabet) for _ in range(draw.randrange(1, 24))) for _ in range(DOCUMENTS)],
                         separator)

    def test_written_by_it_and_read_back(self):
        draw = random.Random(4181)
        alphabet = ['"', ",", "\n", "\r", "\r\n", "a", "b c", "é", "sep=", " "]
        documents, written = [], []
        for number in range(DOCUMENTS):
            rows = [["".join(draw.choice(alphabet) for _ in range(draw.randrange(6))) for _ in range(1 + number % 4)]
                    for _ in range(draw.randrange(1, 6))]
            rows[0][0] = "x" + rows[0][0]
            out = io.StringIO(newline="")
            # With "\n" alone some versions of it leave a "\r" without quotes.
            end, quoting = draw.choice([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)])
            csv.writer(out, lineterminator=end, quoting=quoting).writerows(rows)
            documents.append(out.getvalue())
            written.append(rows)
        self.assertEqual(found(documents), written)


class NoTextIsAnEvent(unittest.TestCase):
    FORGED = "nice\npurchase,x1,2024-03-02T10:00:00Z,mallory,ox1,99999.00,,,\nbye"

    def replay(self, data, name="log.csv", program=None):
        log = harness.folder() / name
        log.write_bytes(data)
        return harness.replayed(self, log, format="csv")

    def members(self, outcome):
        return {row["member"]: row["balance"] for row in map(json.loads, outcome.bytes("members.ndjson").splitlines())}

    def test_whatever_it_holds_and_however_it_is_packed(self):
        rows = [["purchase", "p1", "2024-03-01T10:00:00Z", "alice", "o1", "20.00", "", "", ""],
                ["review", "r1", "2024-03-02T10:00:00Z", "mallory", "", "", "s1", "5", self.FORGED]]
        for end in ("\n", "\r\n", "\r"):
            out = io.StringIO(newline="")
            csv.writer(out, lineterminator=end).writerows([HEADER.split(","), *rows])
            text = out.getvalue().encode()
            for data, name in ((text, "log.csv"), (gzip.compress(text), "log.csv.gz"), (b"\xef\xbb\xbf" + text, "bom.csv"),
                               (b"sep=," + end.encode() + text, "sep.csv")):
                with self.subTest(end=end, name=name):
                    self.assertEqual(self.members(self.replay(data, name)), {"alice": 20, "mallory": 20})

    def test_a_quote_that_does_not_close_harms_no_row_before_it(self):
        rows = f"{HEADER}\npurchase,p1,2024-03-01T10:00:00Z,alice,o1,20.00,,,\n"
        outcome = self.replay((rows + "review,r1,2024-03-02T10:00:00Z,bob,,,s1,5,\"open\n" + self.FORGED).encode())
        self.assertEqual(self.members(outcome), {"alice": 20})
        letter, = map(json.loads, outcome.bytes("deadletters.ndjson").splitlines())
        self.assertIn("a quoted field does not end", letter["detail"])
        self.assertTrue(letter["source"].endswith("log.csv:3"), letter["source"])

    def test_a_separator_that_a_first_line_names(self):
        row = "purchase{0}p1{0}2024-03-01T10:00:00Z{0}alice{0}o1{0}20.00{0}{0}{0}\r\n"
        for separator in ";\t|,":
            text = f"sep={separator}\r\n" + HEADER.replace(",", separator) + "\r\n" + row.format(separator)
            self.assertEqual(self.members(self.replay(text.encode())), {"alice": 20})
        done = harness.fealty(*harness.replay_words(self.log("sep=x\n"), out=harness.folder() / "out", format="csv"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("'sep=x' names no separator", done.stderr)

    def log(self, text):
        log = harness.folder() / "log.csv"
        log.write_text(text, encoding="utf-8", newline="")
        return log


MAPPING = """
mapping: export
format: delimited
delimited: {{separator: tab, quoting: {quoting}, columns: [type, id, time, member, text]}}
id: id
type: type
member: member
time: time
types:
  review: {{names: [review], fields: {{rating: {{const: "5"}}, text: text, review_id: id, sku: text}}}}
"""


class WithoutQuotes(unittest.TestCase):
    def write(self, quoting, text):
        here = harness.folder()
        (here / "export.yaml").write_text(MAPPING.format(quoting=quoting))
        (here / "log.tsv").write_text(f"review\t1\t2024-03-01T10:00:00Z\tann\t{text}\nreview\t2\t2024-03-01T10:00:00Z\tbob\tx\n",
                                      newline="")
        return here

    def read(self, quoting, text):
        here = self.write(quoting, text)
        outcome = harness.replayed(self, here / "log.tsv", format=here / "export.yaml")
        return [json.loads(line)["member"] for line in outcome.bytes("members.ndjson").splitlines()], outcome

    def test_a_quote_is_a_character(self):
        for quoting in ("none", "backslash"):
            self.assertEqual(self.read(quoting, '"open')[0], ["ann", "bob"])
        here = self.write("rfc4180", '"open')
        done = harness.fealty(*harness.replay_words(here / "log.tsv", out=here / "out", format=here / "export.yaml"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 of 1 records were dead-lettered", done.stderr)

    def test_a_backslash_lets_a_field_hold_a_separator(self):
        self.assertEqual(self.read("backslash", "a\\tb\\nc\\\\ \\\td")[0], ["ann", "bob"])
        members, outcome = self.read("none", "a\\\tb")
        self.assertEqual(members, ["bob"])
        self.assertIn(b"more cells than columns", outcome.bytes("deadletters.ndjson"))
        members, outcome = self.read("backslash", "a\\")
        self.assertEqual(members, ["bob"])
        self.assertIn(b"a backslash at the end", outcome.bytes("deadletters.ndjson"))


SPREADSHEET = """
mapping: spreadsheet
format: delimited
delimited: {separator: semicolon, header_lines: 1, columns: [Nummer, Datum, Kunde, Betrag]}
amounts: {decimal: comma}
id: Nummer
type: {const: purchase}
member: Kunde
time: {path: Datum, format: [iso_date, "%d.%m.%Y", excel], zone: "+01:00"}
types:
  purchase: {names: [purchase], fields: {order_id: Nummer, total: Betrag}}
"""


class AsPeopleWrite(unittest.TestCase):
    def test_amounts_and_dates_of_a_spreadsheet(self):
        rows = {"a": ("2024-03-01", "12,50", 12.5), "b": ("01.03.2024", "1.000", 1000), "c": ("45352", '"1.500,00"', 1500),
                "d": ("2024-03-01", "1 234,56 USD", 1234.56), "e": ("2024-03-01", "1.50", None), "f": ("03/01/2024", "1", None),
                "g": ("2024-03-01", "10 EUR", None)}
        here = harness.folder()
        (here / "spreadsheet.yaml").write_text(SPREADSHEET)
        text = "Nummer;Datum;Kunde;Betrag\r\n" + "".join(f"{name};{date};{name};{amount}\r\n"
                                                        for name, (date, amount, _) in rows.items())
        (here / "log.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
        outcome = harness.replayed(self, here / "log.csv", format=here / "spreadsheet.yaml")
        revenue = {row["member"]: row["revenue"] for row in outcome.rows("members.ndjson")}
        self.assertEqual(revenue, {name: amount for name, (_, _, amount) in rows.items() if amount is not None})
        self.assertEqual({row["time"] for row in outcome.rows("ledger.ndjson")}, {"2024-02-29T23:00:00Z"})
        refused = [(row["source"][-5:], row["field"]) for row in outcome.rows("deadletters.ndjson")]
        self.assertEqual(refused, [("csv:6", "total"), ("csv:7", "time"), ("csv:8", "total")])


if __name__ == "__main__":
    unittest.main()
