"""What is done to an installation while it works: a fault is a function that breaks something, waits and lets it be."""
import contextlib
import os
import random
import resource
import signal
import subprocess
import time

import psycopg


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


class Faults:
    """Each function that is named in `KINDS` is a fault.

    `draw` chooses what it is done to, and `seconds` is how long that stays broken.
    """

    def __init__(self, installation):
        self.installation = installation
        self.processes = installation.processes

    def worker_killed(self, draw, seconds):
        process = self.processes[draw.choice(self.installation.WORKERS)]
        with self.held(process):
            process.send(signal.SIGKILL)
            time.sleep(seconds)

    def both_workers_killed(self, draw, seconds):
        with contextlib.ExitStack() as stack:
            for name in self.installation.WORKERS:
                stack.enter_context(self.held(self.processes[name]))
                self.processes[name].send(signal.SIGKILL)
            time.sleep(seconds)

    @staticmethod
    @contextlib.contextmanager
    def held(process):
        process.is_held.set()
        try:
            yield
        finally:
            process.is_held.clear()

    def worker_told_to_stop(self, draw, seconds):
        """It finishes what it has, and is started again."""
        process = self.processes[draw.choice(self.installation.WORKERS)]
        with self.held(process):
            process.send(signal.SIGTERM)
            process.process.wait(90)
            time.sleep(seconds)

    def worker_frozen(self, draw, seconds):
        """Past its lease when that takes long; what it has then is another's."""
        with stopped(self.processes[draw.choice(self.installation.WORKERS)].pid):
            time.sleep(seconds)

    def worker_without_descriptors(self, draw, seconds):
        """It can open no file, no connection and no sandbox beside those that it has."""
        pid = self.processes[draw.choice(self.installation.WORKERS)].pid
        _, maximum = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), maximum))
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)

    def clock_jumps(self, draw, seconds):
        """That of worker-b, by a day."""
        self.installation.clock.set(draw.choice(["+1d", "-1d"]))
        try:
            time.sleep(seconds)
        finally:
            self.installation.clock.set("+0")

    def gateway_killed(self, draw, seconds):
        process = self.processes["gateway"]
        with self.held(process):
            process.send(signal.SIGKILL)
            time.sleep(seconds)

    def broker_killed(self, draw, seconds):
        self.server_killed("broker", seconds)

    def database_killed(self, draw, seconds):
        self.server_killed("database", seconds)

    def engine_killed(self, draw, seconds):
        self.server_killed("engine", seconds)

    def server_killed(self, name, seconds):
        os.kill(self.installation.server_pid(name), signal.SIGKILL)
        time.sleep(seconds)
        self.installation.start_server(name)

    def engine_hung(self, draw, seconds):
        with stopped(self.installation.server_pid("engine")):
            time.sleep(seconds)

    def broker_connections_closed(self, draw, seconds):
        self.installation.rabbitmqctl("close_all_connections", "as an operator does")

    def broker_alarmed(self, draw, seconds):
        """It takes no message while it has too little memory."""
        self.installation.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
        try:
            time.sleep(seconds)
        finally:
            self.installation.rabbitmqctl("set_vm_memory_high_watermark", "0.4")

    def queue_deleted_while_empty(self, draw, seconds):
        """With nothing in it, so that nobody loses anything; it has no place for the next message for a moment."""
        self.installation.rabbitmqctl("delete_queue", f"{self.installation.PREFIX}.work.python.high", "--if-empty")

    def database_sessions_ended(self, draw, seconds):
        self.installation.query(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and backend_type = 'client backend'")

    def database_read_only(self, draw, seconds):
        """As after a failover to a standby."""
        self.alter_database("on")
        try:
            self.database_sessions_ended(draw, seconds)
            time.sleep(seconds)
        finally:
            self.alter_database("off")
            self.database_sessions_ended(draw, seconds)

    def alter_database(self, value):
        with psycopg.connect(self.installation.database_url, autocommit=True) as connection:
            connection.execute("set default_transaction_read_only = off")
            connection.execute("set transaction_read_only = off")
            connection.execute(f"alter database sandmill set default_transaction_read_only = {value}")

    def table_locked(self, draw, seconds):
        with psycopg.connect(self.installation.database_url) as connection:
            connection.execute(f"lock table {self.installation.SCHEMA}.executions in access exclusive mode")
            time.sleep(seconds)

    def rows_locked(self, draw, seconds):
        with psycopg.connect(self.installation.database_url) as connection:
            connection.execute(
                f"select 1 from {self.installation.SCHEMA}.executions where finished_at is null limit 20 for update")
            time.sleep(seconds)

    def link_to_broker_cut(self, draw, seconds):
        self.cut("broker", seconds)

    def link_to_database_cut(self, draw, seconds):
        self.cut("database", seconds)

    def cut(self, name, seconds):
        """worker-a sends and hears nothing more, and no connection ends."""
        link = self.installation.links[name]
        link.flows.clear()
        try:
            time.sleep(seconds)
        finally:
            link.flows.set()

    def sandbox_killed(self, draw, seconds):
        if containers := self.installation.containers():
            self.installation.docker("kill", draw.choice(containers))

    def sandboxes_removed(self, draw, seconds):
        # Some are being replaced and are gone by then.
        with contextlib.suppress(subprocess.CalledProcessError):
            self.installation.docker("rm", "--force", *self.installation.containers())

    def results_full(self, draw, seconds):
        """Not a byte is left on the results' file system."""
        filler = self.installation.results / "filler"
        try:
            with open(filler, "wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 20))
            time.sleep(seconds)
        finally:
            filler.unlink()

    # Each fault, how often it is drawn, and from how many seconds to how many it lasts.
    KINDS = {
        "worker_killed": (4, 1, 8),
        "both_workers_killed": (1, 1, 5),
        "worker_told_to_stop": (2, 0, 3),
        "worker_frozen": (3, 3, 25),
        "worker_without_descriptors": (1, 5, 15),
        "clock_jumps": (1, 3, 15),
        "gateway_killed": (2, 0, 4),
        "broker_killed": (2, 0, 6),
        "broker_connections_closed": (2, 0, 0),
        "broker_alarmed": (2, 3, 15),
        "queue_deleted_while_empty": (1, 0, 0),
        "database_killed": (2, 0, 6),
        "database_sessions_ended": (2, 0, 0),
        "database_read_only": (1, 3, 12),
        "table_locked": (1, 3, 12),
        "rows_locked": (1, 3, 12),
        "link_to_broker_cut": (2, 3, 25),
        "link_to_database_cut": (2, 3, 25),
        "engine_killed": (1, 0, 5),
        "engine_hung": (1, 3, 20),
        "sandbox_killed": (2, 0, 0),
        "sandboxes_removed": (1, 0, 0),
        "results_full": (1, 3, 15),
    }


def schedule(seed, seconds, kinds=None):
    """Faults with the time at which each begins; one seed, the same faults.

    First each kind once, in an order of its own, then as they are drawn. Sometimes one begins before the last is over.
    """
    draw = random.Random(f"faults {seed}")
    kinds = kinds or list(Faults.KINDS)
    first = draw.sample(kinds, len(kinds))
    time, planned = 10.0, []
    while time < seconds:
        name = first.pop() if first else draw.choices(kinds, [Faults.KINDS[kind][0] for kind in kinds])[0]
        _, shortest, longest = Faults.KINDS[name]
        lasts = draw.uniform(shortest, longest)
        planned.append({"at": round(time, 1), "fault": name, "seconds": round(lasts, 1), "seed": draw.getrandbits(32)})
        time += draw.uniform(0, lasts) if draw.random() < 0.15 else lasts + draw.uniform(8, 16)
    return planned
