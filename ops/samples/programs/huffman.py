"""Encodes text.txt with a Huffman code; writes the code to code.json and the bits to text.huff."""
import heapq
import json
from collections import Counter

with open("text.txt") as source:
    text = source.read()

heap = [(count, symbol, symbol) for symbol, count in Counter(text).items()]
heapq.heapify(heap)
while len(heap) > 1:
    a, b = heapq.heappop(heap), heapq.heappop(heap)
    heapq.heappush(heap, (a[0] + b[0], min(a[1], b[1]), (a[2], b[2])))

code = {}


def name_leaves(tree, prefix):
    if isinstance(tree, str):
        code[tree] = prefix or "0"
    else:
        name_leaves(tree[0], prefix + "0")
        name_leaves(tree[1], prefix + "1")


name_leaves(heap[0][2], "")
bits = "".join(code[symbol] for symbol in text)
with open("code.json", "w") as out:
    json.dump(code, out, indent=2, sort_keys=True)
with open("text.huff", "wb") as out:
    out.write(int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big"))
print(f"{len(bits) / (8 * len(text)):.1%} of the size")
