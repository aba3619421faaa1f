"""What goes on all through the run: events that arrive, and a reader of all that comes out."""
import re
import subprocess
import threading
import time

from client import Messages, Producer

SUBJECT = re.compile(rb'"subject":"([^"]*)"')
# What a consumer is told of while brokers are away, and lives through.
PASSING = {-195, -187, -185, -193, -192}


class Load(threading.Thread):
    """A generated shop's events, put on a topic so many a second, until told to stop or out of events."""

    def __init__(self, binary, bootstrap, topic, partitions, rate, seconds, seed):
        super().__init__(name="load", daemon=True)
        self.rate, self.ended, self.records, self.failure = rate, threading.Event(), 0, None
        self.producer = Producer(bootstrap, topic, partitions)
        events = int(rate * seconds)
        self.lines = subprocess.run(
            [binary, "generate", "--members", str(events // 40), "--events", str(events), "--seed", str(seed), "--days", "500",
             "--late-share", "0.02", "--duplicate-share", "0.02", "--malformed-share", "0.005", "--refund-share", "0.1"],
            check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout.splitlines()

    @property
    def ends(self):
        """The offset behind the last record that is surely there, for each partition."""
        return list(self.producer.ends)

    def run(self):
        try:
            self.send()
            self.producer.flush()
            self.failure = self.producer.failure
        except RuntimeError as error:
            self.failure = str(error)

    def send(self):
        begun = time.monotonic()
        for line in self.lines:
            self.producer.produce(found[1] if (found := SUBJECT.search(line)) else None, line)
            self.records += 1
            # Ahead of its time: not a wait for anything, but the rate.
            while self.records % 16 == 0 and self.records > self.rate * (time.monotonic() - begun):
                self.producer.poll(2)
            if self.records % 16 == 0:
                self.producer.poll(0)
                if self.ended.is_set():
                    return

    def finish(self):
        """Once it has returned, all that was put is on the topic."""
        self.ended.set()
        self.join()


class Reader(threading.Thread):
    """A read_committed consumer that lives through everything: `seen[topic][partition]` is what it was given, in order."""

    def __init__(self, bootstrap, topics, partitions):
        super().__init__(name="reader", daemon=True)
        self.messages, self.ended, self.faults = Messages(bootstrap, topics, partitions), threading.Event(), []
        self.seen = {topic: [[] for _ in range(partitions)] for topic in topics}

    def run(self):
        while not self.ended.is_set():
            found = self.messages.poll(100)
            if found is None:
                continue
            topic, partition, offset, value = found
            if topic is None:
                if partition not in PASSING:
                    self.faults.append(f"the reader was told {offset} ({partition})")
                continue
            before = self.seen[topic][partition]
            if before and offset <= before[-1][0]:
                self.faults.append(f"{topic}[{partition}]@{offset} came after {before[-1][0]}")
            before.append((offset, value))

    def await_seen(self, counts, seconds):
        """Until it has seen so many of each topic, or time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(
                sum(map(len, self.seen[topic])) < count for topic, count in counts.items()):
            time.sleep(0.05)

    def close(self):
        self.ended.set()
        self.join()
        self.messages.close()
