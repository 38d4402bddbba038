"""What a load needs to know of an installation, and what is checked of one besides its executions."""
import os
import subprocess

import pika
import psycopg


class Installation:
    """Where it is: `program` with `environment` acts on it, and its results are below `results`."""

    # Of exchanges and queues, and of its tables; the installation's name, too.
    PREFIX = SCHEMA = "sandmill"

    def __init__(self, program, database_url, results, environment):
        self.program, self.database_url, self.results, self.environment = program, database_url, results, environment

    def broker_parameters(self):
        """How to reach a node of the broker, the one to be tried first at the front."""
        raise NotImplementedError

    def gateway_address(self):
        """Host and port of a gateway."""
        raise NotImplementedError

    def fields_of(self, tenant):
        """The header fields by which a gateway knows a tenant."""
        return {"tenant": tenant}

    @staticmethod
    def parameters(url, heartbeat=10):
        parameters = pika.URLParameters(url)
        parameters.heartbeat = heartbeat
        parameters.blocked_connection_timeout = 300
        return parameters

    def run(self, *arguments):
        """What `sandmill` prints with these arguments."""
        return subprocess.run([self.program, *arguments], env=self.environment, check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def query(self, sql, *parameters):
        """All rows of a statement, by a connection of its own."""
        with psycopg.connect(self.database_url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"set search_path to {self.SCHEMA}")
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def check_results(self):
        """What is wrong with the files of results, a line for each."""
        done = subprocess.run([self.program, "results", "check", "--older-than", "1s"], env=self.environment,
                              capture_output=True, text=True, check=False)
        return done.stdout + (done.stderr if done.returncode else "")

    def containers(self):
        """The ids of this installation's sandboxes."""
        return self.docker("ps", "--all", "--quiet").split()

    def docker(self, *arguments):
        command = ["docker", "--host", os.environ["SANDMILL_ENGINE_URL"], *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def size(pid):
    """The resident memory of a process in MiB, and how many descriptors it has open; None when it is away."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            memory = [int(line.split()[1]) >> 10 for line in status if line.startswith("VmRSS")]
        return (memory[0], len(os.listdir(f"/proc/{pid}/fd"))) if memory else None
    except OSError:
        return None
