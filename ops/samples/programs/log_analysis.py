"""Requests, errors and bytes per path of the web server log on stdin, as report.csv."""
import csv
import re
import sys
from collections import defaultdict

LINE = re.compile(r'(\S+) \S+ \S+ \[[^]]+\] "(\w+) (\S+) [^"]*" (\d{3}) (\d+)')

paths = defaultdict(lambda: [0, 0, 0])
clients, unreadable = set(), 0
for line in sys.stdin:
    match = LINE.match(line)
    if not match:
        unreadable += 1
        continue
    client, _, path, status, size = match.groups()
    clients.add(client)
    paths[path][0] += 1
    paths[path][1] += status >= "400"
    paths[path][2] += int(size)
with open("report.csv", "w", newline="") as out:
    writer = csv.writer(out)
    writer.writerow(["path", "requests", "errors", "bytes"])
    for path, counts in sorted(paths.items(), key=lambda item: -item[1][0]):
        writer.writerow([path, *counts])
print(len(clients), "clients,", unreadable, "unreadable lines")
