"""Finds the cheapest route between the two places given as arguments; roads.json has the network."""
import heapq
import json
import sys

start, end = sys.argv[1:3]
with open("roads.json") as source:
    roads = json.load(source)

done, queue = {}, [(0, start, None)]
while queue and end not in done:
    cost, place, before = heapq.heappop(queue)
    if place in done:
        continue
    done[place] = (cost, before)
    for neighbour, length in roads.get(place, {}).items():
        heapq.heappush(queue, (cost + length, neighbour, place))

route, place = [], end
while place in done:
    route.insert(0, place)
    place = done[place][1]
with open("route.json", "w") as out:
    json.dump({"cost": done.get(end, [None])[0], "route": route}, out)
print(" > ".join(route) or "no route")
