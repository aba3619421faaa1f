"""Which faults hit whom, and when: all of it drawn from the seed before the run begins, so that a seed is a schedule."""
from dataclasses import dataclass
from random import Random

from instances import SESSION_S, TRANSACTION_S

ON_INSTANCE = {
    "kill": "kill -9, started again",
    "wipe": "kill -9 and an empty disk, sometimes killed again while that is filled",
    "pause past session": "SIGSTOP for longer than the session timeout",
    "pause past transaction": "SIGSTOP for longer than the transaction timeout",
    "stop": "SIGTERM, started again",
    "add": "one more instance",
    "remove": "SIGTERM for good",
    "cut network": "nothing comes through, for up to more than the session timeout",
    "fill disk": "no space left, freed again",
}
ON_BROKER = {
    "restart broker": "kill -9 of a broker, started again",
    "move coordinator": "the broker that leads the group is stopped",
}
KINDS = ON_INSTANCE | ON_BROKER
BROKER_GAP_S = (8, 16)
NEED_SANDBOX = ("cut network", "fill disk")


@dataclass
class Planned:
    kind: str
    gap_s: float  # after the one before
    lasts_s: float  # what that means is the kind's
    choice: float  # in [0, 1): whom of those that it may hit
    again: bool  # wiped: killed once more while it restores; added: with an empty disk, not that of its last life


def _lasts(kind, draw):
    return {"pause past session": SESSION_S + draw.uniform(0.5, 2), "pause past transaction": TRANSACTION_S + draw.uniform(1, 3),
            "cut network": draw.uniform(1, 2.5 * SESSION_S), "fill disk": 7,
            "restart broker": draw.uniform(0.5, 3), "move coordinator": draw.uniform(0.5, 2)}.get(kind, draw.uniform(0, 1.5))


def drawn(seed, kinds, gap_s):
    """Without end: rounds of these kinds, each round in an order of its own, so that even a short run has all of them."""
    draw = Random(f"{seed} {kinds}")
    while True:
        order = list(kinds)
        draw.shuffle(order)
        if {"add", "remove"} <= set(order):  # there are two at first: one is added before one is removed
            first, second = sorted((order.index("add"), order.index("remove")))
            order[first], order[second] = "add", "remove"
        for kind in order:
            yield Planned(kind, draw.uniform(*gap_s), _lasts(kind, draw), draw.random(), draw.random() < 0.5)


def schedules(seed, kinds, gap_s):
    """One of faults on instances, and beside it one of faults on brokers, which are away for a while each time."""
    on_instances, on_brokers = ([kind for kind in kinds if kind in of] for of in (ON_INSTANCE, ON_BROKER))
    return [drawn(seed, some, gap) for some, gap in ((on_instances, gap_s), (on_brokers, BROKER_GAP_S)) if some]
