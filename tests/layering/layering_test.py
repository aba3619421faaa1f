#!/usr/bin/env python3
"""Holds the table of rooms over the #include lines, and the purity of the core over its symbols."""
import re
import subprocess
import unittest

import rooms

STD_HEADER = re.compile(r"^[a-z_0-9]+$")
SYSTEM_HEADER = re.compile(r"^(?:sys/|linux/|arpa/|netinet/)?[a-z_0-9]+\.h$")
IMPURE_SYMBOL = re.compile(
    r"^(?:clock_gettime|gettimeofday|time|localtime(?:_r)?|gmtime(?:_r)?|nanosleep|usleep|sleep|"
    r"s?rand(?:om|_r)?|arc4random|getrandom|getentropy|std::random_device\b.*|"
    r"std::chrono::_V2::\w+_clock::now.*|"
    r"fopen(?:64)?|fread|fwrite|fputs|fputc|puts|printf|fprintf|vfprintf|fclose|open(?:64)?|openat|read|"
    r"write|pread(?:64)?|pwrite(?:64)?|close|mmap(?:64)?|rename|unlink|std::basic_[io]?f(?:stream|ilebuf)\b.*|"
    r"std::filesystem::.*|std::cout|std::cerr|stdout|stderr|getenv|socket|connect|"
    r"pthread_(?:create|mutex_\w+|cond_\w+|rwlock_\w+)|std::thread\b.*|std::condition_variable\b.*)(?:@.*)?$")
# (object, symbol): what a broken invariant needs to say why.
IMPURE_SYMBOL_ALLOWED = {("check.cpp.o", "fprintf"), ("check.cpp.o", "stderr"), ("check.cpp.o", "fputs")}


class Layering(unittest.TestCase):
    def test_a_room_includes_only_the_rooms_of_its_row(self):
        wrong = []
        for room, path in rooms.all_files():
            allowed, _ = rooms.TABLE[room]
            if allowed is None:
                continue
            for _, header in rooms.includes(path):
                if header.startswith("fealty/"):
                    other = header.split("/")[1]
                    if other != room and other not in allowed:
                        wrong.append(f"{rooms.relative(path)}: {room} must not include {header}")
        self.assertEqual(wrong, [])

    def test_a_room_includes_only_the_libraries_of_its_row(self):
        wrong = []
        for room, path in rooms.all_files():
            _, libraries = rooms.TABLE[room]
            if libraries is None:
                continue
            for quote, header in rooms.includes(path):
                own = header.startswith("fealty/") or self.is_own(room, path, quote, header)
                library = header.startswith(libraries) if libraries else False
                system = SYSTEM_HEADER.match(header) and room not in rooms.PURE
                if not (own or library or system or STD_HEADER.match(header)):
                    wrong.append(f"{rooms.relative(path)}: {room} must not include {header}")
        self.assertEqual(wrong, [])

    @staticmethod
    def is_own(room, path, quote, header):
        """A header of the same room beside the file, or one that the room's schema generates."""
        if room == "state" and header.endswith(".pb.h"):
            return True
        return quote == '"' and any((folder / header).exists()
                                    for folder in (path.parent, *rooms.folders(room)))

    def test_some_libraries_live_in_one_room(self):
        wrong = []
        for room, path in rooms.all_files():
            for _, header in rooms.includes(path):
                for prefix, only in rooms.ONLY_IN.items():
                    if header.startswith(prefix) and room != only:
                        wrong.append(f"{rooms.relative(path)}: only {only} may include {header}")
        self.assertEqual(wrong, [])

    def test_nobody_includes_cli(self):
        wrong = [rooms.relative(path) for room, path in rooms.all_files() if room != "cli"
                 for _, header in rooms.includes(path) if header.startswith("fealty/cli")]
        self.assertEqual(wrong, [])

    def test_the_core_includes_no_clock_thread_random_source_or_file(self):
        wrong = []
        for room in rooms.PURE:
            for path in rooms.files(room):
                for _, header in rooms.includes(path):
                    if header in rooms.IMPURE_STD and (
                            rooms.relative(path), header) not in rooms.IMPURE_ALLOWED:
                        wrong.append(f"{rooms.relative(path)}: <{header}>")
        self.assertEqual(wrong, [])

    def test_the_core_links_no_clock_thread_random_source_or_file(self):
        libraries = [rooms.BUILD / "src" / f"libfealty_{room}.a" for room in rooms.PURE]
        missing = [str(path) for path in libraries if not path.exists()]
        self.assertEqual(missing, [], "build first; FEALTY_BUILD_DIR names the build directory")
        wrong = []
        for library in libraries:
            member = ""
            listing = subprocess.run(["nm", "-uC", library], check=True, capture_output=True, text=True)
            for line in listing.stdout.splitlines():
                if line.endswith(".o:"):
                    member = line[:-1]
                symbol = re.match(r"^\s+U (.*)$", line)
                if symbol and IMPURE_SYMBOL.match(symbol[1]) and (
                        member, symbol[1]) not in IMPURE_SYMBOL_ALLOWED:
                    wrong.append(f"{library.name}: {member}: {symbol[1]}")
        self.assertEqual(wrong, [])

    def test_every_folder_of_sources_is_a_room(self):
        known = set(rooms.TABLE)
        found = {path.name for parent in ("src", "include/fealty") for path in (rooms.ROOT / parent).iterdir()
                 if path.is_dir() and (any(path.rglob("*.?pp")))}
        self.assertEqual(found - known, set())


if __name__ == "__main__":
    unittest.main()
