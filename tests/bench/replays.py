"""Replays of generated logs beside the parse-only rate of the same bytes."""
import json
import shutil
import time
from statistics import median

from processes import busiest_thread_s, bytes_on_disk, fail, fresh, run, say


MIB = 1 << 20
PARTITIONS, BUDGET_BYTES, PARTITIONS_PEAK_MAX = 256, 256 * MIB, 400 * MIB


class Bench:
    def __init__(self, options, binaries, work):
        self.options = options
        self.fealty = binaries / "fealty"
        self.parts = binaries / "fealty_bench"
        self.work = work
        for binary in (self.fealty, self.parts):
            if not binary.exists():
                fail(f"{binary} is missing: build first, or name another --build directory")

    def generate(self, name, members, events, skew, seed=1):
        """A log of the synthetic shop; with --keep-logs one made before is taken again."""
        log = self.work / f"{name}-{members}-{events}-{seed}.ndjson"
        if log.exists() and self.options.keep_logs:
            return log
        say(f"generating {events:,} events of {members:,} members, {skew}")
        with open(log, "wb") as out:
            cost = run([self.fealty, "generate", "--members", members, "--events", events, "--seed", seed,
                        "--member-skew", skew], stdout=out)
        say(f"  {events / cost.seconds:,.0f} events/s, {log.stat().st_size / events:.0f} bytes an event")
        return log

    def part(self, what, log, passes=1, events=0):
        return run([self.parts, what, "--log", log, "--passes", passes, "--events", events, "--program",
                    self.options.program]).json()

    def replay_words(self, log, state, out, extra):
        shutil.rmtree(out, ignore_errors=True)
        return [self.fealty, "replay", "--program", self.options.program, "--state", state, "--out", out,
                "--no-progress", *extra, *self.options.replay_option, log]

    def busiest_thread_s(self, log, extra):
        state, out = fresh(self.work / "state"), self.work / "out"
        took = busiest_thread_s(self.replay_words(log, state, out, extra))
        shutil.rmtree(state)
        shutil.rmtree(out)
        return took

    def replay(self, log, extra=()):
        """One whole process, all outputs written, state on disk and durable at the end."""
        state, out = fresh(self.work / "state"), self.work / "out"
        cost = run(self.replay_words(log, state, out, extra))
        report = json.loads((out / "report.json").read_text())
        outputs = sum(path.stat().st_size for path in out.glob("*.ndjson"))
        result = {
            "events": report["events"], "members": report["members_new"], "seconds": cost.seconds,
            "cpu_seconds": cost.cpu_seconds, "eps": report["events"] / cost.seconds,
            "eps_per_cpu_second": report["events"] / cost.cpu_seconds, "peak_rss_bytes": cost.peak_rss_bytes,
            "disk_bytes": bytes_on_disk(state), "output_bytes": outputs,
            "applied": report["applied"], "deadlettered": report["deadlettered"],
        }
        shutil.rmtree(state)
        shutil.rmtree(out)
        return result

    def beside(self, log):
        """Replay and parse-only in turn, `runs` times or as long as there is time: ratios are taken
        within a turn."""
        turns, begun = [], time.monotonic()
        for turn in range(self.options.runs):
            if turns and time.monotonic() - begun > self.options.seconds_max:
                break
            parsed = self.part("parse-only", log)
            replayed = self.replay(log)
            replayed["parse_only_eps"] = parsed["eps"]
            replayed["parse_only_eps_cpu"] = parsed["eps_cpu"]
            replayed["ratio"] = replayed["eps"] / parsed["eps"]
            say(f"  turn {turn + 1}: parse-only {parsed['eps']:,.0f}/s, replay {replayed['eps']:,.0f}/s "
                f"({replayed['ratio']:.2f}), {replayed['cpu_seconds']:.1f} CPU s")
            turns.append(replayed)
        return middle(turns) | {"turns": len(turns)}


WORKERS_BOUND = 1.3  # on two cores or more


def workers(bench, options):
    """One worker and two in alternating turns, with the state on disk: what the second is worth. What four are worth
    with as many cores is bounded by their busiest thread beside that of two."""
    log = bench.generate("workers", options.workers_members, options.workers_events, "zipf")
    say("replay, one worker and two in turn")
    turns = []
    for turn in range(options.workers_runs):
        took = {}
        for number in (1, 2) if turn % 2 == 0 else (2, 1):
            took[number] = bench.replay(log, ["--workers", number])
        turns.append({"one_s": took[1]["seconds"], "two_s": took[2]["seconds"],
                      "one_cpu_s": took[1]["cpu_seconds"], "two_cpu_s": took[2]["cpu_seconds"],
                      "ratio": took[1]["seconds"] / took[2]["seconds"],
                      "two_busiest_s": bench.busiest_thread_s(log, ["--workers", 2]),
                      "four_busiest_s": bench.busiest_thread_s(log, ["--workers", 4]),
                      "one_peak_rss_bytes": took[1]["peak_rss_bytes"], "two_peak_rss_bytes": took[2]["peak_rss_bytes"]})
        say(f"  turn {turn + 1}: {took[1]['seconds']:.2f} s, {took[2]['seconds']:.2f} s ({turns[-1]['ratio']:.2f})")
    drop(log, options)
    return {"workers": middle(turns) | {"turns": len(turns), "members": options.workers_members,
                                        "events": options.workers_events, "bound": WORKERS_BOUND}}


