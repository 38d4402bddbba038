"""Breaks everything below a load of executions, and checks that none is lost, doubled or falsified."""
import argparse
import collections
import json
import pathlib
import random
import sys
import threading
import time

from faults import Faults, schedule
from installation import Installation
from workload.check import Check, check_remains, gaps, tell_sizes, wait_for_ends
from workload.load import Load, Subscriber

# How long after the last fault all has to have ended, and how long nothing may end once a fault is over.
RECOVERY, LONGEST_GAP = 180, 30


def main():
    arguments = parse()
    seconds = arguments.minutes * 60
    plan = json.loads(arguments.schedule.read_text()) if arguments.schedule else schedule(
        arguments.seed, seconds, arguments.faults)
    arguments.state.mkdir(parents=True, exist_ok=True)
    (arguments.state / "schedule.json").write_text(json.dumps(plan, indent=1))
    print(
        f"seed {arguments.seed}, {len(plan)} faults,"
        f" {arguments.executions} executions in {arguments.minutes:g} minutes")

    complaints = []

    def complain(text):
        complaints.append(text)
        if len(complaints) <= 100:
            print(f"! {text[:1000]}", flush=True)

    installation = Installation(arguments.program, arguments.older, arguments.state)
    subscriber = Subscriber(installation)
    subscriber.start()
    subscriber.is_bound.wait()
    sizes = collections.defaultdict(list)
    threading.Thread(target=measure, args=(installation, sizes), daemon=True).start()
    load = Load(installation, arguments.seed, arguments.executions, seconds, complain)
    began = time.time()
    load.is_enough.set()
    load.start()
    events = break_things(installation, plan, began, complain)
    load.join()
    missing, unpublished = wait_for_ends(installation, load, RECOVERY)
    took = time.time() - began
    if missing + unpublished:
        complain(f"{missing} have not ended and {unpublished} messages are not published {RECOVERY} s after all")
    time.sleep(2)
    counts = Check(installation, load, subscriber, complain).run()
    gaps_by_fault = gaps(installation, events, began + seconds)
    for process in installation.processes.values():
        process.end()
    check_remains(installation, complain)
    report(arguments, load, subscriber, counts, events, gaps_by_fault, sizes, took, complain)
    print(f"{len(complaints)} complaints" if complaints else "all is as it should be")
    sys.exit(1 if complaints else 0)


def parse():
    parser = argparse.ArgumentParser(prog="ops/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long executions come and faults are done (30)")
    parser.add_argument("--executions", type=int, default=20_000, help="how many executions (20000)")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1 << 31), help="what is drawn; by default another each time")
    parser.add_argument(
        "--schedule", type=pathlib.Path, help="a schedule.json of an earlier run instead of faults drawn by the seed")
    parser.add_argument(
        "--faults", nargs="+", choices=list(Faults.KINDS), metavar="FAULT",
        help="these alone, of: " + ", ".join(Faults.KINDS))
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--older", help=argparse.SUPPRESS)
    parser.add_argument("--state", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def break_things(installation, plan, began, complain):
    """Does each fault at its time, in a thread of its own; what was done, and when.

    A fault that needs what another has just broken is left out, and one that could never be done is complained of.
    """
    faults, events, threads = Faults(installation), [], []

    def do(event, planned):
        try:
            getattr(faults, planned["fault"])(random.Random(planned["seed"]), planned["seconds"])
        except Exception as error:  # Of the fault, not of what it is done to.
            event["error"] = repr(error)
            print(f"{planned['fault']} could not be done: {error!r}", flush=True)
        event["ended"] = time.time()

    for planned in plan:
        time.sleep(max(0, began + planned["at"] - time.time()))
        event = {"fault": planned["fault"], "began": time.time(), "ended": float("inf")}
        events.append(event)
        print(f"{time.time() - began:7.1f} s: {planned['fault']}, {planned['seconds']} s", flush=True)
        threads.append(threading.Thread(target=do, args=(event, planned)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    done = [event for event in events if "error" not in event]
    for fault in {event["fault"] for event in events} - {event["fault"] for event in done}:
        complain(f"{fault} could not be done")
    return done


def measure(installation, sizes):
    """Every second what each process takes."""
    while True:
        for name, process in installation.processes.items():
            if process.process and (size := process.measure()):
                sizes[name].append(size)
        time.sleep(1)


def report(arguments, load, subscriber, counts, events, gaps_by_fault, sizes, took, complain):
    members = sum(len(members) for members in load.batches.values())
    lines = [
        f"`ops/soak --minutes {arguments.minutes:g} --executions {arguments.executions} --seed {arguments.seed}`", "",
        f"{len(load.jobs)} executions, of them {members} in {len(load.batches)} batches, and"
        f" {subscriber.received} events in {took / 60:.1f} minutes, under {len(events)} faults: "
        + ", ".join(f"{name} {count}" for name, count in counts.items()) + ".", "",
        "| fault | times | longest time it lasted, s | longest time without an end, s |", "|---|---|---|---|",
    ]
    times = collections.Counter(event["fault"] for event in events)
    for fault in Faults.KINDS:
        if fault in times:
            alone = [(lasted, gap) for name, lasted, gap in gaps_by_fault if name == fault]
            longest = [f"{max(values):.1f}" for values in zip(*alone)] or ["-", "-"]
            lines.append(f"| {fault.replace('_', ' ')} | {times[fault]} | {' | '.join(longest)} |")
            for lasted, gap in alone:
                if gap > lasted + LONGEST_GAP:
                    complain(f"nothing ended for {gap:.1f} s around {fault}, which lasted {lasted:.1f} s")
    tell_sizes(sizes, lines, complain)
    text = "\n".join(lines) + "\n"
    (arguments.state / "report.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
