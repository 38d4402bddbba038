"""Totals per region of sales.csv, as summary.csv."""
import csv
from collections import defaultdict
from decimal import Decimal

totals = defaultdict(lambda: [0, Decimal(0)])
with open("sales.csv", newline="") as table:
    for row in csv.DictReader(table):
        total = totals[row["region"]]
        total[0] += int(row["units"])
        total[1] += int(row["units"]) * Decimal(row["price"])

with open("summary.csv", "w", newline="") as out:
    writer = csv.writer(out)
    writer.writerow(["region", "units", "revenue"])
    for region, (units, revenue) in sorted(totals.items()):
        writer.writerow([region, units, revenue])
print(f"{len(totals)} regions")
