"""Ten tenants: nine that run a small program now and then, and one that is hostile by every means at once.

Prints the latencies of the nine without and with it, side by side. Needs a `sandmill serve` without tokens, where
the header tenant says who asks.
"""
import argparse
import asyncio
import json
import random
import time
import uuid

import pika

SMALL = {"source": "print(sum(range(1000)))"}
SLEEPING = {"source": "import time; time.sleep(5)"}
HUGE = {
    "source": "import os\n"
    "for _ in range(16): os.write(1, os.urandom(1 << 20))\n"
    "for n in range(8): open(f'o{n}', 'wb').write(os.urandom(2 << 20))\n",
    "outputs": ["o*"],
    "limits": {"stdout_bytes": 16 << 20, "output_bytes": 16 << 20},
}
HOSTILE = "hostile"


class Client:
    """Speaks HTTP/1.1 to the gateway, a connection for each request, as a tenant."""

    def __init__(self, port, tenant):
        self.port = port
        self.tenant = tenant

    def head(self, method, path, length=0, kind="application/json"):
        return (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\ntenant: {self.tenant}\r\nConnection: close\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()

    async def ask(self, method, path, body=b"", kind="application/json"):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(self.head(method, path, len(body), kind) + body)
            await writer.drain()
            answer = await reader.read()
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head:
            raise ConnectionError("no answer")
        if b"transfer-encoding: chunked" in head.lower():
            body = dechunked(body)
        return int(head.split(b" ", 2)[1]), body

    async def run(self, request, **fields):
        return await self.ask("POST", "/execute/sync?wait=120", json.dumps(request | fields).encode())

    async def begin(self, request):
        status, body = await self.ask("POST", "/execute/async", json.dumps(request).encode())
        return json.loads(body)["id"] if status == 202 else None


def dechunked(body):
    pieces = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(rest[:length])
        body = rest[length + 2 :] if length else b""
    return b"".join(pieces)


async def use(client, seconds, pause, latencies, failures):
    """A tenant that runs a small program after another, for so long."""
    end = time.monotonic() + seconds
    await asyncio.sleep(random.uniform(0, pause))
    while time.monotonic() < end:
        start = time.monotonic()
        status, body = await client.run(SMALL)
        if status == 200 and json.loads(body)["state"] == "succeeded":
            latencies.append(time.monotonic() - start)
        else:
            failures.append((status, body[:200]))
        await asyncio.sleep(random.uniform(0, 2 * pause))


async def measure(arguments):
    """What each of the nine waits, once all of them have been there for a while."""
    clients = [Client(arguments.port, f"tenant-{number}") for number in range(1, 10)]
    await asyncio.gather(*(use(client, arguments.before, arguments.pause, [], []) for client in clients))
    latencies = {client.tenant: [] for client in clients}
    failures = []
    await asyncio.gather(
        *(use(c, arguments.seconds, arguments.pause, latencies[c.tenant], failures) for c in clients)
    )
    return latencies, failures


async def forever(work):
    """Does it again and again, whatever comes of it."""
    while True:
        try:
            await work()
        except (OSError, ValueError, KeyError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(0.05)


class Hostile:
    def __init__(self, arguments):
        self.arguments = arguments
        self.client = Client(arguments.port, HOSTILE)

    async def batches(self):
        """Three batches of sleeping members, by HTTP."""
        members = {"defaults": SLEEPING, "executions": [{}] * self.arguments.members}
        for _ in range(3):
            await self.client.ask("POST", "/batches", json.dumps(members).encode())

    async def messages(self):
        """Messages of one execution each."""
        await asyncio.to_thread(self.publish)

    def publish(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.arguments.broker))
        channel = connection.channel()
        for _ in range(self.arguments.messages):
            channel.basic_publish(
                f"{self.arguments.prefix}.submit",
                "python.normal",
                json.dumps(SLEEPING),
                pika.BasicProperties(
                    content_type="application/json",
                    delivery_mode=2,
                    message_id=str(uuid.uuid4()),
                    headers={"tenant": HOSTILE},
                ),
            )
        connection.close()

    async def waits(self):
        await self.client.run(SLEEPING)

    async def streams(self):
        execution = await self.client.begin(SLEEPING)
        await self.client.ask("GET", f"/execute/{execution}/stream")

    async def bodies(self):
        """A body of which a byte comes each second."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.arguments.port)
        try:
            writer.write(self.client.head("POST", "/execute/async", 8 << 20))
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(1)
        finally:
            writer.close()

    async def outputs(self):
        await self.client.run(HUGE)

    async def fresh(self):
        await self.client.run(SMALL, isolation="fresh")

    def subscribe(self):
        """A full queue that takes no event; the broker says so for each."""
        connection = pika.BlockingConnection(pika.URLParameters(self.arguments.broker))
        channel = connection.channel()
        full = {"x-max-length": 1, "x-overflow": "reject-publish"}
        name = channel.queue_declare(f"{self.arguments.prefix}.hostile", arguments=full).method.queue
        channel.queue_bind(name, f"{self.arguments.prefix}.events", "#")
        connection.close()

    def unsubscribe(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.arguments.broker))
        connection.channel().queue_delete(f"{self.arguments.prefix}.hostile")
        connection.close()

    MEANS = {
        "batches": 1, "messages": 1, "waits": 300, "streams": 60, "bodies": 40, "outputs": 3, "fresh": 8, "subscriber": 0,
    }

    async def attack(self):
        """By all the means at once, each so many times at a time."""
        means = self.arguments.means or list(self.MEANS)
        if "subscriber" in means:
            await asyncio.to_thread(self.subscribe)
        tasks = []
        for name in means:
            if name in ("batches", "messages"):
                tasks.append(asyncio.create_task(getattr(self, name)()))
            else:
                tasks += [asyncio.create_task(forever(getattr(self, name))) for _ in range(self.MEANS[name])]
        try:
            await asyncio.Event().wait()
        finally:
            for task in tasks:
                task.cancel()
            if "subscriber" in means:
                self.unsubscribe()


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000 if ordered else float("nan")


def attack(arguments):
    asyncio.run(Hostile(arguments).attack())


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--seconds", type=float, default=60, help="how long is measured, each way")
    parser.add_argument("--before", type=float, default=20, help="how long the nine run before it counts")
    parser.add_argument("--pause", type=float, default=0.5, help="how many seconds a tenant pauses, on average")
    parser.add_argument("--members", type=int, default=7_500, help="how many members each of three batches has")
    parser.add_argument("--messages", type=int, default=2_000, help="how many single messages are published")
    parser.add_argument("--means", nargs="*", choices=list(Hostile.MEANS), help="by these means only")
    arguments = parser.parse_args()

    calm, failures = await measure(arguments)
    # In a process of its own, so that what it costs us delays no measurement.
    attacker = await asyncio.create_subprocess_exec(
        "/proc/self/exe", "-c",
        f"import sys; sys.path.insert(0, {json.dumps(__file__.rpartition('/')[0])}); import argparse, tenants; "
        f"tenants.attack(argparse.Namespace(**{vars(arguments)!r}))",
    )
    try:
        await asyncio.sleep(5)
        stormy, more = await measure(arguments)
    finally:
        if attacker.returncode is None:
            attacker.terminate()
        await attacker.wait()
        await asyncio.to_thread(Hostile(arguments).unsubscribe)
    show(calm, stormy)
    for status, body in (failures + more)[:3]:
        print(f"failed: {status} {body}")
    print(f"failures: {len(failures)} without, {len(more)} with")


def show(calm, stormy):
    print("                        without             with the hostile one         ratio")
    print("tenant      runs    p50 ms   p99 ms   runs    p50 ms   p99 ms    p50    p99")
    every = [("all nine", sum(calm.values(), []), sum(stormy.values(), []))]
    for name, without, with_it in [(name, calm[name], stormy[name]) for name in calm] + every:
        figures = [percentile(values, percent) for values in (without, with_it) for percent in (50, 99)]
        print(
            f"{name:10} {len(without):5} {figures[0]:9.1f} {figures[1]:8.1f}  {len(with_it):5} {figures[2]:9.1f}"
            f" {figures[3]:8.1f} {figures[2] / figures[0]:6.2f} {figures[3] / figures[1]:6.2f}"
        )


if __name__ == "__main__":
    asyncio.run(main())
