"""Remembers everything, and that is a lot."""
hoard = []
while True:
    hoard.append(bytearray(b"x") * (1 << 20))
