"""The brokers of a chaos run: one, or three that replicate."""
import os
import pathlib
import signal
import subprocess
import time

from client import Observer, Unanswered

BROKER = pathlib.Path(__file__).resolve().parents[1] / "broker" / "broker.sh"
BACK_S = 150  # a machine may be busy


class Cluster:
    def __init__(self, directory, brokers, host):
        self.directory, self.brokers = directory, brokers
        self.script("start", "--brokers", str(brokers), "--host", host, "--watch", str(os.getpid()))
        self.bootstrap = (directory / "bootstrap").read_text().strip()
        self.replicas = min(3, brokers)

    def script(self, command, *words):
        subprocess.run([BROKER, command, "--dir", self.directory, *words], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=180)

    def create(self, topic, partitions):
        self.script("topics", "--create", "--topic", topic, "--partitions", str(partitions))

    def observe(self, group, topic, partitions):
        return Observer(self.bootstrap, group, topic, partitions)

    def pid(self, broker):
        return int((self.directory / f"broker-{broker}.pid").read_text())

    def down(self, broker, how):
        """SIGKILL, or SIGTERM: then it hands over first what it leads."""
        pid = self.pid(broker)
        os.kill(pid, how)
        deadline = time.monotonic() + BACK_S
        while os.path.exists(f"/proc/{pid}"):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def up(self, broker, observer):
        """Starts it again; returns once all replicas are in sync, or tells that they are not."""
        self.script("revive", "--broker", str(broker))
        deadline = time.monotonic() + BACK_S
        while not self.complete(observer):
            if time.monotonic() > deadline:
                raise RuntimeError(f"broker {broker} is not back after {BACK_S} s")
            time.sleep(0.1)

    def complete(self, observer):
        try:
            leaders, brokers = observer.leaders()
        except Unanswered:
            return False
        return brokers == self.brokers and all(leader > 0 and in_sync == replicas
                                               for leader, in_sync, replicas in leaders.values())
