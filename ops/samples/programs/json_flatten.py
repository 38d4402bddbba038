"""Flattens the nested records of records.json into flat.csv, one column per path."""
import csv
import json


def flatten(value, path=""):
    if isinstance(value, dict):
        for key, member in value.items():
            yield from flatten(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from flatten(member, f"{path}[{index}]")
    else:
        yield path, value


with open("records.json") as source:
    rows = [dict(flatten(record)) for record in json.load(source)]
columns = sorted({column for row in rows for column in row})
with open("flat.csv", "w", newline="") as out:
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
print(len(rows), "rows,", len(columns), "columns")
