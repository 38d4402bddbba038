"""Writes the primes up to the limit in $LIMIT to primes.txt, and prints how many, and the widest gap."""
import os

limit = int(os.environ["LIMIT"])
sieve = bytearray([1]) * (limit + 1)
sieve[0:2] = b"\0\0"
for n in range(2, int(limit ** 0.5) + 1):
    if sieve[n]:
        sieve[n * n::n] = bytes(len(range(n * n, limit + 1, n)))
primes = [n for n in range(limit + 1) if sieve[n]]
with open("primes.txt", "w") as out:
    out.writelines(f"{prime}\n" for prime in primes)
print(len(primes), "primes, widest gap", max(b - a for a, b in zip(primes, primes[1:])))
