"""Runs Conway's game of life from the pattern in world.txt; each tenth generation is a picture below frames/."""
import os
import struct
import zlib

with open("world.txt") as source:
    lines = source.read().split()
height, width = len(lines), len(lines[0])
alive = {(x, y) for y, line in enumerate(lines) for x, cell in enumerate(line) if cell == "#"}


def next_generation(cells):
    counts = {}
    for x, y in cells:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    cell = ((x + dx) % width, (y + dy) % height)
                    counts[cell] = counts.get(cell, 0) + 1
    return {cell for cell, count in counts.items() if count == 3 or count == 2 and cell in cells}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path, cells):
    rows = b"".join(
        b"\0" + bytes(0 if (x, y) in cells else 255 for x in range(width)) for y in range(height)
    )
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n")
        out.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)))
        out.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


os.mkdir("frames")
for generation in range(41):
    if generation % 10 == 0:
        write_png(f"frames/{generation:03}.png", alive)
    alive = next_generation(alive)
print(len(alive), "alive")
