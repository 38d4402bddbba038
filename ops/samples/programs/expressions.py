"""Evaluates each line of stdin, an arithmetic expression, by recursive descent; writes results.txt."""
import re
import sys


class Parser:
    def __init__(self, text):
        self.tokens = re.findall(r"\d+|[-+*/()]", text)

    def peek(self):
        return self.tokens[0] if self.tokens else None

    def expression(self):
        value = self.term()
        while self.peek() in ("+", "-"):
            value = value + self.term() if self.tokens.pop(0) == "+" else value - self.term()
        return value

    def term(self):
        value = self.factor()
        while self.peek() in ("*", "/"):
            value = value * self.factor() if self.tokens.pop(0) == "*" else value / self.factor()
        return value

    def factor(self):
        token = self.tokens.pop(0)
        if token == "-":
            return -self.factor()
        if token == "(":
            value = self.expression()
            self.tokens.pop(0)
            return value
        return int(token)


count = 0
with open("results.txt", "w") as out:
    for count, line in enumerate(sys.stdin, 1):
        try:
            result = Parser(line).expression()
        except ZeroDivisionError:
            result = "undefined"
        out.write(f"{line.strip()} = {result}\n")
print(count, "expressions")
