"""What the replay tests share: the command, its files, generated logs, and runs that are killed on the way."""
import atexit
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ["FEALTY_BUILD_DIR"]) / "fealty"
PROGRAM = ROOT / "config" / "programs" / "default.yaml"
OUTPUTS = ("notices.ndjson", "ledger.ndjson", "deadletters.ndjson")
FILES = ("members.ndjson", *OUTPUTS)
DEADLINE_S = 240
MEMBER = re.compile(rb'"(?:member|subject)":"([^"]*)"')

_work = pathlib.Path(tempfile.mkdtemp(prefix="fealty-replay-"))
atexit.register(shutil.rmtree, _work, ignore_errors=True)


def folder():
    """A new empty directory, gone at the end of the test run."""
    return pathlib.Path(tempfile.mkdtemp(dir=_work))


def fealty(*words, **options):
    """Runs the command; never raises for its exit code."""
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=DEADLINE_S,
                          **({"stdin": subprocess.DEVNULL} if "input" not in options else {}) | options)


def generate(path, **options):
    """A synthetic shop's log; option names as those of `fealty generate`."""
    words = [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), str(value))]
    with path.open("wb") as target:
        subprocess.run([BINARY, "generate", *words], check=True, stdout=target, stdin=subprocess.DEVNULL,
                       timeout=DEADLINE_S)
    return path


class Growing:
    """A log that somebody still writes to: of its lines there are as many as grow_to() says, at the end all."""

    def __init__(self, log):
        self.log = log
        self.lines = log.read_bytes().splitlines(keepends=True)

    def __enter__(self):
        self.file, self.written = self.log.open("wb", buffering=0), 0
        return self

    def grow_to(self, lines):
        self.file.write(b"".join(self.lines[self.written:lines]))
        self.written = lines

    def __exit__(self, *_):
        self.grow_to(len(self.lines))
        self.file.close()


def replay_words(*logs, out, state=None, program=PROGRAM, **options):
    words = ["replay", "--program", program, "--out", out, "--no-fsync"]
    words += ["--state", state] if state is not None else []
    for name, value in options.items():
        words += ["--" + name.replace("_", "-")] + ([value] if value is not True else [])
    return [*words, *logs]


class Outcome:
    """The files that a replay left in its output directory."""

    def __init__(self, out):
        self.out = pathlib.Path(out)

    def bytes(self, name):
        return (self.out / name).read_bytes()

    def rows(self, name):
        return [json.loads(line) for line in self.bytes(name).splitlines()]

    def report(self):
        return json.loads(self.bytes("report.json"))

    def sha256(self):
        """Of each file as it stands."""
        return {name: hashlib.sha256(self.bytes(name)).hexdigest() for name in FILES}

    def by_member_sha256(self):
        """What does not depend on the number of partitions: notices and ledger each member's own in order."""
        hashes = {"members.ndjson": hashlib.sha256(self.bytes("members.ndjson")).hexdigest()}
        for name in ("notices.ndjson", "ledger.ndjson"):
            hashes[name] = digest(sorted(self.bytes(name).splitlines(), key=lambda line: MEMBER.search(line)[1]))
        hashes["deadletters.ndjson"] = digest(sorted(self.bytes("deadletters.ndjson").splitlines()))
        return hashes


def digest(lines):
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def replayed(test, *logs, environment=None, stdin=None, **options):
    """A replay that must succeed; `test` is the test case, or None in setUpClass."""
    options.setdefault("out", folder() / "out")
    with open(stdin or os.devnull, "rb") as given:
        done = fealty(*replay_words(*logs, **options), env=os.environ | (environment or {}), stdin=given)
    if done.returncode != 0:
        message = f"exit code {done.returncode}\n{done.stderr}"
        test.fail(message) if test else _raise(message)
    return Outcome(options["out"])


def _raise(message):
    raise AssertionError(message)


def size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def wait_until(condition, child, what):
    """True once `condition` holds, False where `child` ended first; no fixed waiting."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        ended = child.poll() is not None  # before the question: it may come to hold with the child's last work
        if condition():
            return True
        if ended:
            return False
        if time.monotonic() > deadline:
            child.kill()
            raise AssertionError(f"not within {DEADLINE_S} s: {what}")
        time.sleep(0.001)


def start(words, **options):
    return subprocess.Popen([str(word) for word in (BINARY, *words)],
                            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                               "stderr": subprocess.DEVNULL} | options)


def kill_once(words, condition):
    """Starts the command and kills it (SIGKILL) as soon as `condition` holds. False where it ended in peace before;
    where it failed before, that is an error with what it said."""
    with tempfile.TemporaryFile("w+") as said:
        child = start(words, stderr=said)
        reached = wait_until(condition, child, "the place to kill at")
        child.send_signal(signal.SIGKILL)
        child.wait()
        if child.returncode not in (0, -signal.SIGKILL):
            said.seek(0)
            raise AssertionError(f"it ended with {child.returncode} before the kill: {said.read()}")
    return reached and child.returncode == -signal.SIGKILL
