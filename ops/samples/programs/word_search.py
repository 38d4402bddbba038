"""Finds the words of words.txt in the letters of grid.txt, in all eight directions; writes found.json."""
import json

with open("grid.txt") as source:
    grid = source.read().split()
with open("words.txt") as source:
    words = source.read().split()


def find(word):
    for y, line in enumerate(grid):
        for x in range(len(line)):
            for dx, dy in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)]:
                cells = [(x + dx * i, y + dy * i) for i in range(len(word))]
                last_x, last_y = cells[-1]
                if 0 <= last_x < len(line) and 0 <= last_y < len(grid) \
                        and all(grid[cy][cx] == letter for (cx, cy), letter in zip(cells, word)):
                    return {"x": x, "y": y, "dx": dx, "dy": dy}
    return None


found = {word: find(word) for word in words}
with open("found.json", "w") as out:
    json.dump(found, out, indent=2)
print(sum(place is not None for place in found.values()), "of", len(words))
