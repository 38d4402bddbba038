"""The instalments of a loan, given as "principal yearly-percent months" on stdin, to the cent, as schedule.csv."""
import csv
from decimal import ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")
principal, percent, months = input().split()
balance, rate, months = Decimal(principal), Decimal(percent) / 1200, int(months)
instalment = (balance * rate / (1 - (1 + rate) ** -months)).quantize(CENT, ROUND_HALF_EVEN)

interest_paid = Decimal(0)
with open("schedule.csv", "w", newline="") as out:
    writer = csv.writer(out)
    writer.writerow(["month", "payment", "interest", "balance"])
    for month in range(1, months + 1):
        interest = (balance * rate).quantize(CENT, ROUND_HALF_EVEN)
        payment = min(instalment, balance + interest) if month < months else balance + interest
        balance += interest - payment
        interest_paid += interest
        writer.writerow([month, payment, interest, balance])
print("interest", interest_paid)
