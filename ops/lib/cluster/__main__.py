"""Kills each machine of a cluster under a load, cuts some off, and checks that nothing is lost, doubled or falsified."""
import argparse
import collections
import pathlib
import random
import sys
import threading
import time

from installation import Installation
from workload.check import Check, check_remains, ends, longest_gap, wait_for_ends
from workload.installation import size
from workload.load import Load, Subscriber

# How long after the last fault all has to have ended, how long after each all has to be well, and what is a quiet
# time between two; in seconds.
RECOVERY, WELL, QUIET = 180, 90, 8


class Fault:
    """`seconds` is how long it lasts, `bound` how long nothing may end, nor at any one worker that is not its subject."""

    def __init__(self, does, name, seconds, bound, worker_bound):
        self.does, self.name, self.seconds = does, name, seconds
        self.bound, self.worker_bound = bound, worker_bound
        self.began = self.ended = self.following = None

    def __str__(self):
        return f"{self.name} {self.does}"

    def do(self, installation):
        self.began = time.time()
        if self.does == "cut off":
            installation.do("partition", self.name)
            time.sleep(self.seconds)
            installation.do("heal", self.name)
        else:
            installation.do("kill", self.name)
            if self.does == "killed, the other promoted":
                installation.do("promote")
            time.sleep(self.seconds)
            installation.do("revive", self.name)
        self.ended = time.time()


def faults():
    """Each of a machine, one after the other. A killed worker's peers must go on within 5 s, and so on."""
    return [
        *(Fault("killed", name, 10, 5, 5) for name in ("broker1", "broker2", "broker3")),
        *(Fault("killed", name, 8, 5, 5) for name in Installation.WORKERS),
        *(Fault("killed", name, 5, 5, 5) for name in Installation.GATEWAYS),
        Fault("killed, the other promoted", "database1", 4, 10, 10),
        Fault("killed, the other promoted", "database2", 4, 10, 10),
        Fault("killed as the standby", "database2", 4, 10, 10),
        Fault("cut off", "broker2", 30, 25, 25),
        Fault("cut off", "worker2", 45, 5, 5),
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
    subscriber = Subscriber(installation)
    subscriber.start()
    subscriber.is_bound.wait()
    sizes = collections.defaultdict(list)
    threading.Thread(target=measure, args=(installation, sizes), daemon=True).start()
    load = Load(installation, arguments.seed, arguments.executions, seconds, complain)
    began = time.time()
    load.start()
    plan = [fault for fault in faults() if not arguments.faults or fault.name in arguments.faults]
    break_things(installation, plan, began, complain)
    if time.time() > began + seconds:
        complain(f"the load was over {time.time() - began - seconds:.0f} s before the last fault: --minutes is too little")
    load.join()
    missing, unpublished = wait_for_ends(installation, load, RECOVERY)
    took = time.time() - began
    if missing + unpublished:
        complain(f"{missing} have not ended and {unpublished} messages are not published {RECOVERY} s after all")
    time.sleep(2)
    check = Check(installation, load, subscriber, complain)
    counts = check.run()
    times = ends(installation)
    for name in (*installation.GATEWAYS, *installation.WORKERS):
        installation.do("stop", name)
    check_remains(installation, complain)
    report(arguments, load, subscriber, check, counts, plan, times, sizes, took, complain)
    print(f"{len(complaints)} complaints" if complaints else "all is as it should be")
    sys.exit(1 if complaints else 0)


def parse():
    parser = argparse.ArgumentParser(prog="ops/cluster run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--executions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--faults", nargs="+", metavar="NAME", help="those of these machines alone")
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
        after = [at for at, _ in times if at > fault.began]
        gap = longest_gap(after, fault.began, fault.following)
        by_worker = [
            longest_gap([at for at, worker in times if worker == name], fault.began, fault.following)
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
    if load.failures:
        lines += ["", "Answers of gateways that were asked again: " + ", ".join(
            f"{status} {text.decode(errors='replace')} {count} times" for (status, text), count in load.failures.items())]
        for (status, text), count in load.failures.items():
            if status == 500:
                complain(f"a gateway answered 500 {count} times: {text}")
    lines += ["", "| process | memory, MiB | descriptors |", "|---|---|---|"]
    for name, values in sorted(sizes.items()):
        memory, descriptors = zip(*values)
        cells = [f"{max(figures)} at most, {figures[-1]} at the end" for figures in (memory, descriptors)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        if max(memory) > 512 or max(descriptors) > 512:
            complain(f"{name} took {max(memory)} MiB and {max(descriptors)} descriptors")
    text = "\n".join(lines) + "\n"
    (arguments.state / "report.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
