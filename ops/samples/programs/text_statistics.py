"""Counts the letters, words and sentences of stdin into statistics.json."""
import json
import re
import sys
from collections import Counter

text = sys.stdin.read()
words = re.findall(r"[a-z']+", text.lower())
statistics = {
    "characters": len(text),
    "words": len(words),
    "sentences": len(re.findall(r"[.!?]+", text)),
    "distinct": len(set(words)),
    "common": Counter(words).most_common(10),
    "mean_length": round(sum(map(len, words)) / len(words), 3),
}
with open("statistics.json", "w") as out:
    json.dump(statistics, out, indent=2)
print(statistics["words"], "words")
