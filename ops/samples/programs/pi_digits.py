"""Computes as many digits of pi as the argument says, by Machin's formula in integers; writes pi.txt."""
import sys

digits = int(sys.argv[1])
one = 10 ** (digits + 10)


def arctan_of_inverse(x):
    term = one // x
    total, n, sign = term, 3, -1
    while term:
        term //= x * x
        total += sign * (term // n)
        n, sign = n + 2, -sign
    return total


pi = str(4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)))[:digits + 1]
with open("pi.txt", "w") as out:
    out.write(f"{pi[0]}.{pi[1:]}\n")
print("...", pi[-10:])
