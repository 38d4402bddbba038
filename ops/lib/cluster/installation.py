"""The cluster as a load sees it: several nodes and gateways, any of which will do."""
import http.client
import os
import pathlib
import random
import re
import subprocess
import time
import urllib.parse

import workload.installation
from workload.load import TENANTS


class Installation(workload.installation.Installation):
    WORKERS = ("worker1", "worker2", "worker3")
    GATEWAYS = ("gateway1", "gateway2")

    def __init__(self, script, program, state):
        self.script, self.state = script, pathlib.Path(state)
        environment = {name: value for name, value in os.environ.items() if name != "SANDMILL_STATE"}
        super().__init__(
            program, os.environ["SANDMILL_DATABASE_URL"], pathlib.Path(os.environ["SANDMILL_RESULTS_ROOT"]), environment)
        self.broker_url = os.environ["SANDMILL_BROKER_URL"]
        self.tokens = {
            tenant: self.run("token", "create", "load", "--tenant", tenant).strip() for tenant in TENANTS}
        # Directories of results without a record, as they were last counted.
        self.orphans = 0
        self.brokers = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
        self.gateways = [("10.0.0.41", 8080), ("10.0.0.42", 8080)]
        for gateway in self.gateways:
            while not self.knows_us(gateway):
                time.sleep(0.2)

    def knows_us(self, gateway):
        """Gateways look for new tokens now and then."""
        connection = http.client.HTTPConnection(*gateway, timeout=10)
        try:
            connection.request("GET", "/executions?limit=1", headers=self.fields_of(TENANTS[-1]))
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def broker_parameters(self, first=None):
        """Of all nodes, in an order of its own behind the first."""
        url = urllib.parse.urlsplit(self.broker_url)
        user, hosts = url.netloc.split("@")
        found = []
        for host in sorted(hosts.split(","), key=lambda host: (not host.startswith(f"{first}:"), random.random())):
            parameters = self.parameters(f"amqp://{user}@{host}/", heartbeat=5)
            parameters.socket_timeout, parameters.stack_timeout = 2, 5
            found.append(parameters)
        return found

    def gateway_address(self):
        return random.choice(self.gateways)

    def fields_of(self, tenant):
        return {"authorization": f"Bearer {self.tokens[tenant]}"}

    def do(self, *arguments):
        """What a command of ops/cluster says."""
        done = subprocess.run([self.script, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stdout} {done.stderr}")
        return done.stdout.strip()

    def status(self):
        """What runs, and whether all does."""
        done = subprocess.run([self.script, "status"], capture_output=True, text=True, check=False)
        return done.stdout, done.returncode == 0

    def check_results(self):
        # What a worker has put in place and another has ended meanwhile has no record.
        lines = super().check_results().splitlines()
        self.orphans = sum(line.startswith("orphan ") for line in lines)
        return "\n".join(line for line in lines if not re.match(r"orphan |\d+ found", line))

    def database(self, role):
        """Which is the primary or the standby."""
        return next(line.split()[0] for line in self.status()[0].splitlines() if line.endswith(role))

    def pid(self, name):
        try:
            return int((self.state / name / "pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
