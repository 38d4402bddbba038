"""Renders a part of the Mandelbrot set, given as "real imaginary width" on stdin, as mandelbrot.png."""
import struct
import zlib

SIDE, ITERATIONS = 96, 60


def escape_time(c):
    z = 0j
    for count in range(ITERATIONS):
        z = z * z + c
        if abs(z) > 2:
            return count
    return ITERATIONS


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


real, imaginary, width = map(float, input().split())
rows = bytearray()
for y in range(SIDE):
    rows.append(0)
    for x in range(SIDE):
        c = complex(real + width * (x / SIDE - 0.5), imaginary + width * (y / SIDE - 0.5))
        rows.append(255 - 255 * escape_time(c) // ITERATIONS)
with open("mandelbrot.png", "wb") as out:
    out.write(b"\x89PNG\r\n\x1a\n")
    out.write(chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)))
    out.write(chunk(b"IDAT", zlib.compress(bytes(rows))))
    out.write(chunk(b"IEND", b""))
print(SIDE, "x", SIDE)
