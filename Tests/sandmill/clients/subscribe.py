"""Prints what arrives at a queue of its own, bound to an exchange by the keys that are given."""
import json
import sys

import pika

url, exchange, *keys = sys.argv[1:]
channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
queue = channel.queue_declare("", exclusive=True).method.queue
for key in keys:
    channel.queue_bind(queue, exchange, key)
print(json.dumps({"queue": queue}), flush=True)

for method, properties, body in channel.consume(queue, auto_ack=True):
    message = {
        "exchange": method.exchange,
        "routing_key": method.routing_key,
        "properties": {name: value for name, value in vars(properties).items() if value is not None},
        "body": body.decode(),
    }
    print(json.dumps(message, default=str), flush=True)
