"""Turns catalogue.xml into one JSON file per author below authors/."""
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict

books = defaultdict(list)
for book in ElementTree.parse("catalogue.xml").iter("book"):
    books[book.findtext("author")].append(
        {"title": book.findtext("title"), "year": int(book.get("year"))}
    )
os.mkdir("authors")
for author, titles in books.items():
    with open(f"authors/{re.sub(r'[^a-z]+', '-', author.lower())}.json", "w") as out:
        json.dump({"author": author, "books": sorted(titles, key=lambda book: book["year"])}, out)
print(len(books), "authors")
