"""The cluster as a load sees it: several nodes and gateways, any of which will do."""
import os
import pathlib
import random
import subprocess
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
        self.gateways = [("10.0.0.41", 8080), ("10.0.0.42", 8080)]

    def broker_parameters(self):
        url = urllib.parse.urlsplit(self.broker_url)
        user, hosts = url.netloc.split("@")
        found = []
        for host in random.sample(hosts.split(","), hosts.count(",") + 1):
            parameters = self.parameters(f"amqp://{user}@{host}/", heartbeat=5)
            parameters.socket_timeout, parameters.stack_timeout = 2, 5
            found.append(parameters)
        return found

    def gateway_address(self):
        return random.choice(self.gateways)

    def fields_of(self, tenant):
        return {"authorization": f"Bearer {self.tokens[tenant]}"}

    def do(self, *arguments):
        """A command of ops/cluster."""
        done = subprocess.run([self.script, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stdout} {done.stderr}")

    def status(self):
        """What runs, and whether all does."""
        done = subprocess.run([self.script, "status"], capture_output=True, text=True, check=False)
        return done.stdout, done.returncode == 0

    def pid(self, name):
        try:
            return int((self.state / name / "pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
