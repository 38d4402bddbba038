"""What is submitted, by which door, and how it must end."""
import collections
import hashlib
import http.client
import json
import random
import threading
import time
import uuid

import pika

TENANTS = [f"tenant-{number}" for number in range(10)]


class Job:
    """An execution and how it must end; `confirmed` is when its acceptance was durable."""

    def __init__(self, kind, request, state, reason=None, output=None, digest=None, retries=0):
        self.id = None
        self.kind, self.request = kind, request
        self.state, self.reason, self.output, self.digest = state, reason, output, digest
        # How often its program is run again because its request asks for that, and not for our fault.
        self.retries = retries
        self.tenant, self.door, self.confirmed = None, None, None


def content(seed, size):
    return (str(seed) * (size // len(str(seed)) + 1))[:size]


class Jobs:
    """Draws jobs; one seed, the same jobs."""

    def __init__(self, seed):
        self.random = random.Random(f"jobs {seed}")

    def draw(self, kinds=None):
        weights = kinds or self.WEIGHTS
        kind = self.random.choices(list(weights), weights.values())[0]
        return getattr(self, kind)(self.random.randrange(1 << 48))

    def prints(self, token):
        return Job("prints", {"source": f"print({token})"}, "succeeded", output=f"{token}\n")

    def sleeps(self, token):
        seconds = self.random.uniform(0, 3)
        source = f"import time; time.sleep({seconds:.3f}); print({token})"
        return Job("sleeps", {"source": source}, "succeeded", output=f"{token}\n")

    def writes(self, token):
        size = self.random.randrange(1, 200_000)
        source = f"t = '{token}'\nopen('out.txt', 'w').write((t * ({size} // len(t) + 1))[:{size}])"
        digest = hashlib.sha256(content(token, size).encode()).hexdigest()
        return Job("writes", {"source": source, "outputs": ["out.txt"]}, "succeeded", digest=digest)

    def fails(self, token):
        request = {"source": f"print({token}); raise SystemExit(3)"}
        return Job("fails", request, "failed", "exit_code", output=f"{token}\n")

    def spins(self, token):
        request = {"source": "while True: pass", "limits": {"cpu_seconds": 0.2, "wall_seconds": 60}}
        return Job("spins", request, "timed_out", "cpu_time")

    def eats(self, token):
        request = {"source": "x = bytearray(1 << 28)", "limits": {"memory_bytes": 64 << 20}}
        return Job("eats", request, "out_of_memory", "memory")

    def cases(self, token):
        cases = [{"name": f"{n}", "stdin": f"{token + n}\n", "expected_stdout": f"{token + n}\n"} for n in range(3)]
        cases[1]["expected_stdout"] = "something else\n"
        return Job("cases", {"source": "print(input())", "cases": cases}, "failed", "wrong_answer")

    def tries_again(self, token):
        request = {"source": "raise SystemExit(4)", "retry": {"max": 2, "on": ["failed"]}}
        return Job("tries_again", request, "failed", "exit_code", retries=2)

    def is_cancelled(self, token):
        request = {"source": "import time; time.sleep(250)", "limits": {"wall_seconds": 300}}
        return Job("is_cancelled", request, "cancelled")

    def is_refused(self, token):
        return Job("is_refused", {"source": "print(1)", "sauce": "none"}, None)

    WEIGHTS = {
        "prints": 40, "sleeps": 15, "writes": 15, "fails": 6, "spins": 2, "eats": 2, "cases": 8, "tries_again": 4,
        "is_cancelled": 4, "is_refused": 4,
    }
    # A member's refusal is told otherwise, and a batch waits for all of its members.
    MEMBERS = {"prints": 5, "sleeps": 1, "writes": 1, "fails": 1, "cases": 1}


class Broker:
    """Publishes with confirmations, and again after a failure until one arrives."""

    def __init__(self, installation, is_over):
        self.installation, self.is_over, self.channel = installation, is_over, None

    def publish(self, routing_key, body, tenant, identifier):
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=2, message_id=str(identifier), headers={"tenant": tenant})
        while True:
            try:
                if self.channel is None:
                    self.channel = pika.BlockingConnection(self.installation.broker_parameters()).channel()
                    self.channel.confirm_delivery()
                self.channel.basic_publish(
                    f"{self.installation.PREFIX}.submit", routing_key, json.dumps(body), properties, mandatory=True)
                return time.time()
            except (pika.exceptions.AMQPError, OSError):
                self.channel = None
                if self.is_over.wait(0.5):
                    return None


class Gateway:
    """Asks a gateway, and asks again after a failure until there is an answer that counts.

    `failures` counts the answers of 500 and more by their status and their beginning.
    """

    def __init__(self, installation, is_over, failures):
        self.installation, self.is_over, self.failures = installation, is_over, failures

    def ask(self, method, path, tenant, body=None, key=None, accepted=(200, 202), again=()):
        fields = self.installation.fields_of(tenant) | {"content-type": "application/json"}
        if key:
            fields["idempotency-key"] = str(key)
        while True:
            try:
                connection = http.client.HTTPConnection(*self.installation.gateway_address(), timeout=60)
                connection.request(method, path, json.dumps(body) if body is not None else None, fields)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status in accepted:
                    return json.loads(text)
                if answer.status < 500 and answer.status not in (408, 429, *again):
                    raise AssertionError(f"{method} {path}: {answer.status} {text[:300]!r}")
                if answer.status >= 500:
                    self.failures[answer.status, text[:200]] += 1
            except (OSError, http.client.HTTPException, ValueError):
                pass
            finally:
                connection.close()
            if self.is_over.wait(0.5):
                return None


class Load:
    """Submits jobs at an even rate by several threads, each with a door of its own.

    It goes on at that rate beyond `executions` until `is_enough` is set.
    """

    # Each door, its share of the executions, and by how many threads they come.
    DOORS = {"message": (4, 2), "batch_message": (2, 1), "http": (2, 2), "http_wait": (1, 8), "http_batch": (1, 1)}

    def __init__(self, installation, seed, executions, seconds, complain):
        self.installation, self.complain = installation, complain
        self.jobs, self.batches, self.lock = [], {}, threading.Lock()
        self.is_over, self.is_enough, self.failures = threading.Event(), threading.Event(), collections.Counter()
        self.threads = []
        shares = sum(share for share, _ in self.DOORS.values())
        for door, (share, threads) in self.DOORS.items():
            for number in range(threads):
                count = executions * share // shares // threads
                arguments = (door, Jobs(f"{seed} {door} {number}"), count, seconds)
                self.threads.append(threading.Thread(target=self.run, args=arguments, name=door))

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()

    def run(self, door, jobs, count, seconds):
        broker = Broker(self.installation, self.is_over)
        gateway = Gateway(self.installation, self.is_over, self.failures)
        begin, sent = time.monotonic(), 0
        try:
            while (sent < count or not self.is_enough.is_set()) and not self.is_over.is_set():
                # As late as it is, so that what a fault held up is made up for.
                self.is_over.wait(begin + seconds * sent / count - time.monotonic())
                sent += getattr(self, door)(jobs, broker, gateway)
        except AssertionError as error:
            self.complain(f"door {door}: {error}")

    def keep(self, job, identifier, tenant, door, confirmed):
        job.id, job.tenant, job.door, job.confirmed = str(identifier), tenant, door, confirmed
        with self.lock:
            self.jobs.append(job)

    def message(self, jobs, broker, gateway):
        job, tenant = jobs.draw(), jobs.random.choice(TENANTS)
        identifier = uuid.UUID(int=jobs.random.getrandbits(128), version=4)
        level = jobs.random.choices(["high", "normal", "low"], [1, 3, 1])[0]
        # Now and then a publisher sends one twice.
        for _ in range(2 if jobs.random.random() < 0.05 else 1):
            confirmed = broker.publish(f"python.{level}", job.request, tenant, identifier)
        if confirmed:
            self.keep(job, identifier, tenant, "message", confirmed)
            self.cancel(job, gateway)
        return 1

    def batch_message(self, jobs, broker, gateway):
        identifier = uuid.UUID(int=jobs.random.getrandbits(128), version=4)
        members, body = self.members(jobs)
        tenant = jobs.random.choice(TENANTS)
        if confirmed := broker.publish("batch", body, tenant, identifier):
            self.keep_batch(identifier, members, tenant, "batch_message", confirmed)
        return len(members)

    def http_batch(self, jobs, broker, gateway):
        members, body = self.members(jobs)
        tenant, key = jobs.random.choice(TENANTS), uuid.UUID(int=jobs.random.getrandbits(128), version=4)
        if answer := gateway.ask("POST", "/batches", tenant, body, key):
            self.keep_batch(answer["id"], members, tenant, "http_batch", time.time())
        return len(members)

    def members(self, jobs):
        members = {}
        for _ in range(jobs.random.randrange(5, 60)):
            members[str(uuid.UUID(int=jobs.random.getrandbits(128), version=4))] = jobs.draw(Jobs.MEMBERS)
        body = {"pool": "python", "executions": [{"id": id, **job.request} for id, job in members.items()]}
        if jobs.random.random() < 0.3:
            body["max_running"] = 2
        return members, body

    def keep_batch(self, identifier, members, tenant, door, confirmed):
        for id, job in members.items():
            self.keep(job, id, tenant, door, confirmed)
        with self.lock:
            self.batches[str(identifier)] = list(members)

    def submit(self, jobs, gateway, path, door):
        # Who waits for a program that sleeps until it is cancelled waits in vain.
        kinds = {kind: weight for kind, weight in Jobs.WEIGHTS.items() if door == "http" or kind != "is_cancelled"}
        job, tenant = jobs.draw(kinds), jobs.random.choice(TENANTS)
        key = uuid.UUID(int=jobs.random.getrandbits(128), version=4)
        # By this door who is wrong hears of it at once, and nothing is kept.
        refused = job.kind == "is_refused"
        answer = gateway.ask("POST", path, tenant, job.request, key, (400,) if refused else (200, 202))
        if answer and not refused:
            self.keep(job, answer["id"], tenant, door, time.time())
            self.cancel(job, gateway)
        return 1

    def cancel(self, job, gateway):
        if job.kind == "is_cancelled":
            # Until its message was taken in there is nothing yet to be cancelled.
            gateway.ask("DELETE", f"/execute/{job.id}", job.tenant, accepted=(200, 202), again=(404,))

    def http(self, jobs, broker, gateway):
        return self.submit(jobs, gateway, "/execute/async", "http")

    def http_wait(self, jobs, broker, gateway):
        return self.submit(jobs, gateway, "/execute/sync?wait=20", "http_wait")


class Subscriber(threading.Thread):
    """Takes every event from a durable queue of its own, and keeps what tells two apart.

    `connect` opens its connection; by default to any node.
    """

    def __init__(self, installation, name="subscriber", connect=None):
        super().__init__(daemon=True, name=name)
        self.installation, self.queue = installation, f"{installation.PREFIX}-{name}"
        self.connect = connect or (lambda: pika.BlockingConnection(installation.broker_parameters()))
        # (type, subject): {(id of the event, digest of its data)}; and how many came in all.
        self.events, self.received, self.is_bound = {}, 0, threading.Event()
        # Of each subject when its first event came, and which worker's it is, if any's.
        self.arrivals = {}

    def run(self):
        while True:
            try:
                self.consume()
            except (pika.exceptions.AMQPError, OSError):
                time.sleep(0.5)

    def consume(self):
        channel = self.connect().channel()
        channel.queue_declare(self.queue, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(self.queue, f"{self.installation.PREFIX}.events", "#")
        self.is_bound.set()
        channel.basic_qos(prefetch_count=200)
        for method, _, body in channel.consume(self.queue):
            event = json.loads(body)
            data = hashlib.sha256(json.dumps(event["data"], sort_keys=True).encode()).hexdigest()
            self.events.setdefault((event["type"], event["subject"]), set()).add((event["id"], data))
            self.arrivals.setdefault(event["subject"], (time.time(), event["data"].get("worker")))
            self.received += 1
            channel.basic_ack(method.delivery_tag)