def middle(turns):
    """The median of each figure over the turns."""
    return {key: median(turn[key] for turn in turns) for key in turns[0]}


def standard(bench, options):
    """The figures of every run: parts, replays by skew, cost by number of members."""
    zipf = bench.generate("zipf", options.members, options.events, "zipf")
    say("parts, one thread, Zipf")
    part_events = min(options.events, options.part_events)
    decoded = bench.part("decode", zipf, passes=3, events=part_events)
    core = bench.part("core", zipf, passes=1, events=part_events)
    say("replay, Zipf")
    by_skew = {"zipf": bench.beside(zipf)}
    drop(zipf, options)
    few = bench.generate("zipf", options.members_few, options.events, "zipf")
    say(f"replay, Zipf, {options.members_few:,} members")
    small = bench.replay(few)
    drop(few, options)
    uniform = bench.generate("uniform", options.members, options.events, "uniform")
    say("replay, uniform")
    by_skew["uniform"] = bench.beside(uniform)
    drop(uniform, options)
    return results(by_skew, small, decoded, core, options)


def drop(log, options):
    if not options.keep_logs:
        log.unlink()


def results(by_skew, small, decoded, core, options):
    zipf, uniform = by_skew["zipf"], by_skew["uniform"]
    return {
        "events": options.events, "members": options.members, "runs": {"zipf": zipf["turns"], "uniform": uniform["turns"]},
        "bytes_per_event": decoded["bytes_per_event"],
        "parse_only_eps": zipf["parse_only_eps"],
        "parse_only_uniform_eps": uniform["parse_only_eps"],
        "decode_eps": decoded["eps"],
        "core_eps": core["eps"],
        "eps_per_cpu_second": {"parse_only": zipf["parse_only_eps_cpu"], "decode": decoded["eps_cpu"],
                               "core": core["eps_cpu"], "replay_zipf": zipf["eps_per_cpu_second"],
                               "replay_uniform": uniform["eps_per_cpu_second"]},
        "replay_eps": {"zipf": zipf["eps"], "uniform": uniform["eps"]},
        "replay_to_parse_ratio": {"zipf": zipf["ratio"], "uniform": uniform["ratio"]},
        "members_cost_ratio": {
            "few": options.members_few, "many": options.members,
            "by_time": small["eps"] / zipf["eps"],
            "by_cpu_time": small["eps_per_cpu_second"] / zipf["eps_per_cpu_second"]},
        "bytes_per_member_on_disk": uniform["disk_bytes"] / max(1, uniform["members"]),
        "bytes_per_member_in_memory": core["cache_bytes"] / max(1, core["members"]),
        "peak_rss_bytes": {"zipf": zipf["peak_rss_bytes"], "uniform": uniform["peak_rss_bytes"]},
        "replays": by_skew | {"few_members": small},
    }


def memory(bench, options):
    """Many members under a small budget: the peak must stay under what was configured and stated."""
    log = bench.generate("memory", options.memory_members, options.memory_events, "uniform")
    say(f"replay of {options.memory_members:,} members with a budget of {options.memory_bytes:,} bytes")
    run_ = bench.replay(log, ["--memory-bytes", options.memory_bytes])
    drop(log, options)
    bound = options.memory_bytes + options.overhead_bytes
    return {"memory": {
        "members": run_["members"], "events": run_["events"], "budget_bytes": options.memory_bytes,
        "overhead_bytes": options.overhead_bytes, "bound_bytes": bound,
        "peak_rss_bytes": run_["peak_rss_bytes"], "within_bound": run_["peak_rss_bytes"] <= bound,
        "eps": run_["eps"], "disk_bytes": run_["disk_bytes"]}}


def partitions(bench, options):
    """Many partitions share one budget: what each of them holds beside it must be next to nothing."""
    log = bench.generate("partitions", options.partitions_members, options.partitions_events, "uniform")
    say(f"replay over {PARTITIONS} partitions with a budget of {BUDGET_BYTES:,} bytes")
    run_ = bench.replay(log, ["--partitions", PARTITIONS, "--memory-bytes", BUDGET_BYTES])
    drop(log, options)
    return {"partitions": {
        "partitions": PARTITIONS, "members": run_["members"], "events": run_["events"],
        "budget_bytes": BUDGET_BYTES, "bound_bytes": PARTITIONS_PEAK_MAX, "peak_rss_bytes": run_["peak_rss_bytes"],
        "within_bound": run_["peak_rss_bytes"] <= PARTITIONS_PEAK_MAX, "eps": run_["eps"]}}
