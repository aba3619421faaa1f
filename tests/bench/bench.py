#!/usr/bin/env python3
"""Speed and memory of Fealty: a table to stdout, the same figures to build/bench/latest.json.

Rates are events per second. parse-only: plain simdjson On-Demand, one thread, every value read, built with
the same flags as the product: assertions of libraries are off in both (NDEBUG).
decode: the product's decoder, one thread. core: decoded events through the task and its cache, one
thread, without store and outputs. replay: `fealty replay` as a whole process with its state on disk
and all outputs written. Ratios are taken between neighbours in time, the median of the runs counts.
orders: replays of the same events as one member's and as many members', 20 orders each: what the length of a
history costs an event. workers: one log replayed by one worker and by two, in alternating turns. --memory: many members under a small budget, then 256 partitions under one budget.
"""
import argparse
import json
import pathlib

import live
import orders
import processes
import recovery
import replays
import table

ROOT = processes.ROOT
MIB = 1 << 20


def arguments():
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release",
                        help="directory with the binaries (build/release)")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "config/programs/default.yaml")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--members-few", type=int, default=10_000, help="for the cost by members")
    parser.add_argument("--part-events", type=int, default=4_000_000, help="of the log, for decode and core")
    parser.add_argument("--runs", type=int, default=3, help="turns of parse-only and replay, by skew")
    parser.add_argument("--seconds-max", type=float, default=60, help="no further turn after so long")
    parser.add_argument("--keep-logs", action="store_true", help="keep generated logs and take them again")
    parser.add_argument("--replay-option", action="append", default=[], metavar="OPTION",
                        help="one more option for fealty replay, as --replay-option=--no-fsync")
    parser.add_argument("--orders", action="store_true",
                        help="only: a member with 2 million orders beside members with 20, cost per event")
    parser.add_argument("--orders-many", type=int, default=2_000_000)
    parser.add_argument("--workers", action="store_true", help="only: a replay with two workers beside one")
    parser.add_argument("--workers-members", type=int, default=200_000)
    parser.add_argument("--workers-events", type=int, default=3_000_000)
    parser.add_argument("--workers-runs", type=int, default=5, help="alternating turns")
    parser.add_argument("--memory", action="store_true",
                        help="only: many members under a small budget, and 256 partitions under a 256 MiB budget")
    parser.add_argument("--memory-members", type=int, default=17_000_000,
                        help="ids to draw from; some 10 M of them come to be; 0 leaves this part out")
    parser.add_argument("--memory-events", type=int, default=17_000_000)
    parser.add_argument("--memory-bytes", type=int, default=768 * MIB, help="the budget")
    parser.add_argument("--overhead-bytes", type=int, default=256 * MIB,
                        help="stated on top of it: what does not grow, and the allocator's slack")
    parser.add_argument("--partitions-members", type=int, default=2_000_000, help="for the 256 partitions")
    parser.add_argument("--partitions-events", type=int, default=4_000_000)
    parser.add_argument("--live", action="store_true", help="add figures on a real broker")
    parser.add_argument("--live-only", action="store_true", help="only those")
    parser.add_argument("--live-events", type=int, default=4_000_000)
    parser.add_argument("--live-members", type=int, default=200_000)
    parser.add_argument("--live-runs", type=int, default=3)
    parser.add_argument("--recovery-only", action="store_true", help="only how long a killed worker is away")
    parser.add_argument("--recovery-members", type=int, default=1_000_000)
    parser.add_argument("--recovery-runs", type=int, default=3)
    parser.add_argument("--latency-seconds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print the figures instead of the table")
    return parser.parse_args()


def part_only(options):
    """Such a run changes its own figures in latest.json and leaves the others."""
    return options.memory or options.orders or options.workers or options.live_only or options.recovery_only


def main():
    options = arguments()
    results_dir = ROOT / "build/bench"
    work = results_dir / "work"
    work.mkdir(parents=True, exist_ok=True)
    bench = replays.Bench(options, options.build, work)
    latest = results_dir / "latest.json"
    figures = {"machine": processes.machine(), "versions": processes.versions(options.build)}
    if options.memory:
        if options.memory_members:
            figures |= replays.memory(bench, options)
        figures |= replays.partitions(bench, options)
    if options.orders:
        figures |= orders.measure(bench, options)
    if options.workers:
        figures |= replays.workers(bench, options)
    if not part_only(options):
        figures |= replays.standard(bench, options) | orders.measure(bench, options) | replays.workers(bench, options)
    if options.live or options.live_only:
        figures |= live.measure(bench, options)
    if options.live or options.live_only or options.recovery_only:
        figures |= recovery.measure(bench, options)
    known = json.loads(latest.read_text()) if part_only(options) and latest.exists() else {}
    latest.write_text(json.dumps(known | figures, indent=2) + "\n")
    print(latest.read_text() if options.json else table.text(figures), end="")
    processes.say(f"written to {latest.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
