"""What schemathesis does not know of itself: newline-delimited JSON."""
import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    # What is no text stays wrong: an object would be a line.
    return json.dumps([value]).encode()
