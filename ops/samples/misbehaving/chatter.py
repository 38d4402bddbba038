"""Prints far more than anyone will read."""
for number in range(400_000):
    print("line", number, "of many")
