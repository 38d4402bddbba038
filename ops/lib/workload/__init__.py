"""A load of executions, and what has to be true of all of them in the end, whatever broke meanwhile."""
