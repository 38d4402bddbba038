"""Draws a Koch snowflake of the depth given as argument, snowflake.svg."""
import cmath
import sys


def koch(start, end, depth):
    if depth == 0:
        yield start
        return
    third = (end - start) / 3
    tip = start + third + third * cmath.exp(-1j * cmath.pi / 3)
    corners = [start, start + third, tip, end - third, end]
    for a, b in zip(corners, corners[1:]):
        yield from koch(a, b, depth - 1)


depth = int(sys.argv[1])
corners = [250 + 200 * cmath.exp(1j * cmath.pi * (1 / 2 + 2 * k / 3)) + 250j for k in range(3)]
points = [p for a, b in zip(corners, corners[1:] + corners[:1]) for p in koch(a, b, depth)]
path = " ".join(f"{p.real:.2f},{p.imag:.2f}" for p in points)
with open("snowflake.svg", "w") as out:
    out.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 500">')
    out.write(f'<polygon points="{path}" fill="lightblue" stroke="navy"/></svg>\n')
print(len(points), "points")
