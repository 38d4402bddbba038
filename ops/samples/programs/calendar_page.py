"""Writes the calendar of the year given as argument as a web page, and each month as text below months/."""
import calendar
import os
import sys

year = int(sys.argv[1])
with open("calendar.html", "wb") as out:
    out.write(calendar.HTMLCalendar().formatyearpage(year))
os.mkdir("months")
for month in range(1, 13):
    with open(f"months/{month:02}.txt", "w") as out:
        out.write(calendar.month(year, month))
print(year, "is a leap year" if calendar.isleap(year) else "is no leap year")
