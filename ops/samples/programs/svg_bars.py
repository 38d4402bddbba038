"""Draws the values of bars.json as a bar chart, chart.svg."""
import json
from html import escape

with open("bars.json") as source:
    bars = json.load(source)

width, height, margin = 640, 360, 30
step = (width - 2 * margin) / len(bars)
scale = (height - 2 * margin) / max(bars.values())
shapes = []
for index, (label, value) in enumerate(bars.items()):
    x, size = margin + index * step, value * scale
    shapes.append(
        f'<rect x="{x:.1f}" y="{height - margin - size:.1f}" width="{step * 0.8:.1f}" height="{size:.1f}"'
        f' fill="hsl({360 * index // len(bars)}, 60%, 50%)"/>'
        f'<text x="{x:.1f}" y="{height - 10}" font-size="12">{escape(label)}</text>'
    )
with open("chart.svg", "w") as out:
    out.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">\n')
    out.write("\n".join(shapes) + "\n</svg>\n")
print(len(bars), "bars")
