"""Blurs the greyscale picture image.pgm (binary PGM) with a box of the radius given as argument."""
import sys

radius = int(sys.argv[1])
with open("image.pgm", "rb") as source:
    magic, size, depth, pixels = source.read().split(b"\n", 3)
width, height = map(int, size.split())


def blur(line):
    sums = [0]
    for value in line:
        sums.append(sums[-1] + value)
    result = []
    for i in range(len(line)):
        low, high = max(0, i - radius), min(len(line), i + radius + 1)
        result.append((sums[high] - sums[low]) // (high - low))
    return result


rows = [blur(pixels[y * width:(y + 1) * width]) for y in range(height)]
columns = [blur(column) for column in zip(*rows)]
with open("blurred.pgm", "wb") as out:
    out.write(b"\n".join([magic, size, depth]) + b"\n")
    for row in zip(*columns):
        out.write(bytes(row))
print(width, "x", height)
