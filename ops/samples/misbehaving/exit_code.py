"""Finds nothing to do and says so with its exit code."""
import sys

with open("report.txt", "w") as out:
    out.write("no input\n")
sys.exit("nothing to do" if len(sys.argv) < 2 else int(sys.argv[1]))
