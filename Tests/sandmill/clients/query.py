"""Runs SQL: {"sql", "parameters"} a line on stdin, {"rows": [{column: value}]} a line on stdout."""
import json
import sys

import psycopg
from psycopg.rows import dict_row

connection = psycopg.connect(sys.argv[1], autocommit=True, row_factory=dict_row)
for line in sys.stdin:
    query = json.loads(line)
    try:
        cursor = connection.execute(query["sql"], query["parameters"] or None)
        answer = {"rows": cursor.fetchall() if cursor.description else []}
    except psycopg.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=str), flush=True)
