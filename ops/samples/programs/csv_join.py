"""Joins orders.csv with customers.csv; orders of unknown customers go to rejected.csv."""
import csv

with open("customers.csv", newline="") as table:
    names = {row["id"]: row["name"] for row in csv.DictReader(table)}

joined = rejected = 0
with open("orders.csv", newline="") as orders, \
        open("joined.csv", "w", newline="") as good, \
        open("rejected.csv", "w", newline="") as bad:
    good_rows, bad_rows = csv.writer(good), csv.writer(bad)
    for order in csv.DictReader(orders):
        if order["customer"] in names:
            good_rows.writerow([order["id"], names[order["customer"]], order["amount"]])
            joined += 1
        else:
            bad_rows.writerow(order.values())
            rejected += 1
print(joined, "joined,", rejected, "rejected")
