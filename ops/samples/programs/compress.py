"""Compresses input.bin with each codec of the standard library, and reports the sizes in report.json."""
import bz2
import json
import lzma
import zlib

with open("input.bin", "rb") as source:
    data = source.read()
report = {"input": len(data)}
for name, codec in {"zlib": zlib, "bz2": bz2, "xz": lzma}.items():
    packed = codec.compress(data)
    assert codec.decompress(packed) == data
    report[name] = len(packed)
    with open(f"output.{name}", "wb") as out:
        out.write(packed)
with open("report.json", "w") as out:
    json.dump(report, out)
print(report)
