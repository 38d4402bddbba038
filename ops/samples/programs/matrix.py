"""Inverts the matrix in matrix.csv exactly, by Gauss-Jordan elimination on fractions; writes inverse.csv."""
import csv
from fractions import Fraction

with open("matrix.csv", newline="") as table:
    matrix = [[Fraction(cell) for cell in row] for row in csv.reader(table)]
size = len(matrix)
rows = [row + [Fraction(i == j) for j in range(size)] for i, row in enumerate(matrix)]

determinant = Fraction(1)
for column in range(size):
    pivot = next(i for i in range(column, size) if rows[i][column])
    if pivot != column:
        rows[column], rows[pivot] = rows[pivot], rows[column]
        determinant = -determinant
    divisor = rows[column][column]
    determinant *= divisor
    rows[column] = [cell / divisor for cell in rows[column]]
    for i in range(size):
        if i != column and rows[i][column]:
            factor = rows[i][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[column])]

with open("inverse.csv", "w", newline="") as out:
    csv.writer(out).writerows(row[size:] for row in rows)
print("determinant", determinant)
