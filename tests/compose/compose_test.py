#!/usr/bin/env python3
"""The compose file by a real compose parser, and the image's Dockerfile as far as it can be held without
an engine: its packages exist, its sources exist, it does not run as root. `./run image-steps` goes further."""
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import unittest

import yaml

import dockerfile

COMPOSE = dockerfile.ROOT / "compose" / "compose.yaml"


def compose_client():
    """The words of a compose client, or None."""
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]) and subprocess.run([*words, "version"], capture_output=True).returncode == 0:
            return words
    return None


def distribution():
    release = platform.freedesktop_os_release()
    return release.get("ID", ""), release.get("VERSION_ID", "")


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        client = compose_client()
        if client is None:
            raise AssertionError("no compose client: ./run packages test installs one")
        parsed = subprocess.run([*client, "-f", COMPOSE, "config"], capture_output=True, text=True)
        if parsed.returncode != 0:
            raise AssertionError(f"{' '.join(client)} config: {parsed.stderr}")
        cls.services = yaml.safe_load(parsed.stdout)["services"]
        cls.written = yaml.safe_load(COMPOSE.read_text())

    def test_a_compose_parser_accepts_it_and_sees_every_service(self):
        self.assertEqual(set(self.services), {"kafka", "topics", "fealty", "traffic"})

    def test_a_key_that_compose_does_not_know_would_be_refused(self):
        text = COMPOSE.read_text().replace("healthcheck:", "helthcheck:")
        answer = subprocess.run([*compose_client(), "-f", "-", "config"], input=text, capture_output=True, text=True)
        self.assertNotEqual(answer.returncode, 0)

    def test_nothing_starts_before_what_it_needs(self):
        depends = {name: service.get("depends_on", {}) for name, service in self.services.items()}
        self.assertEqual(depends["topics"]["kafka"]["condition"], "service_healthy")
        for name in ("fealty", "traffic"):
            self.assertEqual(depends[name]["topics"]["condition"], "service_completed_successfully")
        self.assertIn("healthcheck", self.services["kafka"])

    def test_every_file_that_it_mounts_exists(self):
        for service in self.written["services"].values():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((COMPOSE.parent / source).exists(), source)
                else:
                    self.assertIn(source, self.written["volumes"])

    def test_every_stage_that_it_builds_exists(self):
        stages = {stage.name for stage in dockerfile.parse(dockerfile.DOCKERFILE.read_text())}
        for service in self.written["services"].values():
            if "build" in service:
                self.assertIn(service["build"]["target"], stages)

    def test_the_topics_made_are_those_that_the_service_uses(self):
        made = set(re.findall(r"^create (\S+)", (COMPOSE.parent / "topics.sh").read_text(), re.M))
        kafka = yaml.safe_load((COMPOSE.parent / "fealty.yaml").read_text())["kafka"]
        streams = ("notices", "ledger", "members", "deadletters", "changelog", "timeline")
        self.assertEqual(made, {kafka["input_topic"], *(kafka["output_prefix"] + s for s in streams)})
        self.assertEqual(self.services["traffic"]["environment"]["TOPIC"], kafka["input_topic"])

    def test_its_scripts_are_valid_shell(self):
        for script in COMPOSE.parent.glob("*.sh"):
            self.assertEqual(subprocess.run(["bash", "-n", script]).returncode, 0, script)

    def test_traffic_is_keyed_by_member_and_lets_malformed_lines_through(self):
        script = (COMPOSE.parent / "traffic.sh").read_text()
        expression = re.search(r"sed -u -E '([^']*)'", script)[1]
        lines = '{"id":"1","subject":"m7","data":{}}\n{"id":"2","subj\n'
        keyed = subprocess.run(["sed", "-u", "-E", expression], input=lines, capture_output=True, text=True).stdout
        self.assertEqual(keyed, 'm7\t{"id":"1","subject":"m7","data":{}}\n{"id":"2","subj\n')


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stages = {stage.name: stage for stage in dockerfile.parse(dockerfile.DOCKERFILE.read_text())}

    def test_every_source_that_it_copies_exists(self):
        for stage in self.stages.values():
            for words in stage.arguments("COPY"):
                origin, sources, _ = dockerfile.copy_of(words)
                if origin is None:
                    self.assertEqual([s for s in sources if not (dockerfile.ROOT / s).exists()], [])
                else:
                    self.assertIn(origin, self.stages)

    def test_it_does_not_run_as_root(self):
        for name in ("runtime", "traffic"):
            self.assertEqual(self.stages[name].arguments("USER")[-1], "fealty")

    def test_it_says_how_its_health_is_told_from_the_file_that_the_service_touches(self):
        check = self.stages["runtime"].arguments("HEALTHCHECK")[0]
        config = yaml.safe_load((COMPOSE.parent / "fealty.yaml").read_text())
        self.assertIn(config["health_file"], check)

    def test_signals_reach_the_process_itself(self):
        for name in ("runtime", "traffic"):
            for instruction in ("ENTRYPOINT", "CMD"):
                words = self.stages[name].arguments(instruction)[0]
                self.assertIsInstance(json.loads(words), list, f"{name}: {instruction} {words}: no shell between")

    @unittest.skipUnless(distribution() == ("debian", "12"), "its packages are those of Debian 12")
    def test_every_package_exists(self):
        names = sorted({name for stage in self.stages.values() for name in dockerfile.apt_packages(stage)})
        shown = subprocess.run(["apt-cache", "show", "--no-all-versions", *names], capture_output=True, text=True)
        found = set(re.findall(r"^Package: (\S+)$", shown.stdout, re.M))
        self.assertEqual([name for name in names if name not in found], [])

    @unittest.skipUnless(distribution() == ("debian", "12"), "its packages are those of Debian 12")
    def test_every_library_that_the_binary_needs_is_installed(self):
        binary = pathlib.Path(os.environ["FEALTY_BUILD_DIR"]) / "fealty"
        self.assertTrue(binary.exists(), f"build first: {binary}")
        stated = set(dockerfile.apt_packages(self.stages["runtime"]))
        # Packages that others bring along.
        closure = subprocess.run(["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests",
                                  "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", *stated],
                                 capture_output=True, text=True, check=True).stdout
        installed = set(re.findall(r"^([a-z0-9][\w.+-]*)$", closure, re.M)) | {"libc6", "libstdc++6", "libgcc-s1"}
        loaded = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
        for path in re.findall(r"=> (/\S+)", loaded):
            owner = owner_of(path)
            self.assertIn(owner, installed, f"{path} is of a package that the image lacks")


def owner_of(path):
    """The package that a library file belongs to."""
    for candidate in (path, os.path.realpath(path), "/usr" + path):
        answer = subprocess.run(["dpkg-query", "-S", candidate], capture_output=True, text=True)
        if answer.returncode == 0:
            return answer.stdout.split(":")[0]
    return path


if __name__ == "__main__":
    unittest.main()
