"""Kills each machine of a cluster under a load, cuts some off, and checks that nothing is lost, doubled or falsified."""
import argparse
import collections
import functools
import pathlib
import random
import sys
import threading
import time

import pika

from installation import Installation
from workload.check import Check, check_remains, longest_gap, tell_sizes, wait_for_ends
from workload.installation import size
from workload.load import Load, Subscriber

# How long after the last fault all has to have ended, how long after each all has to be well, and what is a quiet
# time between two; in seconds.
RECOVERY, WELL, QUIET = 180, 90, 8


class Fault:
    """What is done to a machine, by its name or as `primary` or `standby`.

    `seconds` is how long it lasts, `bound` how long nothing may end, and `worker_bound` how long nothing may end at any
    one worker but its subject; in seconds.
    """

    def __init__(self, name, does, seconds, bound, worker_bound):
        self.does, self.name, self.seconds = does, name, seconds
        self.bound, self.worker_bound = bound, worker_bound
        self.began = self.ended = self.following = None
        self.note = ""

    def __str__(self):
        return f"{self.name} {self.does}"

    def do(self, installation):
        name = installation.database(self.name) if self.name in ("primary", "standby") else self.name
        self.began = time.time()
        if self.does == "cut off":
            installation.do("partition", name)
            time.sleep(self.seconds)
            self.note = installation.do("heal", name)
        else:
            installation.do("kill", name)
            if self.name == "primary":
                installation.do("promote")
            time.sleep(self.seconds)
            installation.do("revive", name)
        self.ended = time.time()


def faults():
    """What is done, in this order."""
    return [
        *(Fault(name, "killed", 10, 5, 5) for name in ("broker1", "broker2", "broker3")),
        *(Fault(name, "killed", 8, 5, 5) for name in Installation.WORKERS),
        *(Fault(name, "killed", 5, 5, 5) for name in Installation.GATEWAYS),
        # To and fro.
        *(Fault("primary", "killed, standby promoted", 4, 10, 10) for _ in range(2)),
        Fault("standby", "killed", 4, 10, 10),
        # Found by two heartbeats of clients (5 s each), and after some seconds by the other nodes.
        Fault("broker2", "cut off", 30, 15, 15),
        Fault("worker2", "cut off", 45, 5, 5),
    ]


def main():
    arguments = parse()
    seconds = arguments.minutes * 60
    print(f"seed {arguments.seed}, {arguments.executions} executions in {arguments.minutes:g} minutes", flush=True)
    complaints = []

    def complain(text):
        complaints.append(text)
        if len(complaints) <= 100:
            print(f"! {text[:1000]}", flush=True)

    installation = Installation(arguments.script, arguments.program, arguments.state)
    # One at each node, so that one at least hears of an end as soon as it is announced.
    subscribers = [
        Subscriber(installation, f"subscriber-{number}", functools.partial(connect, installation, node))
        for number, node in enumerate(installation.brokers)]
    for each in subscribers:
        each.start()
        each.is_bound.wait()
    subscriber = subscribers[0]
    sizes = collections.defaultdict(list)
    threading.Thread(target=measure, args=(installation, sizes), daemon=True).start()
    load = Load(installation, arguments.seed, arguments.executions, seconds, complain)
    began = time.time()
    load.start()
    plan = [fault for fault in faults() if not arguments.machines or fault.name in arguments.machines]
    break_things(installation, plan, began, complain)
    load.is_enough.set()
    load.join()
    missing, unpublished = wait_for_ends(installation, load, RECOVERY)
    took = time.time() - began
    if missing + unpublished:
        complain(f"{missing} have not ended and {unpublished} messages are not published {RECOVERY} s after all")
    time.sleep(2)
    check = Check(installation, load, subscriber, complain)
    counts = check.run()
    if len({len(each.events) for each in subscribers}) > 1:
        complain(f"subscribers know of {[len(each.events) for each in subscribers]} ends")
    arrivals = [min((each.arrivals[subject] for each in subscribers if subject in each.arrivals), key=at)
                for subject in subscriber.arrivals]
    times = sorted(arrivals, key=at)
    for name in (*installation.GATEWAYS, *installation.WORKERS):
        installation.do("stop", name)
    check_remains(installation, complain)
    counts["files without a record"] = installation.orphans
    report(arguments, load, subscriber, check, counts, plan, times, sizes, took, complain)
    print(f"{len(complaints)} complaints" if complaints else "all is as it should be")
    sys.exit(1 if complaints else 0)


