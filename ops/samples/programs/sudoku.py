"""Solves the sudoku in puzzle.txt (nine lines, dots for blanks) by trying the cell with the fewest candidates first."""


def candidates(grid, cell):
    row, column = divmod(cell, 9)
    box = row // 3 * 27 + column // 3 * 3
    used = set(grid[row * 9:row * 9 + 9]) | set(grid[column::9])
    used |= {grid[box + r * 9 + c] for r in range(3) for c in range(3)}
    return [digit for digit in "123456789" if digit not in used]


def solve(grid):
    blanks = [(candidates(grid, cell), cell) for cell, digit in enumerate(grid) if digit == "."]
    if not blanks:
        return True
    choices, cell = min(blanks, key=lambda blank: len(blank[0]))
    for digit in choices:
        grid[cell] = digit
        if solve(grid):
            return True
    grid[cell] = "."
    return False


with open("puzzle.txt") as source:
    grid = list(source.read().replace("\n", ""))
solved = solve(grid)
with open("solution.txt", "w") as out:
    for row in range(9):
        out.write("".join(grid[row * 9:row * 9 + 9]) + "\n")
print("solved" if solved else "no solution")
