#!/usr/bin/env python3
"""Every header compiles alone, with the flags of its room: public and private ones alike.

One that a source of the build includes before anything else was compiled alone by the build itself; the
others are compiled here."""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import unittest

import rooms


def flags_of_rooms():
    """room: (compiler, flags) out of the compile commands of the build directory."""
    commands = json.loads((rooms.BUILD / "compile_commands.json").read_text())
    out = {}
    for command in commands:
        path = pathlib.Path(command["file"])
        for room in rooms.TABLE:
            empty = path.name == f"{room}_empty.cpp"
            if empty or (path.is_relative_to(rooms.ROOT) and any(
                    path.is_relative_to(folder) for folder in rooms.folders(room))):
                words = shlex.split(command["command"])
                words = words[1:] if "ccache" in words[0] else words
                keep = [w for i, w in enumerate(words[1:], 1) if w.startswith(("-I", "-D", "-std", "-W"))
                        or w == "-isystem" or words[i - 1] == "-isystem"]
                out[room] = (words[0], keep)
    return out


def compile_alone(job):
    path, compiler, flags = job
    done = subprocess.run([compiler, *flags, "-fsyntax-only", "-x", "c++", "-"], capture_output=True, text=True,
                          input=f'#include "{path}"\n')
    return None if done.returncode == 0 else f"{rooms.relative(path)}\n{done.stderr[:1500]}"


def proven_by_the_build():
    """The headers that some source of the build includes first."""
    out = set()
    for command in json.loads((rooms.BUILD / "compile_commands.json").read_text()):
        source = pathlib.Path(command["file"])
        if not source.is_relative_to(rooms.ROOT) or source.is_relative_to(rooms.BUILD):
            continue
        first = next(iter(rooms.includes(source)), None)
        if first and first[0] == '"':
            folders = [source.parent] + [pathlib.Path(word[2:]) for word in shlex.split(command["command"])
                                         if word.startswith("-I")]
            found = (folder / first[1] for folder in folders)
            out.update(path.resolve() for path in found if path.is_file())
    return out


class Headers(unittest.TestCase):
    def test_every_header_compiles_alone(self):
        flags = flags_of_rooms()
        self.assertIn("base", flags, "configure first; FEALTY_BUILD_DIR names the build directory")
        if "runtime" in flags:  # a room of headers only has the flags of the nearest one above it
            flags.setdefault("ports", flags["runtime"])
        proven = proven_by_the_build()
        headers = [(room, path) for room, path in rooms.all_files() if path.suffix == ".hpp" and room in flags]
        self.assertGreater(len(headers), 20)
        jobs = [(path, flags[room][0], flags[room][1]) for room, path in headers if path.resolve() not in proven]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = [answer for answer in pool.map(compile_alone, jobs) if answer]
        self.assertEqual(wrong, [], "\n".join(wrong))


if __name__ == "__main__":
    unittest.main()