def at(arrival):
    return arrival[0]


def connect(installation, node):
    return pika.BlockingConnection(installation.broker_parameters(node))


def parse():
    parser = argparse.ArgumentParser(prog="ops/cluster run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--executions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--machines", nargs="+", metavar="NAME")
    parser.add_argument("--script", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--state", type=pathlib.Path, required=True)
    return parser.parse_args()


def break_things(installation, plan, began, complain):
    """One fault after the other, each when all is well again."""
    for fault in plan:
        time.sleep(QUIET)
        print(f"{time.time() - began:7.1f} s: {fault}", flush=True)
        try:
            fault.do(installation)
        except RuntimeError as error:
            fault.ended = time.time()
            complain(f"{fault} could not be done: {error}")
        limit = time.monotonic() + WELL
        while not (found := installation.status())[1]:
            if time.monotonic() > limit:
                complain(f"not all is well {WELL} s after {fault}:\n{found[0]}")
                break
            time.sleep(1)
        fault.following = time.time() + QUIET
        if fault.note:
            print(fault.note, flush=True)


def measure(installation, sizes):
    """Every second what each process takes."""
    while True:
        for name in (*installation.WORKERS, *installation.GATEWAYS):
            if found := size(installation.pid(name)):
                sizes[name].append(found)
        time.sleep(1)


def report(arguments, load, subscriber, check, counts, plan, times, sizes, took, complain):
    members = sum(len(members) for members in load.batches.values())
    lines = [
        f"`ops/cluster run --executions {arguments.executions} --minutes {arguments.minutes:g} --seed {arguments.seed}`", "",
        f"{len(load.jobs)} executions, of them {members} in {len(load.batches)} batches, and"
        f" {subscriber.received} events in {took / 60:.1f} minutes: "
        + ", ".join(f"{name} {count}" for name, count in counts.items()) + ".", "",
        "| what | lasted, s | until the first end, s | longest time without an end, s | at one worker, s | lost | twice |",
        "|---|---|---|---|---|---|---|",
    ]
    for fault in plan:
        after = [moment for moment, _ in times if moment > fault.began]
        gap = longest_gap(after, fault.began, fault.following)
        by_worker = [
            longest_gap([moment for moment, worker in times if worker == name], fault.began, fault.following)
            for name in Installation.WORKERS if name != fault.name]
        if gap > fault.bound or max(by_worker) > fault.worker_bound:
            complain(
                f"{fault}: nothing ended for {gap:.1f} s (at most {fault.bound}), at one worker for"
                f" {max(by_worker):.1f} s (at most {fault.worker_bound})")
        # By when they were confirmed.
        lost, twice = (
            sum(fault.began <= job.confirmed < fault.following for job in jobs) for jobs in (check.lost, check.twice))
        figures = (fault.ended - fault.began, (after or [fault.following])[0] - fault.began, gap, max(by_worker))
        lines.append(f"| {fault} | {' | '.join(f'{figure:.1f}' for figure in figures)} | {lost} | {twice} |")
    for fault in plan:
        if fault.note:
            lines += ["", fault.note]
    if load.failures:
        lines += ["", "Answers of gateways that were asked again: " + ", ".join(
            f"{status} {text.decode(errors='replace')} {count} times" for (status, text), count in load.failures.items())]
        for (status, text), count in load.failures.items():
            if status == 500:
                complain(f"a gateway answered 500 {count} times: {text}")
    tell_sizes(sizes, lines, complain)
    text = "\n".join(lines) + "\n"
    (arguments.state / "report.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
