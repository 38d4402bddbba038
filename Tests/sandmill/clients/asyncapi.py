"""Reads an AsyncAPI document: a JSON object a line on stdin, an answer a line on stdout.

"validate" has asyncapi3 from PyPI read it, and follows its references. "properties" holds those of a message against its
schema. "list" tells the exchanges, queues and bindings of an installation as text. "probe" declares them once more on a
broker, which refuses what differs from what it has, and sends a message down every binding.
"""
import itertools
import json
import pathlib
import sys

import asyncapi3
import jsonschema
import pika
import pydantic
import yaml

FILE = pathlib.Path(sys.argv[1])
DOCUMENT = yaml.safe_load(FILE.read_text())


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references(part)


def problem(reference):
    name, _, pointer = reference.partition("#")
    try:
        value = json.loads((FILE.parent / name).read_text()) if name else DOCUMENT
        for token in pointer.split("/")[1:]:
            value = value[token]
    except (OSError, LookupError) as error:
        return f"{reference}: {error!r}"


def validate(order):
    try:
        asyncapi3.AsyncAPI3.model_validate(order.get("document", DOCUMENT))
    except pydantic.ValidationError as error:
        return {"problems": [f"{each['loc']}: {each['msg']}" for each in error.errors()]}
    return {"problems": [each for each in map(problem, references(DOCUMENT)) if each]}


def properties(order):
    schema = DOCUMENT["components"]["messages"][order["message"]]["x-properties"]
    kind = jsonschema.Draft202012Validator
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    return {"problems": [error.message for error in validator.iter_errors(order["properties"])]}


def filled(value, names):
    if isinstance(value, dict):
        return {name: filled(part, names) for name, part in value.items()}
    return value.format(**names) if isinstance(value, str) else value


def topology(order):
    """The exchanges, queues and bindings, each once, for every pool and level that a name asks for."""
    levels = DOCUMENT["components"]["parameters"]["level"]["enum"]
    exchanges, queues, bindings = {}, {}, set()
    for pool, level in itertools.product(order["pools"], levels):
        names = {"prefix": order["prefix"], "pool": pool, "level": level}
        for channel in DOCUMENT["channels"].values():
            binding = channel["bindings"]["amqp"]
            arguments = filled(channel.get("x-arguments", {}), names)
            if "exchange" in binding:
                exchange = filled(binding["exchange"], names)
                exchanges[exchange["name"]] = exchange["type"], arguments
            elif "name" in binding["queue"]:
                queue = filled(binding["queue"]["name"], names)
                queues[queue] = arguments
                for each in channel["x-bindings"]:
                    each = filled(each, names)
                    bindings.add((each["exchange"], queue, each["routingKey"]))
    return exchanges, queues, bindings


def tell(order):
    def listed(arguments):
        return "".join(f"  {name}={value}" for name, value in sorted(arguments.items()))

    exchanges, queues, bindings = topology(order)
    lines = [f"exchange  {name}  {kind}{listed(more)}" for name, (kind, more) in exchanges.items()]
    lines += [f"queue     {name}{listed(arguments)}" for name, arguments in queues.items()]
    lines += [f'binding   {exchange} -> {queue}  "{key}"' for exchange, queue, key in bindings]
    return {"lines": sorted(lines)}


def probe(order):
    exchanges, queues, bindings = topology(order)
    connection = pika.BlockingConnection(pika.URLParameters(order["url"]))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        for name, (kind, arguments) in exchanges.items():
            channel.exchange_declare(name, kind, durable=True, arguments=arguments)
        for name, arguments in queues.items():
            channel.queue_declare(name, durable=True, arguments=arguments)
        for exchange, queue, key in sorted(bindings):
            channel.basic_publish(exchange, key, f"{exchange} {key}".encode(), mandatory=True)
            _, _, body = channel.basic_get(queue, auto_ack=True)
            if body != f"{exchange} {key}".encode():
                return {"problems": [f"{exchange} does not lead to {queue} by {key!r}"]}
        left = {name: channel.queue_declare(name, passive=True).method.message_count for name in queues}
        return {"problems": [f"{name} got a message too much" for name, count in left.items() if count]}
    except pika.exceptions.AMQPError as error:
        return {"problems": [repr(error)]}
    finally:
        if connection.is_open:
            connection.close()


ORDERS = {"validate": validate, "properties": properties, "list": tell, "probe": probe}

for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps(ORDERS[order["do"]](order)), flush=True)
