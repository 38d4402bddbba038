"""Plans a short round trip through the cities of cities.json by 2-opt; writes tour.json and tour.svg."""
import json
import math

with open("cities.json") as source:
    cities = json.load(source)
tour = list(cities)


def distance(a, b):
    return math.dist(cities[a], cities[b])


improved = True
while improved:
    improved = False
    for i in range(1, len(tour) - 1):
        for j in range(i + 1, len(tour)):
            a, b, c, d = tour[i - 1], tour[i], tour[j], tour[(j + 1) % len(tour)]
            if distance(a, c) + distance(b, d) < distance(a, b) + distance(c, d) - 1e-9:
                tour[i:j + 1] = reversed(tour[i:j + 1])
                improved = True

length = sum(distance(a, b) for a, b in zip(tour, tour[1:] + tour[:1]))
with open("tour.json", "w") as out:
    json.dump({"length": length, "tour": tour}, out)
points = " ".join("{:.1f},{:.1f}".format(*cities[city]) for city in tour)
with open("tour.svg", "w") as out:
    out.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">')
    out.write(f'<polygon points="{points}" fill="none" stroke="black"/></svg>\n')
print(f"{length:.2f}")
