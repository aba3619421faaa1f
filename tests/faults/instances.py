"""Instances of `fealty run`, and a supervisor that starts again those that end, as a container's host would."""
import json
import re
import shutil
import signal
import subprocess
import threading
import time

WORKERS = 2
SESSION_S, TRANSACTION_S = 3, 10
STOP_S = 45  # as the README says, with the brokers away
# Assertions of librdkafka 2.0 that a request ends in whose time is up as its answer comes: told, counted, and lived through.
CRASHES_OF_LIBRDKAFKA = ("rd_kafka_enq_once_del_source_return",)
OWNERSHIP = re.compile(r"event=partition\.(opened|closed) partition=(\d+)")


class Instance:
    """One process at a time, with a directory, a log for each of its lives, and maybe a network and a disk of its own."""

    def __init__(self, number, directory, binary, settings, cell):
        self.number, self.directory, self.binary, self.cell = number, directory, binary, cell
        self.name, self.state, self.file = f"instance {number}", directory / "disk" / "state", directory / "service.yaml"
        self.lock, self.busy = threading.Lock(), None  # `busy`: the fault that it is under, or None
        self.wanted, self.child, self.lives, self.not_before = False, None, 0, 0.0
        self.expected_exit = None  # of this life, where a fault brings it about
        own = {"state": {"dir": str(self.state)}, "kafka": settings["kafka"] | {
            "transactional_id": f"{settings['kafka']['group']}-{number}"}}
        self.file.write_text(json.dumps(settings | own))  # JSON is YAML

    def log_of(self, life):
        return self.directory / f"life-{life}.log"

    @property
    def log(self):
        return self.log_of(self.lives)

    def text(self):
        return self.log.read_text(errors="replace") if self.lives else ""

    def start(self):
        self.expected_exit = None
        with self.log_of(self.lives + 1).open("wb") as log:
            self.lives += 1  # Others read the log of the life that they see.
            self.child = subprocess.Popen([*(self.cell.enter() if self.cell else ()), self.binary, "run", "--config", self.file],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def up(self):
        return self.child is not None and self.child.poll() is None

    def owned(self):
        """The partitions that it has, by what it logged last of each."""
        last = {int(partition): what for what, partition in OWNERSHIP.findall(self.text())}
        return [partition for partition, what in last.items() if what == "opened"] if self.up() else []

    def send(self, what):
        if child := self.child:
            child.send_signal(what)  # to nobody, where it has ended

    def kill(self):
        with self.lock:
            if self.child is None:
                return  # It has just ended by itself.
            self.expected_exit = -signal.SIGKILL
            self.send(signal.SIGKILL)
            self.child.wait()

    def empty(self):
        shutil.rmtree(self.state, ignore_errors=True)

    def last_words(self):
        lines = self.text().splitlines()
        return lines[-1][:300] if lines else "nothing was said"


class Supervisor(threading.Thread):
    """Watches all instances; `ends` are those that nobody asked for, `failures` what must not be."""

    def __init__(self, instances, say):
        super().__init__(name="supervisor", daemon=True)
        self.instances, self.say, self.ended = instances, say, threading.Event()
        self.ends, self.failures = [], []

    def run(self):
        while not self.ended.wait(0.05):
            for instance in self.instances:
                with instance.lock:
                    self.look(instance)

    def look(self, instance):
        if instance.child is not None and not instance.up():
            self.note(instance, instance.child.returncode)
            instance.child = None
        if instance.wanted and instance.child is None and time.monotonic() >= instance.not_before:
            instance.start()

    def note(self, instance, code):
        if code == instance.expected_exit:
            return
        why = f"{instance.name} ended with {code} under {instance.busy or 'no fault'}: {instance.last_words()}"
        self.say(why)
        self.ends.append({"instance": instance.number, "life": instance.lives, "code": code, "fault": instance.busy,
                          "message": instance.last_words()})
        # Of the codes that are stated: 1 and 3 are started again after a pause; of the others none is right here.
        crashed = code == -signal.SIGABRT and any(known in instance.last_words() for known in CRASHES_OF_LIBRDKAFKA)
        if not crashed and (code not in (1, 3) or "fealty: " not in instance.last_words()):
            self.failures.append(why)
        if code == 4:
            instance.empty()
        instance.not_before = time.monotonic() + 1

    def begin_stop(self, instance):
        """SIGTERM; the child that has it, or None."""
        with instance.lock:
            instance.wanted = False
            if not instance.up():
                return None
            instance.expected_exit = 0
            instance.send(signal.SIGTERM)
            return instance.child

    def end_stop(self, instance, child):
        """The time that a stop may take; its exit code, or None: it had to be killed."""
        if child is None:
            return 0
        try:
            return child.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.failures.append(f"{instance.name} did not stop within {STOP_S} s of SIGTERM: {instance.last_words()}")
            self.look_into(instance, child)
            child.kill()
            child.wait()
            return None

    @staticmethod
    def look_into(instance, child):
        """Where its threads are, if a debugger is there to tell."""
        instance.expected_exit = -signal.SIGKILL
        if debugger := shutil.which("gdb"):
            with instance.log.with_suffix(".threads").open("wb") as out:
                subprocess.run([debugger, "-p", str(child.pid), "-batch", "-ex", "thread apply all backtrace"],
                               stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)

    def close(self):
        self.ended.set()
        self.join()
