"""Finds k clusters (k is the argument) among the points of points.csv; writes clusters.csv and clusters.svg."""
import csv
import math
import random
import sys

k = int(sys.argv[1])
with open("points.csv", newline="") as table:
    points = [(float(x), float(y)) for x, y in csv.reader(table)]

centres = random.Random(1).sample(points, k)
for _ in range(25):
    clusters = [[] for _ in centres]
    for point in points:
        clusters[min(range(k), key=lambda i: math.dist(point, centres[i]))].append(point)
    centres = [
        tuple(sum(axis) / len(cluster) for axis in zip(*cluster)) if cluster else centre
        for cluster, centre in zip(clusters, centres)
    ]

with open("clusters.csv", "w", newline="") as out:
    writer = csv.writer(out)
    for index, cluster in enumerate(clusters):
        writer.writerows([index, *point] for point in cluster)
with open("clusters.svg", "w") as out:
    out.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">\n')
    for index, cluster in enumerate(clusters):
        for x, y in cluster:
            out.write(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1" fill="hsl({360 * index // k}, 70%, 50%)"/>\n')
    out.write("</svg>\n")
print("clusters of", *sorted(map(len, clusters)))
