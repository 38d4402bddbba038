"""Groups the words of words.txt that are anagrams of each other; writes anagrams.txt."""
from collections import defaultdict

groups = defaultdict(set)
with open("words.txt") as source:
    for word in source.read().split():
        groups["".join(sorted(word))].add(word)
anagrams = sorted(sorted(group) for group in groups.values() if len(group) > 1)
with open("anagrams.txt", "w") as out:
    out.writelines(" ".join(group) + "\n" for group in anagrams)
print(len(anagrams), "groups")
