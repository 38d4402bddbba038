"""Finds the shortest way from S to E in maze.txt and draws it into solved.txt."""
from collections import deque

with open("maze.txt") as source:
    maze = [list(line) for line in source.read().split()]
places = {cell: (x, y) for y, row in enumerate(maze) for x, cell in enumerate(row)}
start, end = places["S"], places["E"]

came_from = {start: None}
queue = deque([start])
while queue and end not in came_from:
    x, y = queue.popleft()
    for place in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
        if place not in came_from and maze[place[1]][place[0]] != "#":
            came_from[place] = (x, y)
            queue.append(place)

steps, place = 0, came_from.get(end)
while place and place != start:
    maze[place[1]][place[0]] = "*"
    steps, place = steps + 1, came_from[place]
with open("solved.txt", "w") as out:
    out.writelines("".join(row) + "\n" for row in maze)
print(steps + 1 if end in came_from else "no way")
