"""Runs a program and says what it cost; says on which machine."""
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]


def say(text):
    print(text, file=sys.stderr, flush=True)


def fail(text):
    sys.exit(f"bench: {text}")


@dataclass
class Cost:
    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    stdout: str

    def json(self):
        return json.loads(self.stdout)


def run(command, stdout=subprocess.PIPE):
    """The cost of one process, start to end. Its stderr is shown only if it fails."""
    begun = time.monotonic()
    with open(os.devnull) as nothing:
        child = subprocess.Popen([str(part) for part in command], stdin=nothing, stdout=stdout,
                                 stderr=subprocess.PIPE, text=True)
    return wait(child, begun, command)


def busiest_thread_s(command):
    """The CPU time of whichever thread of a process takes most: with cores for all of them it takes no less."""
    child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    threads = {}
    while child.poll() is None:
        for task in pathlib.Path(f"/proc/{child.pid}/task").glob("*/schedstat"):
            try:
                threads[task] = int(task.read_text().split()[0]) / 1e9
            except (OSError, IndexError):
                continue  # It has ended.
        time.sleep(0.01)
    if child.returncode != 0:
        fail(f"exit code {child.returncode}: {' '.join(map(str, command))}")
    return max(threads.values())


def wait(child, begun, command):
    """As run(), for a child that runs already. Small outputs only: they are read at the end."""
    output = child.stdout.read() if child.stdout else ""
    errors = child.stderr.read() if child.stderr else ""
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        say(errors)
        fail(f"exit code {child.returncode}: {' '.join(map(str, command))}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def cpu_seconds(pid):
    """User and system time of a process that runs, its threads included."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bytes_on_disk(directory):
    return sum(path.stat().st_blocks * 512 for path in pathlib.Path(directory).rglob("*")
               if path.is_file())


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines()
                  if line.startswith("model name")), platform.machine())
    memory_kb = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "memory_gib": round(memory_kb / 2**20, 1),
            "kernel": platform.release(), "load_1m": round(os.getloadavg()[0], 2)}


def versions(binaries):
    known = run([binaries / "fealty_bench", "versions"]).json()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True,
                            text=True).stdout.strip()
    os_release = pathlib.Path("/etc/os-release")
    name = next((line.split("=", 1)[1].strip('"') for line in os_release.read_text().splitlines()
                 if line.startswith("PRETTY_NAME")), "") if os_release.exists() else ""
    return known | {"commit": commit, "system": name}
