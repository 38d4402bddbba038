"""Never comes to an end, and keeps a processor busy."""
collatz = 27
while True:
    collatz = collatz // 2 if collatz % 2 == 0 else 3 * collatz + 1
