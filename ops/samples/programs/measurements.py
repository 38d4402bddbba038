"""Describes the numbers on stdin, and draws their histogram in histogram.txt."""
import statistics
import sys

values = [float(word) for word in sys.stdin.read().split()]
low, high, bins = min(values), max(values), 12
counts = [0] * bins
for value in values:
    counts[min(int((value - low) / (high - low) * bins), bins - 1)] += 1
with open("histogram.txt", "w") as out:
    for index, count in enumerate(counts):
        out.write(f"{low + (high - low) * index / bins:10.3f} {'#' * (60 * count // max(counts))} {count}\n")
quartiles = statistics.quantiles(values)
print(f"mean {statistics.fmean(values):.4f} deviation {statistics.stdev(values):.4f}")
print("quartiles", *(f"{quartile:.4f}" for quartile in quartiles))
