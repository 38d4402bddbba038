"""What has to be true of all that was accepted, whatever broke: I1 to I6. What is not is complained of."""
import hashlib
import time

EXECUTION = "dev.sandmill.execution.finished.v1"
BATCH = "dev.sandmill.batch.completed.v1"


def wait_for_ends(installation, load, seconds):
    """Until each job has its end, or so many seconds have passed; how many have none."""
    limit, ids = time.monotonic() + seconds, [job.id for job in load.jobs if job.state]
    while True:
        [(missing,)] = installation.query(
            "select count(*) from unnest(%s::uuid[]) as job(id) left join executions e using (id)"
            " where e.finished_at is null", ids)
        [(unpublished,)] = installation.query("select count(*) from outbox")
        if missing + unpublished == 0 or time.monotonic() > limit:
            return missing, unpublished
        time.sleep(1)


class Check:
    def __init__(self, installation, load, subscriber, complain):
        self.installation, self.load, self.subscriber, self.complain = installation, load, subscriber, complain
        # The jobs without an end, and with two.
        self.lost, self.twice = [], []

    def run(self):
        """How many are lost, twice, wrong or of our fault, by name.

        What has lost three workers while it ran is quarantined, as it should be, and counted only.
        """
        rows = self.installation.query(
            "select id::text, state, reason, result, results_path, retries from executions")
        records = {row[0]: row[1:] for row in rows}
        refusals = dict(self.installation.query(
            "select properties ->> 'message_id', count(*) from dead_letters group by 1"))
        counts = dict.fromkeys(
            ("wrong", "our fault", "quarantined", "without an event", "files that differ"), 0)
        for job in self.load.jobs:
            if job.state is None:
                if not self.expected(job.id in refusals, f"{job.id} was refused and is no dead letter"):
                    self.lost.append(job)
                continue
            record = records.get(job.id)
            has_ended = record is not None and record[0] not in ("queued", "running")
            if not self.expected(has_ended, f"lost: {describe(job)}, {record}"):
                self.lost.append(job)
                continue
            self.announced(job)
            is_announced = (EXECUTION, job.id) in self.subscriber.events
            counts["without an event"] += self.expect(is_announced, f"no event: {describe(job)}")
            state, reason, result, path, retries = record
            if (state, reason) == ("errored", "worker_killer"):
                counts["quarantined"] += 1
            elif state == "errored":
                counts["our fault"] += self.expect(False, f"errored, {reason}: {describe(job)}")
            else:
                complaint = f"wrong: {describe(job)}, {state} {reason}, {retries} retries, {result}"
                counts["wrong"] += self.expect(is_right(job, state, reason, result, retries), complaint)
            counts["files that differ"] += self.files(job, result, path)
        strangers = records.keys() - {job.id for job in self.load.jobs}
        # What no door confirmed may be there all the same: its answer was lost when the load ended.
        self.batches()
        return {"lost": len(self.lost), "twice": len(self.twice)} | counts | {"unconfirmed": len(strangers)}

    def expected(self, condition, complaint):
        if not condition:
            self.complain(complaint)
        return condition

    def expect(self, condition, complaint):
        """1 for what is not as it should be."""
        return 0 if self.expected(condition, complaint) else 1

    def announced(self, job):
        """That its events do not tell of two outcomes."""
        events = self.subscriber.events.get((EXECUTION, job.id), ())
        if not self.expected(len(events) <= 1, f"{len(events)} different events of {describe(job)}: {events}"):
            self.twice.append(job)

    def files(self, job, result, path):
        if job.digest is None or result is None or result["state"] != "succeeded":
            return 0
        wrong = 0
        for file in result["files"]:
            try:
                content = (self.installation.results / path / "files" / file["path"]).read_bytes()
                digest = hashlib.sha256(content).hexdigest()
            except OSError as error:
                digest = str(error)
            wrong += self.expect(digest == file["sha256"] == job.digest, f"{file['path']} of {describe(job)}: {digest}")
        return wrong

    def batches(self):
        complete = dict(self.installation.query("select id::text, pending from batches"))
        for batch, members in self.load.batches.items():
            pending = complete.get(batch)
            self.expected(pending == 0, f"batch {batch} of {len(members)} has {pending} pending")
            events = self.subscriber.events.get((BATCH, batch), ())
            self.expected(len(events) == 1, f"batch {batch} has {len(events)} events")


def is_right(job, state, reason, result, retries):
    """Whether it ended as its program says, whatever disturbed its attempts."""
    if (state, reason, retries) != (job.state, job.reason, job.retries):
        return False
    if job.output is not None and result["stdout"]["preview"] != job.output:
        return False
    return job.digest is None or len(result["files"]) == 1


def describe(job):
    return f"{job.kind} {job.id} of {job.tenant} by {job.door}"


def check_remains(installation, complain):
    """That nothing is left of the workers once they have ended, and that the records and the files on disk agree."""
    if containers := installation.containers():
        complain(f"{len(containers)} sandboxes are left without a worker: {containers}")
    for table in ("workers", "sandboxes", "outbox"):
        if rows := installation.query(f"select * from {table}"):
            complain(f"{len(rows)} rows are left in {table}")
    if found := installation.check_results():
        complain(f"the results and the records differ:\n{found}")


def longest_gap(times, began, until):
    """The longest time between two of the sorted times, or one and a bound."""
    inside = [began] + [time for time in times if began < time < until] + [until]
    return max(later - earlier for earlier, later in zip(inside, inside[1:]))


def gaps(installation, events, until):
    """The longest time without an end from each fault to the next, in seconds; none where faults overlap."""
    times = [row[0] for row in installation.query(
        "select extract(epoch from finished_at)::float8 from executions where finished_at is not null order by 1")]
    found = []
    for index, event in enumerate(events):
        following = events[index + 1]["began"] if index + 1 < len(events) else until
        before = events[index - 1]["ended"] if index else 0
        if before > event["began"] or event["ended"] > following:
            continue
        gap = longest_gap(times, event["began"], following)
        found.append((event["fault"], event["ended"] - event["began"], gap))
    return found


def tell_sizes(sizes, lines, complain):
    """Adds what processes took of memory and descriptors to a report, and complains of what took too much."""
    lines += ["", "| process | memory, MiB | descriptors |", "|---|---|---|"]
    for name, values in sorted(sizes.items()):
        memory, descriptors = zip(*values)
        cells = [f"{max(figures)} at most, {figures[-1]} at the end" for figures in (memory, descriptors)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        if max(memory) > 512 or max(descriptors) > 512:
            complain(f"{name} took {max(memory)} MiB and {max(descriptors)} descriptors")
