"""Ends by a signal, as a crash in a C extension would."""
import os

os.abort()
