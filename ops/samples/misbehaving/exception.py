"""Trusts a table to have a column that it has not."""
import csv

with open("table.csv", newline="") as table:
    print(sum(int(row["amount"]) for row in csv.DictReader(table)))
