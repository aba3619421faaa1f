"""Figures on a real broker: `fealty run` beside a bare librdkafka transactional loop, in turn."""
import contextlib
import itertools
import json
import shutil
import signal
import subprocess
import time
from statistics import median

from processes import ROOT, cpu_seconds, fail, fresh, run, say

PARTITIONS = 4
COMMIT_MS = 100
SETTLE_S = 4
TOOLS = ("kafka_load", "kafka_echo", "kafka_watch", "kafka_latency")
STREAMS = ("notices", "ledger", "members", "deadletters", "changelog", "timeline")


class Broker:
    def __init__(self, directory):
        self.script = ROOT / "tests/broker/broker.sh"
        self.directory = directory

    def __enter__(self):
        say("starting a broker")
        self.call("start", "--watch", "parent")
        self.servers = (self.directory / "bootstrap").read_text().strip()
        return self

    def __exit__(self, *_):
        self.call("stop")

    def call(self, command, *arguments):
        done = subprocess.run([self.script, command, "--dir", self.directory, *arguments], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            fail(f"broker.sh {command}: {done.stderr}{done.stdout}")

    def create(self, *topics):
        for topic in topics:
            self.call("topics", "--create", "--topic", topic, "--partitions", str(PARTITIONS))


class Live:
    def __init__(self, bench, options, broker):
        self.bench, self.options, self.broker = bench, options, broker
        self.binaries = options.build

    def tool(self, name, *arguments):
        return run([self.binaries / name, *arguments])

    def service_file(self, turn, checkpoint=None, topic="events"):
        state = fresh(self.bench.work / f"live-state-{turn}")
        path = self.bench.work / "live.yaml"
        path.write_text(json.dumps({  # JSON is YAML
            "program": str(self.options.program), "mapping": "cloudevents",
            "state": {"dir": str(state)}, "memory": {"budget": "1GiB"},
            "kafka": {"brokers": self.broker.servers, "input_topic": topic, "group": f"fealty-{turn}",
                      "output_prefix": f"out-{turn}.", "create_topics": True, "replication_factor": 1},
            "commit": {"interval_ms": COMMIT_MS},
            # Near, so that what is measured is the steady state, in which saves follow behind the events.
            "checkpoint": checkpoint or {"distance_events": max(1000, self.options.live_events // PARTITIONS // 4)},
            "log": {"level": "warn"}}, indent=1))
        return path

    @contextlib.contextmanager
    def process(self, command):
        """A program in the background, stopped with SIGTERM; its exit code must be 0."""
        log = open(self.bench.work / "live.log", "w+")
        child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log)
        try:
            yield child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
            code = child.wait(timeout=120)
        if code != 0:
            log.seek(0)
            fail(f"exit code {code}: {command[0]}\n{log.read()}")

    def drain(self, child, group, topic="events", begun=0):
        """Rate and CPU time from the first committed progress, or the first behind this share of the topic, to its end."""
        watch = subprocess.Popen(
            [self.binaries / "kafka_watch", "drained", "--brokers", self.broker.servers, "--group", group,
             "--topic", topic], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        seen = []
        for line in watch.stdout:
            cpu = cpu_seconds(child.pid) if child.poll() is None else seen[-1]["cpu"]
            seen.append(json.loads(line) | {"cpu": cpu})
            if seen[0]["committed"] < begun * seen[-1]["end"]:
                seen = seen[-1:]
        if watch.wait() != 0:
            fail(f"group {group} did not drain; see {self.bench.work / 'live.log'}")
        if len(seen) < 2:
            fail(f"group {group} committed everything at once: give more --live-events")
        first, last = seen[0], seen[-1]
        events = last["committed"] - first["committed"]
        return {"events": events, "eps": events / (last["at_s"] - first["at_s"]),
                "per_cpu_s": events / max(0.01, last["cpu"] - first["cpu"])}

    def messages_out(self, turn, records_in):
        topics = [f"out-{turn}.{stream}" for stream in STREAMS]
        counted = self.tool("kafka_watch", "count", "--brokers", self.broker.servers, *topics).json()
        return {"records_in": records_in, "messages": sum(topic["messages"] for topic in counted.values()),
                "bytes": sum(topic["bytes"] for topic in counted.values()), "topics": counted}

    def fealty(self, config):
        return self.process([self.bench.fealty, "run", "--config", config])

    def echo(self, turn, out):
        """Writes what Fealty has just written of the same events; reports its own rate and CPU time, from its
        first record to its last commit."""
        written = {topic: its["messages"] for topic, its in out["topics"].items() if its["messages"] > 0}
        self.broker.create(*[f"echo.{topic}" for topic in written])
        return self.tool("kafka_echo", "--brokers", self.broker.servers, "--input", "events",
                         "--like", *written.keys(), "--messages", *written.values(),
                         "--prefix", "echo.", "--group", f"echo-{turn}",
                         "--events", out["records_in"], "--commit-ms", COMMIT_MS).json()


def cost_of_target(live, options, *logs):
    """Drains per CPU-second at the default recovery target and without one, in turns: from a third of the topic on, when
    memory is touched, members are known and saves follow behind the events."""
    targets = {"default": 1, "none": 0}
    live.broker.create("long")
    for log in logs:
        live.tool("kafka_load", "--brokers", live.broker.servers, "--topic", "long", log)
    found = {name: [] for name in targets}
    for turn in range(options.live_runs):
        for name in list(targets)[::1 if turn % 2 == 0 else -1]:
            group = f"target-{name}-{turn}"
            config = live.service_file(group, {"recovery_target_s": targets[name], "distance_events": 10 ** 12}, "long")
            with live.fealty(config) as child:
                found[name].append(live.drain(child, "fealty-" + group, "long", begun=1 / 3)["per_cpu_s"])
            shutil.rmtree(live.bench.work / f"live-state-{group}")
    say(f"  recovery target: {found}")
    return {"per_cpu_s": found, "bound": 0.85,
            "ratio": median(with_it / without for with_it, without in zip(found["default"], found["none"]))}


def split(log, first):
    """The first `first` lines, and the others, as files of their own."""
    head, tail = log.with_suffix(".head"), log.with_suffix(".tail")
    with open(log, "rb") as lines, open(head, "wb") as begin, open(tail, "wb") as end:
        begin.writelines(itertools.islice(lines, first))
        end.writelines(lines)
    return head, tail


def measure(bench, options):
    for name in TOOLS:
        if not (options.build / name).exists():
            fail(f"{options.build / name} is missing: build with FEALTY_BENCH=ON")
    more = options.live_events  # enough for the latency at any rate
    log = bench.generate("live", options.live_members, options.live_events + more, "zipf")
    head, tail = split(log, options.live_events)
    with Broker(bench.work / "broker") as broker:
        live = Live(bench, options, broker)
        broker.create("events")
        say(f"loading {options.live_events:,} events")
        loaded = live.tool("kafka_load", "--brokers", broker.servers, "--topic", "events", head).json()
        fealty, echo = [], []
        for turn in range(options.live_runs):
            config = live.service_file(turn)
            with live.fealty(config) as child:
                fealty.append(live.drain(child, f"fealty-{turn}"))
                # Before the stop, which saves all that is left.
                out = live.messages_out(turn, loaded["records"])
                if turn + 1 == options.live_runs:
                    latency = probe(live, turn, tail, fealty, options)
            echo.append(live.echo(turn, out))
            say(f"  turn {turn + 1}: fealty {fealty[-1]['eps']:,.0f}/s, {fealty[-1]['per_cpu_s']:,.0f} per "
                f"CPU-second; bare loop {echo[-1]['eps']:,.0f}/s, {echo[-1]['per_cpu_s']:,.0f}")
        target = cost_of_target(live, options, head, tail)
    for path in (head, tail) if options.keep_logs else (head, tail, log):
        path.unlink()
    for turn in range(options.live_runs):
        shutil.rmtree(bench.work / f"live-state-{turn}")
    return results(fealty, echo, latency, out, options) | {"recovery_target": target}


def probe(live, turn, tail, fealty, options):
    """At half of its rate, in the state that the drain left: its members are in memory."""
    rate = median(run_["eps"] for run_ in fealty) / 2
    time.sleep(SETTLE_S)  # until what was drained is saved
    return live.tool("kafka_latency", "--brokers", live.broker.servers, "--topic", "events", "--notices",
                     f"out-{turn}.notices", "--log", tail, "--rate", round(rate), "--seconds",
                     options.latency_seconds).json()


def results(fealty, echo, latency, out, options):
    figures = {
        "live_eps": median(run_["eps"] for run_ in fealty),
        "live_per_cpu_s": median(run_["per_cpu_s"] for run_ in fealty),
        "echo_eps": median(run_["eps"] for run_ in echo),
        "echo_per_cpu_s": median(run_["per_cpu_s"] for run_ in echo),
        "live_to_echo_ratio": median(f["eps"] / e["eps"] for f, e in zip(fealty, echo)),
        "live_to_echo_cpu_ratio": median(f["per_cpu_s"] / e["per_cpu_s"] for f, e in zip(fealty, echo)),
        "latency_p99_ms": latency["p99_ms"], "latency": latency,
        "live": {"events": options.live_events, "members": options.live_members, "partitions": PARTITIONS,
                 "messages_out": out["messages"], "bytes_out": out["bytes"], "topics_out": out["topics"],
                 "turns": [{"fealty": f, "echo": e} for f, e in zip(fealty, echo)]},
    }
    return figures
