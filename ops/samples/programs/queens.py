"""Counts the ways to place n queens (n on stdin), and writes the first board to board.txt."""
n = int(input())
full = (1 << n) - 1
first = None


def place(columns, left, right, board):
    global first
    if columns == full:
        first = first or board
        return 1
    count = 0
    free = full & ~(columns | left | right)
    while free:
        queen = free & -free
        free -= queen
        count += place(columns | queen, (left | queen) << 1, (right | queen) >> 1, board + (queen,))
    return count


count = place(0, 0, 0, ())
with open("board.txt", "w") as out:
    for queen in first or ():
        out.write("".join("Q" if queen >> column & 1 else "." for column in range(n)) + "\n")
print(count)
