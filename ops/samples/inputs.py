"""The inputs of the sample programs: for each program of programs/ a function of its name.

A function takes a random generator and the number of the variant, and returns what its request holds besides the
source: `files` (a dictionary of path to text or bytes), `stdin`, `args`, `env`.
"""

import csv
import io
import json

NAMES = "Ada Barbara Charles Donald Edsger Frances Grace Hedy Ida John Katherine Leslie Margaret Niklaus".split()
WORDS = """able acre bake baker brake break cafe care cellar cinema dare dear earth east elbow enlist face gallery
heart iceman inlets inch large listen margin night peach cheap race recall regal silent stale steal tales thing
things tinsel trace crate react least lager glare pear reap bare bear dusty study cider cried state taste""".split()
PUZZLES = [
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
    "..9748...7.........2.1.9.....7...24..64.1.59..98...3.....8.3.2.........6...2759..",
    "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
    "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
]


def table(header, rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def prose(rng, sentences):
    return " ".join(
        " ".join(rng.choices(WORDS, k=rng.randint(4, 14))).capitalize() + rng.choice(".!?")
        for _ in range(sentences)
    )


def csv_summary(rng, variant):
    rows = [
        (rng.choice(["north", "east", "south", "west"]), rng.randint(1, 40), f"{rng.uniform(1, 90):.2f}")
        for _ in range(100 * (variant + 1))
    ]
    return {"files": {"sales.csv": table(["region", "units", "price"], rows)}}


def csv_join(rng, variant):
    customers = enumerate(NAMES[variant:], 100)
    orders = [(n, rng.randint(98, 114), rng.randint(5, 500)) for n in range(60)]
    return {"files": {
        "customers.csv": table(["id", "name"], customers),
        "orders.csv": table(["id", "customer", "amount"], orders),
    }}


def json_flatten(rng, variant):
    records = [
        {"name": name, "address": {"street": rng.choice(WORDS), "number": rng.randint(1, 99)},
         "scores": rng.choices(range(10), k=variant + 1)}
        for name in rng.sample(NAMES, 6)
    ]
    return {"files": {"records.json": json.dumps(records)}}


def json_merge(rng, variant):
    document = {word: {"count": rng.randint(1, 9), "tag": rng.choice(NAMES)} for word in rng.sample(WORDS, 8)}
    patch = {word: rng.choice([None, {"tag": None}, {"count": variant}]) for word in rng.sample(list(document), 4)}
    return {"files": {"document.json": json.dumps(document), "patch.json": json.dumps(patch)}}


def svg_bars(rng, variant):
    return {"files": {"bars.json": json.dumps({name: rng.randint(5, 99) for name in NAMES[:5 + variant]})}}


def svg_koch(rng, variant):
    return {"args": [str(variant + 2)]}


def png_mandelbrot(rng, variant):
    views = ["-0.6 0 3", "-0.745 0.113 0.02", "0.275 0.007 0.02", "-1.25 0.02 0.1"]
    return {"stdin": views[variant] + "\n"}


def png_life(rng, variant):
    size = 32 + 8 * variant
    world = "\n".join("".join(rng.choices("#.", [1, 2], k=size)) for _ in range(size))
    return {"files": {"world.txt": world}}


def sudoku(rng, variant):
    puzzle = PUZZLES[variant]
    return {"files": {"puzzle.txt": "\n".join(puzzle[row:row + 9] for row in range(0, 81, 9))}}


def queens(rng, variant):
    return {"stdin": f"{variant + 5}\n"}


def word_search(rng, variant):
    size, words = 16, rng.sample(WORDS, 8 + variant)
    grid = [rng.choices("abcdefghijklmnopqrstuvwxyz", k=size) for _ in range(size)]
    for y, word in enumerate(words[:-2]):
        x = rng.randrange(size - len(word))
        grid[y][x:x + len(word)] = word if rng.random() < 0.5 else reversed(word)
    return {"files": {"grid.txt": "\n".join(map("".join, grid)), "words.txt": "\n".join(words)}}


def knapsack(rng, variant):
    items = [(word, rng.randint(2, 30), rng.randint(1, 100)) for word in rng.sample(WORDS, 12 + 4 * variant)]
    return {"files": {"items.csv": table(["name", "weight", "value"], items)}, "args": ["90"]}


def maze(rng, variant):
    size = 21 + 10 * variant
    cells = [["#"] * size for _ in range(size)]
    cells[1][1] = " "
    stack = [(1, 1)]
    while stack:
        x, y = stack[-1]
        walled = [
            (dx, dy) for dx, dy in ((2, 0), (-2, 0), (0, 2), (0, -2))
            if 0 < x + dx < size and 0 < y + dy < size and cells[y + dy][x + dx] == "#"
        ]
        if walled:
            dx, dy = rng.choice(walled)
            cells[y + dy // 2][x + dx // 2] = cells[y + dy][x + dx] = "."
            stack.append((x + dx, y + dy))
        else:
            stack.pop()
    cells[1][1], cells[-2][-2] = "S", "E"
    return {"files": {"maze.txt": "\n".join(map("".join, cells))}}


def text_statistics(rng, variant):
    return {"stdin": prose(rng, 50 * (variant + 1))}


def matrix(rng, variant):
    size = 4 + 2 * variant
    rows = [[rng.randint(1, 9) + (20 if i == j else 0) for j in range(size)] for i in range(size)]
    return {"files": {"matrix.csv": "\n".join(",".join(map(str, row)) for row in rows) + "\n"}}


def primes(rng, variant):
    return {"env": {"LIMIT": str(10 ** (variant + 2))}}


def compress(rng, variant):
    contents = [
        bytes(50_000),
        rng.randbytes(20_000),
        prose(rng, 500).encode(),
        bytes(n * n % 251 for n in range(60_000)),
    ]
    return {"files": {"input.bin": contents[variant]}}


def dijkstra(rng, variant):
    roads = {place: {} for place in NAMES}
    for _ in range(20 + 4 * variant):
        a, b = rng.sample(NAMES, 2)
        roads[a][b] = roads[b][a] = rng.randint(1, 50)
    return {"files": {"roads.json": json.dumps(roads)}, "args": rng.sample(NAMES, 2)}


def text_diff(rng, variant):
    old = [prose(rng, 1) + "\n" for _ in range(40)]
    new = [prose(rng, 1) + "\n" if rng.random() < 0.1 * (variant + 1) else line for line in old]
    return {"files": {"old.txt": "".join(old), "new.txt": "".join(new)}}


def loan_schedule(rng, variant):
    return {"stdin": f"{rng.randint(10, 900) * 1000} {rng.uniform(1, 9):.2f} {12 * (variant + 1) * 5}\n"}


def calendar_page(rng, variant):
    return {"args": [str([1900, 2000, 2024, 2100][variant])]}


def log_analysis(rng, variant):
    lines = [
        f"10.0.0.{rng.randint(1, 30)} - - [05/Mar/2024:10:{n % 60:02}:00 +0000] "
        f'"GET /{rng.choice(WORDS[:12])} HTTP/1.1" {rng.choice([200, 200, 200, 304, 404, 500])} {rng.randint(0, 9000)}'
        for n in range(300)
    ]
    lines[::97] = ["-- log rotated --"] * len(lines[::97])
    return {"stdin": "\n".join(lines[variant:]) + "\n"}


def huffman(rng, variant):
    return {"files": {"text.txt": prose(rng, 30 * (variant + 1))}}


def expressions(rng, variant):
    def expression(depth):
        if depth == 0:
            return str(rng.randint(0, 20))
        left, right = expression(depth - 1), expression(depth - 1)
        return f"({left} {rng.choice('+-*/')} {right})"

    return {"stdin": "".join(expression(variant + 1) + "\n" for _ in range(20))}


def measurements(rng, variant):
    return {"stdin": "\n".join(f"{rng.gauss(10 * variant, 2.5):.4f}" for _ in range(400)) + "\n"}


def anagrams(rng, variant):
    return {"files": {"words.txt": "\n".join(rng.sample(WORDS, 30 + 5 * variant))}}


def image_blur(rng, variant):
    width, height = 64, 48
    pixels = bytes(255 if (x // 8 + y // 8) % 2 else rng.randrange(64) for y in range(height) for x in range(width))
    return {"files": {"image.pgm": f"P5\n{width} {height}\n255\n".encode() + pixels}, "args": [str(variant + 1)]}


def xml_catalogue(rng, variant):
    books = "".join(
        f'<book year="{rng.randint(1950, 2020)}"><title>{" ".join(rng.sample(WORDS, 3))}</title>'
        f"<author>{rng.choice(NAMES[:4 + variant])}</author></book>"
        for _ in range(25)
    )
    return {"files": {"catalogue.xml": f"<catalogue>{books}</catalogue>"}}


def archive(rng, variant):
    return {"files": {f"notes/{word}.txt": prose(rng, 5) for word in rng.sample(WORDS, 4 + variant)}}


def kmeans(rng, variant):
    centres = [(rng.uniform(15, 85), rng.uniform(15, 85)) for _ in range(variant + 2)]
    points = [[f"{rng.gauss(axis, 4):.3f}" for axis in centre] for centre in centres for _ in range(30)]
    return {"files": {"points.csv": "\n".join(map(",".join, points)) + "\n"}, "args": [str(variant + 2)]}


def round_trip(rng, variant):
    cities = {word: (rng.randint(0, 100), rng.randint(0, 100)) for word in rng.sample(WORDS, 12 + 6 * variant)}
    return {"files": {"cities.json": json.dumps(cities)}}


def pi_digits(rng, variant):
    return {"args": [str(500 * (variant + 1))]}
