"""The figures as a table for people."""


def rate(value):
    return f"{value / 1e6:10.3f} M/s"


def mib(value):
    return f"{value / (1 << 20):10.0f} MiB"


def row(name, value, note=""):
    return f"  {name:<44}{value:>16}  {note}".rstrip()


def standard(f):
    ratio = f["replay_to_parse_ratio"]
    cost = f["members_cost_ratio"]
    rss = f["peak_rss_bytes"]
    cpu = {name: f"{value / 1e6:.3f} M per CPU-second" for name, value in f["eps_per_cpu_second"].items()}
    return [
        f"\n{f['events']:,} events of {f['members']:,} members, {f['bytes_per_event']:.0f} bytes an event, "
        f"median of {f['runs']['zipf']} (Zipf) and {f['runs']['uniform']} (uniform)",
        row("parse-only (simdjson, 1 thread)", rate(f["parse_only_eps"]), cpu["parse_only"]),
        row("decode (1 thread)", rate(f["decode_eps"]), cpu["decode"]),
        row("core (1 thread, no store, no outputs)", rate(f["core_eps"]), cpu["core"]),
        row("replay, Zipf 1.0", rate(f["replay_eps"]["zipf"]),
            f"{ratio['zipf']:.2f} of parse-only; {cpu['replay_zipf']}"),
        row("replay, uniform", rate(f["replay_eps"]["uniform"]),
            f"{ratio['uniform']:.2f} of parse-only; {cpu['replay_uniform']}"),
        row(f"cost per event, {cost['many']:,} / {cost['few']:,} members", f"{cost['by_time']:10.2f} x",
            f"{cost['by_cpu_time']:.2f} x by CPU time"),
        row("bytes per member on disk", f"{f['bytes_per_member_on_disk']:10.0f} B", "ledger and grants included"),
        row("bytes per member in memory", f"{f['bytes_per_member_in_memory']:10.0f} B", "cached, all saved"),
        row("peak RSS, Zipf; uniform", mib(rss["zipf"]), mib(rss["uniform"]).strip()),
    ]


def memory(f):
    m = f["memory"]
    return [
        f"\n{m['events']:,} events of {m['members']:,} members under one budget",
        row("budget", mib(m["budget_bytes"])),
        row("bound: budget and stated overhead", mib(m["bound_bytes"])),
        row("peak RSS", mib(m["peak_rss_bytes"]), within(m)),
        row("replay", rate(m["eps"])),
    ]


def within(figures):
    return "within the bound" if figures["within_bound"] else "OVER THE BOUND"


def partitions(f):
    p = f["partitions"]
    return [
        f"\n{p['events']:,} events of {p['members']:,} members over {p['partitions']} partitions",
        row(f"{p['partitions']} partitions, {p['budget_bytes'] >> 20} MiB budget: peak RSS", mib(p["peak_rss_bytes"]),
            f"bound {mib(p['bound_bytes']).strip()}: {within(p)}"),
        row("replay", rate(p["eps"])),
    ]


def orders(f):
    o = f["orders_cost"]
    return [
        f"\n{o['events']:,} events with {o['orders_many']:,} orders, median of {o['turns']}",
        row(f"cost per event, {o['orders_many']:,} / {o['orders_few']} orders a member", f"{o['ratio']:10.2f} x",
            f"by CPU time: {o['us_many']:.2f} and {o['us_few']:.2f} us; by time {o['ratio_by_time']:.2f} x; "
            f"bound {o['bound']} x: {within(o)}"),
    ]


def workers(f):
    w = f["workers"]
    reached = "reached" if w["ratio"] >= w["bound"] else "NOT REACHED"
    return [
        f"\n{w['events']:,} events of {w['members']:,} members, state on disk, median of {w['turns']}",
        row("replay: 1 worker / 2 workers, by time", f"{w['ratio']:10.2f} x",
            f"bound {w['bound']} x on two cores: {reached}; {w['one_s']:.2f} and {w['two_s']:.2f} s, "
            f"{w['one_cpu_s']:.2f} and {w['two_cpu_s']:.2f} CPU s"),
        row("busiest thread: 2 workers / 4 workers", f"{w['two_busiest_s'] / w['four_busiest_s']:10.2f} x",
            f"CPU time, {w['two_busiest_s']:.2f} and {w['four_busiest_s']:.2f} s: what bounds them where each has a core"),
    ]


def recovery(f):
    r = f["recovery"]

    def line(name, kind):
        bound = r[f"{kind}_bound_s"]
        within_it = "within the bound" if r[f"{kind}_s"] <= bound else "OVER THE BOUND"
        return row(name, f"{r[f'{kind}_s']:10.2f} s", f"bound {bound} s: {within_it}; "
                   f"{', '.join(f'{took:.2f}' for took in r['turns'][kind])}")

    return [
        f"\n{r['members']:,} members, {r['events_arriving']:,} events a second arriving: kill -9 to the next committed output",
        line("disk kept", "kept"),
        line("empty disk", "empty"),
    ]


def live(f):
    note = f"{f['live_to_echo_ratio']:.2f} of the bare loop; per CPU-second {f['live_to_echo_cpu_ratio']:.2f}"
    lines = [
        f"\nreal broker, {f['live']['partitions']} partitions, {f['live']['events']:,} events, "
        f"{f['live']['messages_out']:,} messages out, exactly once",
        row("fealty run, draining", rate(f["live_eps"]), note),
        row("  per CPU-second", rate(f["live_per_cpu_s"])),
        row("bare consume-produce loop", rate(f["echo_eps"])),
        row("  per CPU-second", rate(f["echo_per_cpu_s"])),
    ]
    if target := f.get("recovery_target"):
        within_it = "within the bound" if target["ratio"] >= target["bound"] else "OVER THE BOUND"
        lines.append(row("  default recovery target / none, per CPU-second", f"{target['ratio']:10.2f}",
                         f"bound {target['bound']}: {within_it}"))
    latency = f["latency"]
    return lines + [row("produce to read_committed notice, p99", f"{latency['p99_ms']:10.1f} ms",
                        f"p50 {latency['p50_ms']:.1f} ms, max {latency['max_ms']:.1f} ms, "
                        f"at {latency['rate_eps']:,.0f} events/s")]


def text(figures):
    m, v = figures["machine"], figures["versions"]
    lines = [f"{m['cpu']}, {m['cpus']} CPUs, {m['memory_gib']} GiB, {v['system']}, load {m['load_1m']}",
             f"fealty {v['fealty']} ({v['commit']}), GCC {v['compiler']}, simdjson {v['simdjson']} "
             f"({v['simdjson_kernel']}, values {v['simdjson_compiled_kernel']}), RocksDB {v['rocksdb']}"]
    for key, part in (("replay_eps", standard), ("orders_cost", orders), ("workers", workers), ("memory", memory),
                      ("partitions", partitions), ("live_eps", live), ("recovery", recovery)):
        if key in figures:
            lines += part(figures)
    return "\n".join(lines) + "\n"
