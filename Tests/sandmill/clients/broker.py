"""Does to a broker what it is told: a JSON object a line on stdin, an answer a line on stdout."""
import gzip
import json
import sys
import time

import pika

# A client that waits for its orders sends no heartbeats.
parameters = pika.URLParameters(sys.argv[1])
parameters.heartbeat = 0
connection = pika.BlockingConnection(parameters)


class Pairs(dict):
    """A table in which a name may come twice."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs

    def items(self):
        return self.pairs


def publish(channel, order):
    properties = pika.BasicProperties(**order["properties"])
    if isinstance(properties.headers, list):
        properties.headers = Pairs(properties.headers)
    body = order["body"].encode() * int(order.get("repeated", 1))
    if order.get("compressed"):
        body = gzip.compress(body)
    channel.confirm_delivery()
    channel.basic_publish(
        order["exchange"],
        order["routing_key"],
        body,
        properties,
        mandatory=True,
    )


def declare_queue(channel, order):
    channel.queue_declare(order["name"], durable=True, arguments=order["arguments"])


def replace_queue(channel, order):
    channel.queue_delete(order["name"])
    channel.queue_declare(order["name"], durable=True, arguments=order["arguments"])


def delete_queue(channel, order):
    channel.queue_delete(order["name"])


def purge_queue(channel, order):
    channel.queue_purge(order["name"])


def bind_queue(channel, order):
    channel.queue_bind(order["name"], order["exchange"], order["routing_key"])


def unbind_queue(channel, order):
    channel.queue_unbind(order["name"], order["exchange"], order["routing_key"])


def delete_exchange(channel, order):
    channel.exchange_delete(order["name"])


def purge(channel, order):
    """Removes what waits in a queue, once something does."""
    while channel.queue_purge(order["name"]).method.message_count == 0:
        time.sleep(0.05)


def count(channel, order):
    """How many messages wait in a queue."""
    return {"count": channel.queue_declare(order["name"], passive=True).method.message_count}


def reject(channel, order):
    method, _, _ = channel.basic_get(order["queue"])
    channel.basic_reject(method.delivery_tag, requeue=False)


ORDERS = {
    order.__name__: order
    for order in (
        publish,
        declare_queue,
        replace_queue,
        delete_queue,
        purge_queue,
        purge,
        bind_queue,
        unbind_queue,
        delete_exchange,
        count,
        reject,
    )
}

for line in sys.stdin:
    order = json.loads(line)
    answer = {}
    try:
        with connection.channel() as channel:
            answer = ORDERS[order["do"]](channel, order) or {}
    except pika.exceptions.AMQPError as error:
        answer["error"] = repr(error)
    print(json.dumps(answer), flush=True)
