"""Where a chaos run takes place: namespaces of its own for network, mounts and processes. Each instance of Fealty has a
network of its own, which can be cut off, and a disk of its own, which can be filled. All of it is gone with the run."""
import os
import pathlib
import subprocess
import sys
import tempfile

HOST, NETWORK = "10.99.0.1", "10.99.0.{}/24"
ENTERED = "FEALTY_FAULTS_SANDBOX"
ISOLATED = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
DISK_BYTES = 256 << 20


def _run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def enter(program):
    """Runs `program` anew inside, and tells whether this is inside; False: outside, as was asked for."""
    if os.environ.get(ENTERED):
        _prepare()
        return True
    if os.environ.get("FEALTY_WITHOUT_NAMESPACES"):
        print("FEALTY_WITHOUT_NAMESPACES is set: no network is cut and no disk is filled, as asked", file=sys.stderr)
        return False
    unshare = ["unshare", *ISOLATED] + (["--map-root-user"] if os.getuid() != 0 else [])
    tried = subprocess.run([*unshare, "ip", "link", "add", "bus", "type", "bridge"], capture_output=True, text=True,
                           stdin=subprocess.DEVNULL)
    if tried.returncode != 0:
        sys.exit("faults: no namespaces of network and mounts here, so no network can be cut and no disk filled: "
                 f"{tried.stderr.strip()}\nBe root (in a container: --privileged), have iproute2 and util-linux, or "
                 "leave these faults out with FEALTY_WITHOUT_NAMESPACES=1")
    os.execvpe(unshare[0], [*unshare, sys.executable, *program], os.environ | {ENTERED: "1"})


def _prepare():
    _run("mount", "-t", "tmpfs", "none", "/run")  # `ip netns` keeps its names there
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "bus", "type", "bridge")
    _run("ip", "addr", "add", NETWORK.format(1), "dev", "bus")
    _run("ip", "link", "set", "bus", "up")


class Cell:
    """The network and the disk of one instance."""

    def __init__(self, number, disk):
        self.name, self.disk, self.filler = f"fealty{number}", disk, disk / "filler"
        inside = ["ip", "-n", self.name]
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _run("ip", "link", "set", self.name, "master", "bus", "up")
        _run(*inside, "addr", "add", NETWORK.format(10 + number), "dev", "eth0")
        for device in ("lo", "eth0"):
            _run(*inside, "link", "set", device, "up")
        _run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(disk))

    def enter(self):
        """What to put before a command."""
        return ["ip", "netns", "exec", self.name]

    def cut(self):
        """What is sent gets lost, as when a cable is pulled: no connection is told."""
        _run("ip", "link", "set", self.name, "down")

    def mend(self):
        _run("ip", "link", "set", self.name, "up")

    def fill(self):
        with self.filler.open("wb", buffering=0) as filler:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    pass  # No space is left for so much.

    def free(self):
        self.filler.unlink(missing_ok=True)


def _probe():
    """Whether all of this can be had here: `sandbox.py` as a program ends with 0 then."""
    if not enter([os.path.abspath(__file__)]):
        sys.exit(1)
    with tempfile.TemporaryDirectory() as folder:
        cell = Cell(0, pathlib.Path(folder))
        cell.cut()
        cell.mend()
        _run(*cell.enter(), "true")
        _run("umount", folder)


if __name__ == "__main__":
    _probe()
