"""The rooms and what each may include: the law that README.md's table repeats and these tests hold.

"May include" lists every room allowed, not only the nearest; "libraries" are prefixes of include paths.
"""
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FEALTY_BUILD_DIR", ROOT / "build" / "release"))

CORE = ("base", "event", "member")

# room: (rooms it may include, libraries it may include)
TABLE = {
    "base": ((), ("boost/system/", "boost/container/", "xxhash.h")),
    "event": (("base",), ()),
    "member": (("base",), ()),
    "program": (CORE, ("fmt/",)),
    "insight": (CORE, ("fmt/",)),
    "codec": (CORE, ("simdjson", "rapidjson/", "fmt/", "emmintrin.h")),
    "ports": (CORE, ()),
    "log": (("base",), ("spdlog/", "fmt/")),
    "runtime": (CORE + ("ports", "program", "insight", "codec", "log"), ("fmt/",)),
    "state": (CORE + ("ports", "log"), ("rocksdb/", "google/protobuf/", "xxhash.h", "fmt/")),
    "kafka": (CORE + ("ports", "log"), ("librdkafka/", "rapidjson/", "fmt/")),
    "files": (CORE + ("ports", "log"), ("zlib.h", "zstd.h", "openssl/", "rapidjson/", "fmt/")),
    "config": (CORE + ("program", "insight", "codec"), ("yaml-cpp/", "fmt/")),
    "generator": (("base",), ("fmt/",)),
    "topologies": (CORE + ("ports", "program", "insight", "codec", "runtime"), ("fmt/",)),
    "serve": (CORE + ("ports", "codec", "log"), ("boost/", "rapidjson/", "fmt/")),
    "cli": (None, None),  # everything
}

# No clock, thread, random source, file, stream, and no order that depends on a hash.
PURE = ("base", "event", "member", "program", "insight", "codec")
IMPURE_STD = {
    "thread", "mutex", "shared_mutex", "condition_variable", "future", "atomic", "semaphore", "latch",
    "barrier", "stop_token", "random", "fstream", "iostream", "sstream", "filesystem", "ctime", "cstdio",
    "unordered_map", "unordered_set", "locale", "regex",
}
# (file, header): the exceptions, each with its reason.
IMPURE_ALLOWED = {
    ("src/base/check.cpp", "cstdio"),  # a broken invariant says why before the process ends
}

# Include paths that may appear in one room only.
ONLY_IN = {"librdkafka/": "kafka", "rocksdb/": "state", "simdjson": "codec", "yaml-cpp/": "config",
           "spdlog/": "log", "google/protobuf/": "state", "CLI/": "cli"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def folders(room):
    """The source folders of a room that exist."""
    if room in ("state", "topologies"):
        candidates = (ROOT / room / "include", ROOT / room / "src", ROOT / room)
    else:
        candidates = (ROOT / "include" / "fealty" / room, ROOT / "src" / room)
    return [path for path in candidates if path.is_dir()]


def files(room):
    """Every C++ file of a room, sorted."""
    found = {path for folder in folders(room) for pattern in ("*.hpp", "*.cpp")
             for path in folder.rglob(pattern)}
    return sorted(found)


def all_files():
    """(room, file) of every C++ file that belongs to a room."""
    return [(room, path) for room in TABLE for path in files(room)]


def includes(path):
    """(quote, header) of each #include line."""
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def relative(path):
    return str(path.relative_to(ROOT))
