"""How long a killed `fealty run` is away: from kill -9 to the next committed output, its disk kept and empty, while
events go on arriving; and what keeping that short costs in steady state."""
import json
import shutil
import subprocess
import threading
import time
from statistics import median

import live
from processes import fail, say

ARRIVING = 5_000  # events a second
SECONDS_MAX = 120


class Follower:
    """Tells when something committed comes to a topic."""

    def __init__(self, tools, topic):
        self.child = subprocess.Popen(
            [tools.binaries / "kafka_watch", "follow", "--brokers", tools.broker.servers, "--topic", topic],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.child.stdout.readline()  # It listens.
        self.changed, self.last = threading.Condition(), 0.0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.last = json.loads(line)["at_s"]
                self.changed.notify_all()

    def await_after(self, moment):
        with self.changed:
            if not self.changed.wait_for(lambda: self.last > moment, SECONDS_MAX):
                fail(f"nothing was committed within {SECONDS_MAX} s")
            return self.last

    def close(self):
        self.child.kill()
        self.child.wait()


def start(tools, config, log):
    return subprocess.Popen([str(tools.bench.fealty), "run", "--config", str(config)], stdin=subprocess.DEVNULL,
                            stdout=log, stderr=log)


def away(tools, config, child, follower, log, empty):
    """Kills it and starts it again at once; seconds until something of it is committed."""
    child.kill()
    killed = time.monotonic()
    child.wait()
    settled = time.monotonic()  # What was on its way when it died is seen by now.
    if empty:
        shutil.rmtree(json.loads(config.read_text())["state"]["dir"])
    child = start(tools, config, log)
    return follower.await_after(settled + 0.02) - killed, child


def measure(bench, options):
    """On a broker of its own: the members of a uniform log, so that each of them is about as likely to change."""
    members, events = options.recovery_members, 4 * options.recovery_members
    log = bench.generate("recovery", members, events + ARRIVING * SECONDS_MAX, "uniform")
    head, tail = live.split(log, events)
    kept, emptied = [], []
    with live.Broker(bench.work / "broker") as broker:
        tools = live.Live(bench, options, broker)
        broker.create("events")
        say(f"recovery: loading {events:,} events of {members:,} members")
        tools.tool("kafka_load", "--brokers", broker.servers, "--topic", "events", head)
        config = tools.service_file("recovery")
        settings = json.loads(config.read_text())
        del settings["checkpoint"]  # as by default
        settings["log"] = {"level": "info"}
        config.write_text(json.dumps(settings))
        with open(bench.work / "recovery.log", "w") as output:
            child = start(tools, config, output)
            drained = tools.drain(child, "fealty-recovery")
            feeder = subprocess.Popen(
                [tools.binaries / "kafka_load", "--brokers", broker.servers, "--topic", "events", "--rate",
                 str(ARRIVING), "--linger", "5", tail], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            follower = Follower(tools, "out-recovery.ledger")
            try:
                follower.await_after(time.monotonic())
                for _ in range(options.recovery_runs):
                    for empty, seconds in ((False, kept), (True, emptied)):
                        time.sleep(live.SETTLE_S)  # some of what arrives is not saved when it dies
                        took, child = away(tools, config, child, follower, output, empty)
                        seconds.append(took)
                        say(f"  {'empty disk' if empty else 'disk kept'}: {took:.2f} s")
            finally:
                for process in (feeder, child):
                    process.kill()
                    process.wait()
                follower.close()
    for path in (head, tail) if options.keep_logs else (head, tail, log):
        path.unlink()
    shutil.rmtree(bench.work / "live-state-recovery", ignore_errors=True)
    return {"recovery": {"members": members, "events_arriving": ARRIVING, "drain_eps": drained["eps"],
                         "kept_s": median(kept), "empty_s": median(emptied), "turns": {"kept": kept, "empty": emptied},
                         "kept_bound_s": 2, "empty_bound_s": 6}}
