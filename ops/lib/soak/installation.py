"""The servers and processes that faults are done to."""
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import workload.installation


class Proxy(threading.Thread):
    """Passes on what comes to a port of its own, and nothing while `flows` is not set: packets are dropped then."""

    def __init__(self, host, port):
        super().__init__(daemon=True)
        self.target, self.flows = (host, port), threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, target):
        try:
            while data := source.recv(65536):
                self.flows.wait()
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Clock:
    """A wall clock that can be set beside the right one, for programs with its environment; see faketime(1)."""

    def __init__(self, file):
        self.file = file
        self.set("+0")
        # It ends with this process' input. What it has in its environment is there, and so is not put there by the
        # library before a program begins, which in Swift loses the program its arguments.
        keeper = subprocess.Popen(["faketime", "-f", "+0", "sh", "-c", "echo $FAKETIME_SHARED; cat"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.environment = {
            "FAKETIME_SHARED": keeper.stdout.readline().strip(),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "LD_PRELOAD": next(str(path) for path in pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")),
        }

    def set(self, offset):
        self.file.write_text(offset)


class Process:
    """A worker or a gateway, which is started again when it ends, as a supervisor does it."""

    def __init__(self, name, arguments, environment, directory):
        self.name, self.arguments, self.environment = name, arguments, environment
        self.log = directory / f"{name}.log"
        self.process, self.is_held, self.is_wanted = None, threading.Event(), True
        threading.Thread(target=self.supervise, daemon=True, name=f"supervisor of {name}").start()

    def supervise(self):
        while self.is_wanted:
            if not self.is_held.is_set():
                with open(self.log, "ab") as log:
                    self.process = subprocess.Popen(self.arguments, env=self.environment, stderr=log, stdout=log)
                self.process.wait()
            time.sleep(0.2)

    @property
    def pid(self):
        return self.process.pid

    def send(self, number):
        self.process.send_signal(number)

    def end(self, seconds=60):
        """Lets it finish what it has, for good."""
        self.is_wanted = False
        self.send(signal.SIGTERM)
        self.process.wait(seconds)

    def measure(self):
        """Its resident memory in MiB, and how many descriptors it has open; None while it is away."""
        return workload.installation.size(self.pid)


class Installation(workload.installation.Installation):
    """Two workers, a gateway and the servers below them, all private to this run."""

    PREFIX = SCHEMA = "soak"
    WORKERS = ("worker-a", "worker-b")

    def __init__(self, program, older, state):
        self.state = pathlib.Path(state)
        self.services = pathlib.Path(__file__).parents[2] / "services"
        self.broker_url, database_url = os.environ["SANDMILL_BROKER_URL"], os.environ["SANDMILL_DATABASE_URL"]
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.gateway_port = listener.getsockname()[1]
        # The links of worker-a, which can be cut.
        self.links = {"broker": self.proxy(self.broker_url), "database": self.proxy(database_url)}
        inherited = {name: value for name, value in os.environ.items() if name != "SANDMILL_STATE"}
        environment = inherited | {
            "SANDMILL_BROKER_PREFIX": self.PREFIX,
            "SANDMILL_DATABASE_SCHEMA": self.SCHEMA,
            "SANDMILL_CLUSTER": self.PREFIX,
            "SANDMILL_GATEWAY_LISTEN": f"127.0.0.1:{self.gateway_port}",
            "SANDMILL_POOLS_PYTHON_SANDBOXES_MAXIMUM": "6",
            "SANDMILL_WORKER_LISTEN": "off",
            "SANDMILL_WORKER_DRAIN_TIMEOUT": "20s",
        }
        super().__init__(program, database_url, pathlib.Path(os.environ["SANDMILL_RESULTS_ROOT"]), environment)
        self.run("migrate")
        self.run("topology", "declare")
        self.clock = Clock(self.state / "clock")
        by_links = {
            "SANDMILL_BROKER_URL": self.through(self.broker_url, self.links["broker"]),
            "SANDMILL_DATABASE_URL": self.through(database_url, self.links["database"]),
        }
        self.processes = {
            "worker-a": Process("worker-a", [program, "worker"],
                                environment | by_links | {"SANDMILL_WORKER_ID": "worker-a"}, self.state),
            "worker-b": Process("worker-b", [older or program, "worker"],
                                environment | self.clock.environment | {"SANDMILL_WORKER_ID": "worker-b"}, self.state),
            "gateway": Process("gateway", [program, "gateway"], environment, self.state),
        }

    @staticmethod
    def proxy(url):
        address = urllib.parse.urlsplit(url)
        proxy = Proxy(address.hostname, address.port)
        proxy.start()
        return proxy

    @staticmethod
    def through(url, proxy):
        address = urllib.parse.urlsplit(url)
        return url.replace(f"{address.hostname}:{address.port}", f"127.0.0.1:{proxy.port}", 1)

    def broker_parameters(self):
        return [self.parameters(self.broker_url)]

    def gateway_address(self):
        return "127.0.0.1", self.gateway_port

    def start_server(self, name):
        # For the script that started us, which ends it again. What a killed server leaves may be in the way a while.
        for _ in range(20):
            started = subprocess.run([self.services, "borrow", str(os.getppid()), name], check=False,
                                     capture_output=True, text=True)
            if started.returncode == 0:
                return
            time.sleep(0.5)
        raise RuntimeError(started.stderr)

    def server_pid(self, name):
        return int((self.state / "services" / name / "pid").read_text().split()[0])

    def rabbitmqctl(self, *arguments):
        # The server's own variables have its name, its home with the cookie, and the port of its port mapper.
        variables = pathlib.Path(f"/proc/{self.server_pid('broker')}/environ").read_text().split("\0")
        subprocess.run(["/usr/lib/rabbitmq/bin/rabbitmqctl", *arguments], check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=dict(variable.split("=", 1) for variable in variables if variable))
