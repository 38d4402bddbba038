"""Publishes the message it is given and prints the answer that comes by direct reply-to."""
import json
import sys

import pika

REPLY_TO = "amq.rabbitmq.reply-to"


def show(channel, method, properties, body):
    print(json.dumps({"correlation_id": properties.correlation_id, "body": body.decode()}))
    channel.stop_consuming()


url, exchange, routing_key, message_id, body = sys.argv[1:]
channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
channel.basic_consume(REPLY_TO, show, auto_ack=True)
channel.basic_publish(
    exchange,
    routing_key,
    body.encode(),
    pika.BasicProperties(
        content_type="application/json",
        message_id=message_id,
        correlation_id="question",
        reply_to=REPLY_TO,
    ),
)
channel.start_consuming()
