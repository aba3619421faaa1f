"""What an order costs a member who has two million, beside members who have twenty each."""
import pathlib
import time
from statistics import median

from processes import say

ORDERS_OF_FEW = 20
# Of one member with twenty orders, in the shares of the synthetic shop: a refund of each twentieth order, and so on.
SHARES = {"purchase": ORDERS_OF_FEW, "view": 93, "click": 37, "login": 10, "review": 3, "refund": 1, "redemption": 1}
BOUND = 1.2
# Near, so that the long history is saved again and again, as it is live: what a save rewrites counts, too.
SAVED_OFTEN = ("--commit-events", 100_000, "--checkpoint-distance", 200_000)
START_S, YEAR_S = 1_735_689_600, 365 * 86_400  # 2025
MEMBER, NUMBER, TIME = b"@MEMBER@", b"@NUMBR@", b"@THE-TIME-OF-THEM-@@"
DATA = {
    "purchase": '{"order_id":"o-%(n)s-%(i)02d","currency":"USD","total":12.78,"channel":"web","lines":'
                '[{"line":"1","sku":"sku-000015","category":"outdoor","brand":"Vantage","quantity":1,"price":12.78}]}',
    "view": '{"sku":"sku-000132","category":"outdoor","brand":"Nordlys","dwell_ms":6334,"channel":"web"}',
    "click": '{"sku":"sku-000128","category":"music","brand":"Fjord","channel":"web"}',
    "login": '{"channel":"app"}',
    "review": '{"sku":"sku-000015","review_id":"v-%(n)s-%(i)02d","rating":4,"text":"as expected","language":"en"}',
    "refund": '{"order_id":"o-%(n)s-05","refund_id":"r-%(n)s","reason":"wrong size"}',
    "redemption": '{"redemption_id":"x-%(n)s","points":100}',
}


def portion():
    """The events of twenty orders, evenly mixed, with placeholders for member, time and number."""
    placed = []
    for kind, count in SHARES.items():
        # A refund and a redemption come at the end, when there is something to give back and to spend.
        placed += [((i + (0.5 if count > 1 else 0.999)) / count, kind, i) for i in range(count)]
    lines = []
    for number, (_, kind, i) in enumerate(sorted(placed)):
        data = DATA[kind] % {"n": NUMBER.decode(), "i": i}
        lines.append('{"specversion":"1.0","id":"e-%s-%03d","source":"/shop/1","type":"%s","subject":"%s","time":"%s",'
                     '"datacontenttype":"application/json","data":%s}\n'
                     % (NUMBER.decode(), number, kind, MEMBER.decode(), TIME.decode(), data))
    return "".join(lines).encode()


def write_log(path, orders, one_member):
    """The same events in both, byte by byte, but for the member. The few have theirs one member after the other: so
    both find the member where they left it, in the processor's cache, and what differs is the length of a history."""
    text, portions = portion(), orders // ORDERS_OF_FEW
    with open(path, "wb") as out:
        for i in range(portions):
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START_S + i * YEAR_S // portions)).encode()
            member = b"m%07d" % (0 if one_member else i)
            out.write(text.replace(MEMBER, member).replace(NUMBER, b"%07d" % i).replace(TIME, at))
    return path


def measure(bench, options):
    """Replays of both in turn; ratios are taken within a turn, by CPU time, which other work on the machine and the
    thread that saves disturb least."""
    logs = {}
    for name, one_member in (("many", True), ("few", False)):
        logs[name] = pathlib.Path(bench.work) / f"orders-{name}.ndjson"
        say(f"writing the events of {options.orders_many:,} orders: "
            + ("one member" if one_member else f"members with {ORDERS_OF_FEW} each"))
        write_log(logs[name], options.orders_many, one_member)
    turns, begun = [], time.monotonic()
    while len(turns) < options.runs and (not turns or time.monotonic() - begun < options.seconds_max):
        runs = {name: bench.replay(log, SAVED_OFTEN) for name, log in logs.items()}
        for name, run in runs.items():
            if run["applied"] != run["events"]:
                raise SystemExit(f"bench: {name}: {run['applied']} of {run['events']} events were applied")
        turns.append({"ratio": runs["few"]["eps_per_cpu_second"] / runs["many"]["eps_per_cpu_second"],
                      "ratio_by_time": runs["few"]["eps"] / runs["many"]["eps"],
                      "us_many": 1e6 / runs["many"]["eps_per_cpu_second"],
                      "us_few": 1e6 / runs["few"]["eps_per_cpu_second"],
                      "peak_rss_bytes": runs["many"]["peak_rss_bytes"]})
        say(f"  turn {len(turns)}: {turns[-1]['us_many']:.3f} and {turns[-1]['us_few']:.3f} us of CPU an event, "
            f"ratio {turns[-1]['ratio']:.2f}")
    for log in logs.values():
        log.unlink()
    figures = {key: median(turn[key] for turn in turns) for key in turns[0]}
    return {"orders_cost": figures | {
        "orders_many": options.orders_many, "orders_few": ORDERS_OF_FEW, "turns": len(turns),
        "events": options.orders_many // ORDERS_OF_FEW * sum(SHARES.values()), "bound": BOUND,
        "within_bound": figures["ratio"] <= BOUND}}
