"""What each kind of fault does, whom it hits, and whether it counts: only if work was left when it hit."""
import re
import signal
import threading
import time
from dataclasses import dataclass, field

from client import Unanswered
from schedule import ON_BROKER

LEAST, MOST = 2, 3  # instances
FREE_S = 60
AWAY_S = 3
AGAIN_S, RESTORE_S = 20, 0.3
ASSIGNED = re.compile(r"event=kafka.assigned partitions=\d")


@dataclass
class Hit:
    kind: str
    whom: str
    at_s: float
    unread: int = -1  # records of the partitions that it hit, there before it and not committed after it; -1: unknown
    effect: str = ""
    counts: bool = False
    failure: str = ""
    struck: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Hits:
    """Carries out faults, several at a time, but never two on one instance or on the brokers."""

    def __init__(self, instances, supervisor, cluster, observer, load, say):
        self.instances, self.supervisor, self.cluster, self.observer = instances, supervisor, cluster, observer
        self.load, self.say = load, say
        self.all, self.begun, self.free, self.brokers_busy = [], time.monotonic(), threading.Condition(), False
        self.away_since = None  # the only broker

    # --- whom ---------------------------------------------------------------------------------

    def may_hit(self, kind):
        """Instances that this kind may hit now; for a kind that hits brokers, one entry that stands for them."""
        if kind in ON_BROKER:
            return [] if self.brokers_busy else [None]
        if self.away_since and time.monotonic() - self.away_since > AWAY_S:
            return []  # Nothing can be committed: what hit now would say little.
        wanted = [one for one in self.instances if one.wanted]
        if kind == "add":
            return [one for one in self.instances if not one.wanted and not one.busy] if len(wanted) < MOST else []
        if kind == "remove" and len(wanted) <= LEAST:
            return []
        return [one for one in wanted if not one.busy and one.up() and one.owned()]

    def take(self, kind, choice, until):
        """Waits until there is somebody to hit, or time is up."""
        with self.free:
            while not (found := self.may_hit(kind)):
                if time.monotonic() > until:
                    return False, None
                self.free.wait(0.1)
            whom = found[int(choice * len(found))]
            if whom is None:
                self.brokers_busy = True
            else:
                whom.busy = kind
            return True, whom

    def release(self, whom):
        with self.free:
            if whom is None:
                self.brokers_busy = False
            else:
                whom.busy = None
            self.free.notify_all()

    # --- how ----------------------------------------------------------------------------------

    def follow(self, schedule, until):
        """One fault after the other, until what is planned next would go beyond that time."""
        for planned in schedule:
            if time.monotonic() + planned.gap_s + planned.lasts_s >= until:
                return
            time.sleep(planned.gap_s)  # as the schedule says
            hit = self.begin(planned, until)
            if hit and planned.kind in ON_BROKER:
                hit.ended.wait()  # They have to be there, too.

    def begin(self, planned, until):
        """Returns once it has hit; it goes on beside what comes next."""
        found, whom = self.take(planned.kind, planned.choice, until)
        if not found:
            return None
        hit = Hit(planned.kind, whom.name if whom else "brokers", time.monotonic() - self.begun)
        self.all.append(hit)
        threading.Thread(target=self.carry_out, args=(hit, planned, whom), daemon=True).start()
        hit.struck.wait(FREE_S)
        return hit

    def carry_out(self, hit, planned, whom):
        try:
            everybody = whom is None or planned.kind == "add"
            hurt = range(self.observer.partitions) if everybody else whom.owned()
            ends, committed = self.load.ends, self.committed() if whom is None else None
            steps = getattr(self, planned.kind.replace(" ", "_"))(planned, whom)
            next(steps, None)  # it hits
            hit.struck.set()
            asking = threading.Thread(target=self.count, args=(hit, hurt, ends, committed), daemon=True)
            asking.start()
            hit.effect = next(steps, None) or ""  # and ends
        except (RuntimeError, OSError, Unanswered) as error:
            hit.failure = f"{hit.kind}: {error}"
            self.say(hit.failure)
        hit.struck.set()
        self.release(whom)
        if not hit.failure:
            asking.join()
            hit.counts = hit.unread > 0 and not hit.effect.startswith("without effect")
        hit.ended.set()

    def count(self, hit, partitions, ends, committed):
        """Records that were acknowledged before it hit and are not committed after it are work that was left. Where the
        brokers are away, they are asked until they are back: what is committed by then counts as if it had been before."""
        committed = committed or self.committed()
        if committed:
            hit.unread = sum(max(0, ends[p] - committed[p]) for p in partitions)
        self.say(f"{hit.at_s:6.1f} s {hit.kind}: {hit.whom}, {hit.unread} records were left")

    def committed(self):
        deadline = time.monotonic() + FREE_S
        while time.monotonic() < deadline:
            try:
                return self.observer.committed()
            except Unanswered:
                time.sleep(0.1)
        return None

    def end(self, seconds):
        """Until the last one is over."""
        deadline = time.monotonic() + seconds
        return [f"{hit.kind} did not end" for hit in self.all if not hit.ended.wait(max(0.0, deadline - time.monotonic()))]

    # --- each kind: yields when it has hit, and its effect when it is over ---------------------

    def kill(self, planned, whom):
        whom.not_before = time.monotonic() + planned.lasts_s
        whom.kill()
        yield

    def wipe(self, planned, whom):
        whom.wanted = False
        whom.kill()
        yield
        whom.empty()
        lives = whom.lives
        whom.not_before, whom.wanted = time.monotonic() + planned.lasts_s, True
        if planned.again:  # while it fills its disk
            deadline = time.monotonic() + AGAIN_S
            while time.monotonic() < deadline and not (whom.lives > lives and ASSIGNED.search(whom.text())):
                time.sleep(0.005)
            time.sleep(planned.choice * RESTORE_S)  # some way into it
            whom.kill()
            yield "killed again"

    def pause_past_session(self, planned, whom):
        whom.send(signal.SIGSTOP)
        yield
        time.sleep(planned.lasts_s)  # the fault itself
        whom.send(signal.SIGCONT)

    pause_past_transaction = pause_past_session

    def stop(self, planned, whom):
        stopping = self.supervisor.begin_stop(whom)
        yield
        self.supervisor.end_stop(whom, stopping)
        whom.not_before, whom.wanted = time.monotonic() + planned.lasts_s, True

    def add(self, planned, whom):
        if planned.again:
            whom.empty()
        whom.not_before, whom.wanted = 0.0, True
        yield

    def remove(self, planned, whom):
        stopping = self.supervisor.begin_stop(whom)
        yield
        self.supervisor.end_stop(whom, stopping)

    def cut_network(self, planned, whom):
        whom.cell.cut()
        yield
        time.sleep(planned.lasts_s)  # the fault itself
        whom.cell.mend()

    def fill_disk(self, planned, whom):
        lives = whom.lives
        whom.cell.fill()
        yield
        deadline = time.monotonic() + planned.lasts_s
        while time.monotonic() < deadline and whom.lives == lives:
            time.sleep(0.05)
        whom.cell.free()
        yield "ended" if whom.lives > lives else "waited"

    def restart_broker(self, planned, _):
        broker = 1 + int(planned.choice * self.cluster.brokers)
        self.cluster.down(broker, signal.SIGKILL)
        self.away_since = time.monotonic() if self.cluster.brokers == 1 else None
        yield
        time.sleep(planned.lasts_s)  # the fault itself
        self.cluster.up(broker, self.observer)
        self.away_since = None

    def move_coordinator(self, planned, _):
        """Counts if another broker has become it."""
        before = self.observer.coordinator()
        self.cluster.down(before, signal.SIGTERM)
        yield
        deadline, after = time.monotonic() + FREE_S, before
        while after in (before, -1) and time.monotonic() < deadline:
            try:
                after = self.observer.coordinator()
            except Unanswered:
                pass
            time.sleep(0.05)
        time.sleep(planned.lasts_s)  # the fault itself
        self.cluster.up(before, self.observer)
        yield "without effect: it did not move" if after == before else f"{before} to {after}"
