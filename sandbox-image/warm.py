"""Starts the warm interpreter; see zygote.py.

It is a file of its own since an interpreter keeps the syntax tree of its main script until that
ends, which here it does in each program: freeing a large tree would cost each of them a lot.
"""

import sys

import zygote

zygote.main(sys.argv[1:])
