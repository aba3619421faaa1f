#!/usr/bin/env python3
"""`fealty check --live` from outside: its lines, its exit codes, and that the commands it prints mend what is missing.

Uses the broker in $FEALTY_BROKER_DIR; by hand:
tests/broker/broker.sh run --sasl anna:secret -- tests/integration/check_live_test.py
"""
import atexit
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ["FEALTY_BUILD_DIR"]) / "fealty"
BROKER_DIR = pathlib.Path(os.environ["FEALTY_BROKER_DIR"])
BOOTSTRAP = (BROKER_DIR / "bootstrap").read_text().strip()
SECURED = (BROKER_DIR / "bootstrap.sasl").read_text().strip()
TIMEOUT_S = 120
SASL = {"protocol": "sasl_plaintext", "mechanism": "PLAIN", "username": "anna"}

_work = pathlib.Path(tempfile.mkdtemp(prefix="fealty-check-"))
atexit.register(shutil.rmtree, _work, ignore_errors=True)


def kafka(tool, *words):
    done = subprocess.run([ROOT / "tests/broker/broker.sh", tool, "--dir", BROKER_DIR, *words], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)
    if done.returncode != 0:
        raise AssertionError(done.stderr + done.stdout)


class CheckLive(unittest.TestCase):
    def setUp(self):
        self.name = "c-" + uuid.uuid4().hex[:8]
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=_work))

    def check(self, *words, more=None, **kafka_settings):
        file = self.folder / "service.yaml"
        file.write_text(json.dumps((more or {}) | {  # JSON is YAML
            "program": str(ROOT / "config/programs/default.yaml"), "state": {"dir": str(self.folder / "state")},
            "kafka": {"brokers": BOOTSTRAP, "input_topic": self.name + ".events", "group": self.name,
                      "output_prefix": self.name + ".", "create_topics": True} | kafka_settings}))
        return subprocess.run([BINARY, "check", "--live", file, *map(str, words)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=TIMEOUT_S,
                              env=os.environ | {"FEALTY_KAFKA__SECURITY__PASSWORD": "secret"})

    def findings(self, *words, **kafka_settings):
        done = self.check("--json", *words, **kafka_settings)
        self.assertTrue(done.stdout, done.stderr)
        return done.returncode, {one["check"]: one for one in json.loads(done.stdout)}

    def test_the_printed_commands_mend_what_is_missing(self):
        # Given no input topic, output topics that it may not make, and a user without a right to the transactional id.
        kafka("acls", "--add", "--deny-principal", "User:anna", "--operation", "Write", "--transactional-id",
              self.name, "--resource-pattern-type", "prefixed")
        settings = {"create_topics": False, "brokers": SECURED, "security": SASL, "transactional_id": self.name}
        code, found = self.findings(**settings)
        self.assertEqual(code, 2)
        failed = [one for one in found.values() if one["verdict"] == "failed"]
        self.assertEqual(len([one for one in failed if "kafka-topics.sh" in one["mend"]]), 7)
        self.assertEqual(found[f"transactional id {self.name}-0-check"]["verdict"], "failed")

        # When each command is run, but against the listener that needs no password.
        kafka("acls", "--remove", "--force", "--deny-principal", "User:anna", "--operation", "Write",
              "--transactional-id", self.name, "--resource-pattern-type", "prefixed")
        for one in failed:
            tool, _, _, *words = shlex.split(one["mend"])
            kafka({"kafka-topics.sh": "topics", "kafka-acls.sh": "acls"}[tool], *words)

        # Then nothing fails any more.
        deadline = time.monotonic() + TIMEOUT_S
        code, found = self.findings(**settings)
        while code != 0 and time.monotonic() < deadline:  # rights arrive a little later
            code, found = self.findings(**settings)
        self.assertEqual(code, 0, found)
        self.assertEqual(found[f"write {self.name}.notices"]["verdict"], "ok")

    def ingest(self):
        return {"run": ["ingest", "members"], "ingest": {"inputs": [
            {"topics": [self.name + ".purchases"], "mapping": "cloudevents"},
            {"pattern": self.name + r"\.shop\..*", "mapping": "cloudevents"}]}}

    def create(self, *topics):
        for topic in topics:
            kafka("topics", "--create", "--topic", f"{self.name}.{topic}", "--partitions", "2")

    def test_ingest_is_tried_with_its_inputs_topics_groups_and_rights(self):
        self.create("events", "purchases", "shop.de", "shop.fr", "shopping")
        code, found = self.findings(more=self.ingest())
        self.assertEqual(code, 0, found)
        self.assertEqual(found[f"input topics /{self.name}\\.shop\\..*/"]["reason"],
                         f"{self.name}.shop.de, {self.name}.shop.fr")
        for what in ("topic {}.purchases", "read {}.purchases", "read {}.shop.fr", "retention {}.shop.de", "write {}.events",
                     "group {}-ingest", "group {}-ingest-reader", "group {}", "read {}.events"):
            self.assertEqual(found[what.format(self.name)]["verdict"], "ok", what)
        for stream in ("waiting", "changelog"):
            self.assertEqual(found[f"create {self.name}.{stream}"]["verdict"], "ok", stream)
        self.assertNotIn(f"topic {self.name}.shopping", found)

    def test_what_ingest_lacks_is_2_and_mended_by_the_printed_commands(self):
        # Given an input that may be described only, and one that is not there.
        self.create("events", "purchases")
        more = self.ingest()
        more["ingest"]["inputs"][0]["topics"].append(self.name + ".returns")
        kafka("acls", "--add", "--allow-principal", "User:anna", "--operation", "Describe", "--operation",
              "DescribeConfigs", "--topic", self.name + ".purchases")
        secured = {"brokers": SECURED, "security": SASL}

        def failed():
            code, found = self.findings(more=more, **secured)
            return code, {what: one["mend"] for what, one in found.items() if one["verdict"] == "failed"}

        code, lacks = failed()
        deadline = time.monotonic() + TIMEOUT_S
        while len(lacks) < 2 and time.monotonic() < deadline:  # rights arrive a little later
            code, lacks = failed()
        self.assertEqual(code, 2)
        self.assertEqual(sorted(lacks), [f"read {self.name}.purchases", f"topic {self.name}.returns"])

        # When each command is run, but against the listener that needs no password, then nothing fails.
        for mend in lacks.values():
            tool, _, _, *words = shlex.split(mend)
            kafka({"kafka-topics.sh": "topics", "kafka-acls.sh": "acls"}[tool], *words)
        while code != 0 and time.monotonic() < deadline:
            code, lacks = failed()
        self.assertEqual(code, 0, lacks)

    def test_a_group_of_ingest_that_may_not_be_used_is_named_also_where_there_is_no_input_yet(self):
        self.create("events")
        kafka("acls", "--add", "--deny-principal", "User:anna", "--operation", "Read", "--group", self.name + "-ingest")
        code, found = self.findings(more=self.ingest(), brokers=SECURED, security=SASL)
        self.assertEqual(code, 2)
        self.assertEqual(found[f"group {self.name}-ingest"]["verdict"], "failed", found)
        self.assertIn("kafka-acls.sh", found[f"group {self.name}-ingest"]["mend"])
        self.assertEqual(found[f"group {self.name}"]["verdict"], "ok")  # that of members

    def test_a_pattern_that_matches_nothing_is_a_warning_and_a_mapping_that_is_wrong_a_failure(self):
        self.create("events", "purchases")
        code, found = self.findings(more=self.ingest())
        self.assertEqual(code, 0, found)
        self.assertEqual(found[f"input topics /{self.name}\\.shop\\..*/"]["verdict"], "warning")
        wrong = self.ingest()
        wrong["ingest"]["inputs"][0]["mapping"] = str(self.folder / "none.yaml")
        code, found = self.findings(more=wrong)
        self.assertEqual(code, 2, found)
        self.assertEqual(found[f"mapping {self.folder}/none.yaml"]["verdict"], "failed")

    def test_ingest_alone_is_tried_without_what_members_need(self):
        self.create("events", "purchases", "shop.de")
        code, found = self.findings(more=self.ingest() | {"run": ["ingest"]})
        self.assertEqual(code, 0, found)
        self.assertNotIn(f"create {self.name}.changelog", found)

    def test_lines_for_people(self):
        kafka("topics", "--create", "--topic", self.name + ".events", "--partitions", "2")
        done = self.check()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"ok        brokers: {BOOTSTRAP}\n", done.stdout)
        self.assertIn(f"ok        create {self.name}.ledger: missing; `run` makes it\n", done.stdout)
        self.assertFalse((self.folder / "state").exists())

    def test_no_broker_is_3_within_the_stated_time(self):
        begun = time.monotonic()
        done = self.check(brokers="127.0.0.1:1")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertLess(time.monotonic() - begun, 30)
        self.assertIn("failed    brokers: no answer from 127.0.0.1:1", done.stdout)

    def test_a_wrong_password_is_2_and_not_repeated(self):
        done = self.check("--set", "kafka.security.username=bert", brokers=SECURED, security=SASL)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertNotIn("secret", done.stdout + done.stderr)

    def test_a_state_directory_that_cannot_be_is_1(self):
        kafka("topics", "--create", "--topic", self.name + ".events", "--partitions", "1")
        (self.folder / "state").write_text("no directory")
        code, found = self.findings()
        self.assertEqual(code, 1, found)

    def test_usage(self):
        done = subprocess.run([BINARY, "check", "--live", "a", "b"], capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(done.returncode, 2)
        done = subprocess.run([BINARY, "check", "--json", "a"], capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
