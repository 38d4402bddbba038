"""Writes what changed from old.txt to new.txt as a unified diff, changes.diff."""
import difflib

with open("old.txt") as old, open("new.txt") as new:
    before, after = old.readlines(), new.readlines()
with open("changes.diff", "w") as out:
    out.writelines(difflib.unified_diff(before, after, "old.txt", "new.txt"))
print(f"{difflib.SequenceMatcher(None, before, after).ratio():.0%} alike")
