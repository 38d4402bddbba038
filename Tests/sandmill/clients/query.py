"""Runs SQL: {"sql", "parameters"} a line on stdin, {"rows": [{column: value}]} a line on stdout."""
import json
import sys

import psycopg
from psycopg.rows import dict_row


def connect():
    return psycopg.connect(sys.argv[1], autocommit=True, row_factory=dict_row)


def run(sql, parameters):
    cursor = connection.execute(sql, parameters or None)
    return {"rows": cursor.fetchall() if cursor.description else []}


connection = connect()
for line in sys.stdin:
    query = json.loads(line)
    try:
        try:
            answer = run(query["sql"], query["parameters"])
        except psycopg.OperationalError:
            # A server that has gone may have a successor.
            if not connection.closed:
                raise
            connection = connect()
            answer = run(query["sql"], query["parameters"])
    except psycopg.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=str), flush=True)
