#!/usr/bin/env python3
"""The chaos run: instances of `fealty run` under faults of all kinds while events arrive and a reader reads; then every
ledger line and notice is compared with a replay. One seed is one schedule of faults.

By hand: ./run faults [--seconds S] [--seed N]; the options are below.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter

import sandbox
from client import Unanswered, bus
from cluster import BACK_S, BROKER, Cluster
from hits import Hits
from instances import SESSION_S, TRANSACTION_S, WORKERS, Instance, Supervisor
from schedule import KINDS, NEED_SANDBOX, schedules
from traffic import Load, Reader
from verdict import STREAMS, judge, replayed, witness

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "config" / "programs" / "default.yaml"
TOPIC, GROUP, PREFIX = "events", "faults", "out."
SLOTS, AT_FIRST = 4, 2
DRAINED_S, ENDED_S = 120, 60


def arguments():
    parser = argparse.ArgumentParser(description="The chaos run on a real broker")
    parser.add_argument("--seconds", type=int, default=300, help="how long faults hit (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the schedule and of the events (%(default)s)")
    parser.add_argument("--brokers", type=int, default=3, choices=(1, 3), help="1: no coordinator moves (%(default)s)")
    parser.add_argument("--rate", type=int, default=1500, help="events a second (%(default)s)")
    parser.add_argument("--partitions", type=int, default=8, help="(%(default)s)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, help="only these")
    parser.add_argument("--gap", type=float, nargs=2, default=(0.5, 3.0), metavar=("LEAST", "MOST"),
                        help="seconds between two faults (%(default)s)")
    parser.add_argument("--schedule", type=int, metavar="N", help="only print the seed's first N faults on instances and on brokers")
    return parser.parse_args()


class Run:
    def __init__(self, options, inside):
        self.options, self.inside, self.begun, self.problems = options, inside, time.monotonic(), []
        build = pathlib.Path(os.environ["FEALTY_BUILD_DIR"]).resolve()
        self.binary, self.work = build / "fealty", build / "faults" / f"seed-{options.seed}"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.cluster = Cluster(self.work / "broker", options.brokers, sandbox.HOST if inside else "127.0.0.1")
        self.cluster.create(TOPIC, options.partitions)
        self.observer = self.cluster.observe(GROUP, TOPIC, options.partitions)
        self.instances = [self.instance(number) for number in range(SLOTS)]
        self.supervisor = Supervisor(self.instances, self.say)

    def say(self, text):
        print(f"[{time.monotonic() - self.begun:6.1f} s] {text}", flush=True)

    def instance(self, number):
        directory = self.work / f"instance-{number}"
        (directory / "disk").mkdir(parents=True)
        settings = {
            "program": str(PROGRAM), "mapping": "cloudevents", "workers": WORKERS, "memory": {"budget": "128MiB"},
            "kafka": {"brokers": self.cluster.bootstrap, "input_topic": TOPIC, "group": GROUP, "output_prefix": PREFIX,
                      "create_topics": True, "replication_factor": self.cluster.replicas,
                      "session_timeout_ms": SESSION_S * 1000, "transaction_timeout_ms": TRANSACTION_S * 1000},
            "commit": {"interval_ms": 100, "events_max": 2000}, "checkpoint": {"distance_events": 5000},
            "clock": {"tick_after_idle_s": 0}}
        return Instance(number, directory, self.binary, settings, sandbox.Cell(number, directory / "disk") if self.inside else None)

    def start(self):
        """Two instances that own something, a reader, and events."""
        self.supervisor.start()
        for instance in self.instances[:AT_FIRST]:
            instance.wanted = True
            self.until(lambda one=instance: one.owned(), ENDED_S, f"{instance.name} has no partition")
        self.topics = [PREFIX + stream for stream in STREAMS]
        self.reader = Reader(self.cluster.bootstrap, self.topics, self.options.partitions)
        self.reader.start()
        self.load = Load(self.binary, self.cluster.bootstrap, TOPIC, self.options.partitions, self.options.rate,
                         self.options.seconds * 2, self.options.seed)
        self.load.start()
        self.until(self.committed, ENDED_S, "nothing is committed")

    def committed(self):
        try:
            return sum(self.observer.committed())
        except Unanswered:
            return 0

    def until(self, done, seconds, otherwise):
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline or self.supervisor.failures:
                raise RuntimeError(f"{otherwise} after {seconds} s: {self.supervisor.failures}")
            time.sleep(0.02)

    def strike(self, kinds):
        self.hits = Hits(self.instances, self.supervisor, self.cluster, self.observer, self.load, self.say)
        until = time.monotonic() + self.options.seconds
        threads = [threading.Thread(target=self.hits.follow, args=(schedule, until))
                   for schedule in schedules(self.options.seed, kinds, self.options.gap)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.problems += self.hits.end(BACK_S + ENDED_S)
        self.problems += [hit.failure for hit in self.hits.all if hit.failure]

    def drain(self):
        """Everything that came is committed, and everybody stops well."""
        self.load.finish()
        records = sum(self.observer.ends())
        self.problems += [self.load.failure] if self.load.failure else []
        self.say(f"the faults are over: {records} records came")
        deadline = time.monotonic() + DRAINED_S
        while (left := records - self.committed()) > 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.say(f"all but {left} are committed")
        if left > 0:
            self.problems.append(f"{left} records are unread {DRAINED_S} s after the last fault")
        for instance in self.instances:
            self.supervisor.end_stop(instance, self.supervisor.begin_stop(instance))
        self.supervisor.close()
        self.problems += self.supervisor.failures
        return records

    def compare(self, records):
        partitions, bootstrap = self.options.partitions, self.cluster.bootstrap
        inputs = [[value for _, _, value in found] for found in bus.read(bootstrap, TOPIC, partitions)]
        if (came := sum(map(len, inputs))) != records:
            self.problems.append(f"{records} records were on the bus and {came} are there")
        there = {topic: [[(offset, value) for offset, _, value in found] for found in bus.read(bootstrap, topic, partitions)]
                 for topic in self.topics}
        self.reader.await_seen({topic: sum(map(len, found)) for topic, found in there.items()}, ENDED_S)
        self.reader.close()
        self.problems += self.reader.faults + witness(self.reader.seen, there)
        outputs = {stream: [[value for _, value in found] for found in there[PREFIX + stream]] for stream in STREAMS}
        verdict = judge(inputs, outputs, lambda partition, values: replayed(
            self.binary, PROGRAM, self.work / "replay" / str(partition), values))
        self.problems += verdict.first
        return verdict

    def report(self, kinds, records, verdict):
        counted, hit = Counter(), Counter()
        for one in self.hits.all:
            hit[one.kind] += 1
            counted[one.kind] += one.counts
        found = {
            "seed": self.options.seed, "seconds": self.options.seconds, "brokers": self.options.brokers,
            "faults": {kind: {"counted": counted[kind], "hit": hit[kind]} for kind in kinds},
            "records": records, "checked": dict(verdict.checked), "lost": verdict.lost, "doubled": verdict.doubled,
            "strange": verdict.strange, "disordered": verdict.disordered, "lives": sum(one.lives for one in self.instances),
            "ends": self.supervisor.ends, "problems": self.problems,
            "hits": [{"kind": one.kind, "whom": one.whom, "at_s": round(one.at_s, 1), "unread": one.unread,
                      "counts": one.counts, "effect": one.effect} for one in self.hits.all]}
        (self.work / "report.json").write_text(json.dumps(found, indent=1))
        kinds_line = ", ".join(f"{kind} {counted[kind]}/{hit[kind]}" for kind in kinds)
        self.say(f"faults that counted, of those that hit: {kinds_line}")
        checked = ", ".join(f"{count} {stream}" for stream, count in verdict.checked.items())
        self.say(f"seed {self.options.seed}: {counted.total()} faults counted, {records} records in; compared: {checked}; "
                 f"{verdict.lost} lost, {verdict.doubled} doubled, {verdict.strange} strange, {verdict.disordered} disordered")


def main():
    options = arguments()
    kinds = options.kinds or [kind for kind in KINDS if kind != "move coordinator" or options.brokers > 1]
    if options.schedule:
        for schedule in schedules(options.seed, kinds, options.gap):
            print(*(next(schedule) for _ in range(options.schedule)), sep="\n")
        return 0
    subprocess.run([BROKER, "fetch"], check=True, stdin=subprocess.DEVNULL)  # inside there is no network to fetch from
    inside = sandbox.enter(sys.argv)
    if not inside:
        kinds = [kind for kind in kinds if kind not in NEED_SANDBOX]
    run = Run(options, inside)
    run.say(f"seed {options.seed}: {options.seconds} s of faults, {options.brokers} broker(s), logs in {run.work}")
    run.start()
    run.strike(kinds)
    records = run.drain()
    run.report(kinds, records, run.compare(records))
    for problem in run.problems:
        run.say(f"PROBLEM {problem}")
    if not inside:  # where everything ends with the run
        run.cluster.script("stop")
    if not run.problems:  # else all is kept, to be looked at
        for directory in (run.work / "broker", run.work / "replay"):
            shutil.rmtree(directory, ignore_errors=True)
    return 1 if run.problems else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads of clients may still wait for brokers
