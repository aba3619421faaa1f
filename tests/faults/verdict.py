"""Holds what came out against a replay of each partition's log: every line once, and in order; and what a reader saw all
along against what is there in the end."""
import json
import subprocess
from collections import Counter
from dataclasses import dataclass, field

ORDERED = ("ledger", "notices")
STREAMS = (*ORDERED, "deadletters")


@dataclass
class Verdict:
    """`lost`: expected and not there; `doubled`: there more often than expected; `strange`: there and never expected."""
    checked: Counter = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    strange: int = 0
    disordered: int = 0  # partitions with the right lines in another order
    first: list = field(default_factory=list)

    def compare(self, what, seen, expected):
        self.checked[what.partition("[")[0]] += len(expected)
        if seen == expected:
            return
        there, due = Counter(seen), Counter(expected)
        lost, more = due - there, there - due
        self.lost += lost.total()
        doubled = [line for line in more if line in due]
        self.doubled += sum(more[line] for line in doubled)
        self.strange += more.total() - sum(more[line] for line in doubled)
        self.disordered += not lost and not more
        at = next((i for i, (a, b) in enumerate(zip(seen, expected)) if a != b), min(len(seen), len(expected)))
        self.first.append(f"{what}: {len(seen)} lines, {len(expected)} expected, the first difference is line {at}:\n"
                          f"  seen     {seen[at] if at < len(seen) else 'nothing'}\n"
                          f"  expected {expected[at] if at < len(expected) else 'nothing'}")


def replayed(binary, program, directory, values):
    """Lines of each stream that a replay of one partition gives."""
    directory.mkdir(parents=True)
    log, out = directory / "log.ndjson", directory / "out"
    log.write_bytes(b"".join(value + b"\n" for value in values))
    done = subprocess.run([binary, "replay", "--program", program, "--out", out, "--no-fsync", log], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"the replay of {log} ended with {done.returncode}: {done.stderr}")
    return {stream: (out / f"{stream}.ndjson").read_bytes().splitlines() for stream in STREAMS}


def plain(line):
    """Of a dead letter what does not depend on the name of the log that it comes from."""
    found = json.loads(line)
    return json.dumps([found.get(name) for name in ("reason", "field", "position", "payload")])


def judge(inputs, outputs, replay):
    """`inputs`: values for each partition; `outputs[stream]`: values for each partition; `replay(partition, values)`.
    Dead letters have no key, so they lie in any partition and order."""
    verdict, dead = Verdict(), []
    for partition, values in enumerate(inputs):
        expected = replay(partition, values)
        for stream in ORDERED:
            verdict.compare(f"{stream}[{partition}]", outputs[stream][partition], expected[stream])
        dead += expected["deadletters"]
    verdict.compare("deadletters", *(sorted(map(plain, lines)) for lines in (sum(outputs["deadletters"], []), dead)))
    return verdict


def witness(seen, there):
    """What a reader saw all along is what is there in the end: offset by offset, for each topic and partition."""
    wrong = []
    for topic, partitions in seen.items():
        for partition, messages in enumerate(partitions):
            if messages != there[topic][partition]:
                vanished = len(set(messages) - set(there[topic][partition]))
                wrong.append(f"{topic}[{partition}]: the reader saw {len(messages)} messages, {len(there[topic][partition])} "
                             f"are there, {vanished} of those seen are not")
    return wrong
