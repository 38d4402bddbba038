"""Fills a knapsack with the most value: items.csv has name, weight and value, the argument is the capacity."""
import csv
import sys

capacity = int(sys.argv[1])
with open("items.csv", newline="") as table:
    items = [(row["name"], int(row["weight"]), int(row["value"])) for row in csv.DictReader(table)]

best = [[0] * (capacity + 1)]
for _, weight, value in items:
    above = best[-1]
    best.append([
        max(above[room], above[room - weight] + value) if room >= weight else above[room]
        for room in range(capacity + 1)
    ])

packed, room = [], capacity
for index in range(len(items), 0, -1):
    if best[index][room] != best[index - 1][room]:
        packed.append(items[index - 1][0])
        room -= items[index - 1][1]
with open("packed.txt", "w") as out:
    out.write("\n".join(reversed(packed)) + "\n")
print("value", best[-1][capacity], "weight", capacity - room)
