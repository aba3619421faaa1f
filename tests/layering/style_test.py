#!/usr/bin/env python3
"""What a reader relies on: short files, no machine's own paths, and a README that is true."""
import re
import subprocess
import unittest

import rooms

LINES_MAX = {".hpp": 250, ".cpp": 450}
# Folders that exist on one machine only. Split, so that this file does not name them itself.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:" + "|".join(("wo" + "rk", "ho" + "me", "Us" + "ers", "ro" + "ot")) +
                          r")(?:/[\w.-]+)")
TEXT = {".hpp", ".cpp", ".py", ".sh", ".md", ".yaml", ".yml", ".json", ".txt", ".cmake", ".proto", ""}


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=rooms.ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [rooms.ROOT / name for name in listed.stdout.split("\0") if name]
    else:  # a source archive
        paths = [path for path in rooms.ROOT.rglob("*") if "build" not in path.relative_to(rooms.ROOT).parts[:1]]
    return [path for path in paths if path.is_file() and path.suffix in TEXT
            and path.stat().st_size < 1_000_000]


def readme():
    return (rooms.ROOT / "README.md").read_text(encoding="utf-8")


class Style(unittest.TestCase):
    def test_files_are_short(self):
        long = []
        for _, path in rooms.all_files():
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > LINES_MAX[path.suffix]:
                long.append(f"{rooms.relative(path)}: {lines} lines, at most {LINES_MAX[path.suffix]}")
        self.assertEqual(long, [])

    def test_every_header_guards_itself(self):
        wrong = [rooms.relative(path) for _, path in rooms.all_files() if path.suffix == ".hpp"
                 and not path.read_text(encoding="utf-8").startswith("#pragma once\n")]
        self.assertEqual(wrong, [])

    def test_no_file_names_a_path_of_one_machine(self):
        wrong = []
        for path in tracked():
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                found = MACHINE_PATH.search(line)
                if found and not line.startswith("#!"):
                    wrong.append(f"{rooms.relative(path)}:{number}: {found[0]}")
        self.assertEqual(wrong, [])

    def test_the_version_is_stated_once(self):
        cmake = (rooms.ROOT / "CMakeLists.txt").read_text()
        header = (rooms.ROOT / "include/fealty/version.hpp").read_text()
        self.assertEqual(re.search(r"project\(fealty VERSION ([\d.]+)", cmake)[1],
                         re.search(r'FEALTY_VERSION "([\d.]+)"', header)[1])


class Readme(unittest.TestCase):
    def test_its_table_of_rooms_is_the_law(self):
        rows = re.findall(r"^\| `(\w+)/` \|[^|]*\| ([^|]*) \|", readme(), re.M)
        self.assertEqual({room for room, _ in rows}, {room for room in rooms.TABLE if rooms.files(room)})
        for room, cell in rows:
            allowed = rooms.TABLE[room][0]
            stated = {word for word in re.findall(r"\w+", cell)} - {"nothing"}
            self.assertEqual(stated, {"everything"} if allowed is None else set(allowed), room)

    def test_each_run_command_exists(self):
        commands = set(re.findall(r"\./run ([a-z-]+)", readme()))
        listed = subprocess.run(["./run", "help"], cwd=rooms.ROOT, check=True, capture_output=True,
                                text=True).stdout
        self.assertGreater(len(commands), 2)
        self.assertEqual([c for c in commands if not re.search(rf"^  .*\b{c}\b", listed, re.M)], [])

    def test_each_fealty_command_exists(self):
        binary = next((path for path in (rooms.BUILD / "fealty", rooms.BUILD / "src/cli/fealty")
                       if path.exists()), None)
        self.assertIsNotNone(binary, "build first; FEALTY_BUILD_DIR names the build directory")
        commands = set(re.findall(r"^(?:\./build/release/)?fealty ([a-z]+)\b", readme(), re.M))
        commands |= set(re.findall(r"`fealty ([a-z]+)\b", readme()))
        self.assertGreater(len(commands), 2)
        for command in sorted(commands):
            answer = subprocess.run([binary, command, "--help"], capture_output=True, text=True)
            self.assertEqual(answer.returncode, 0, f"fealty {command}: {answer.stderr}")

    def test_each_file_it_links_exists(self):
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)", readme())
        paths = re.findall(r"`((?:config|compose|tests|docs|include|src|topologies|state)/[\w./-]*)`", readme())
        self.assertEqual([p for p in links + paths if not (rooms.ROOT / p).exists()], [])


if __name__ == "__main__":
    unittest.main()
