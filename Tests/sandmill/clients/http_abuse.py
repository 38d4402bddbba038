"""Does to an HTTP server what a client should not: one abuse, and a JSON object of what came of it."""
import json
import socket
import sys
import time

case, port, *arguments = sys.argv[1:]
ADDRESS = ("127.0.0.1", int(port))
HOST = b"Host: localhost\r\n"


def connect():
    return socket.create_connection(ADDRESS, timeout=30)


def response(connection):
    """Everything until the server closes; None for what it resets."""
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        return received or None
    return received


def told(received):
    """What an answer says: its status, its fields, its body."""
    if not received:
        return {"status": None}
    head, _, body = received.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    return {
        "status": int(line.split(" ")[1]),
        "fields": {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)},
        "body": body.decode("utf-8", "replace"),
    }


def exchange(*pieces):
    start = time.monotonic()
    with connect() as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = told(response(connection))
    return answer | {"seconds": time.monotonic() - start}


def drip(head, piece):
    """Sends a head, and then a piece ten times a second for as long as the server listens."""
    start = time.monotonic()
    with connect() as connection:
        connection.sendall(head)
        connection.settimeout(0.1)
        received = b""
        while time.monotonic() - start < 20:
            try:
                connection.sendall(piece)
                data = connection.recv(65536)
                if not data:
                    break
                received += data
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
    return told(received) | {"seconds": time.monotonic() - start}


def post(fields):
    return b"POST /execute/async HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + fields + b"\r\n"


def slow_head():
    return drip(b"GET /livez HTTP/1.1\r\n", b"X: y\r\n")


def silent():
    with connect() as connection:
        start = time.monotonic()
        received = response(connection)
        return {"seconds": time.monotonic() - start, "bytes": len(received or b"")}


def slow_body():
    return drip(post(b"Content-Length: 1000\r\n"), b" ")


def huge_head():
    return exchange(b"GET /livez HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 100_000 + b"\r\n\r\n")


def many_fields():
    return exchange(b"GET /livez HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 5_000 + b"\r\n")


def long_line():
    return exchange(b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")


def no_http():
    return exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20)


def nul_in_path():
    return exchange(b"GET /execute/\x00/result HTTP/1.1\r\n" + HOST + b"\r\n")


def bad_chunk():
    return exchange(post(b"Transfer-Encoding: chunked\r\n"), b"zz\r\nhello\r\n0\r\n\r\n")


def smuggled():
    return exchange(post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), b"0\r\n\r\n")


def announced_body():
    return exchange(post(b"Content-Length: 1000000000000\r\n"), b"x" * 1_000_000)


def negative_body():
    return exchange(post(b"Content-Length: -5\r\n"), b"x")


def endless_body():
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    return exchange(post(b"Transfer-Encoding: chunked\r\n"), *[chunk] * 400)


def expectation():
    with connect() as connection:
        connection.sendall(post(b"Content-Length: 20\r\nExpect: 100-continue\r\nConnection: close\r\n"))
        first = connection.recv(65536)
        connection.sendall(b'{"source": "pass"}  ')
        return told(response(connection)) | {"first": first.decode("latin-1")}


def pipeline():
    request = b"GET /livez HTTP/1.1\r\n" + HOST
    received = exchange(request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    return {"answers": 1 + received["body"].count("HTTP/1.1 200")}


def old():
    """Asks for a path in HTTP/1.0, and says that the connection could be kept."""
    return exchange(b"GET %s HTTP/1.0\r\n" % arguments[0].encode() + HOST + b"Connection: Keep-Alive\r\n\r\n")


def idle():
    """Opens many connections that say nothing, and asks for something beside them."""
    count, limit = int(arguments[0]), float(arguments[1])
    connections = [connect() for _ in range(count)]
    start = time.monotonic()
    answer = exchange(b"GET /livez HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    closed = 0
    while connections and time.monotonic() - start < limit:
        connection = connections.pop()
        connection.settimeout(limit)
        closed += connection.recv(1) == b""
        connection.close()
    return {"status": answer["status"], "seconds": answer["seconds"], "closed": closed}


def stalled():
    """Begins bodies of almost the greatest length and never ends them, then has another tenant ask."""
    count, length = int(arguments[0]), int(arguments[1])
    fields = f"tenant: many\r\nContent-Length: {length}\r\n".encode()
    connections = [connect() for _ in range(count)]
    for connection in connections:
        connection.sendall(post(fields) + b" " * (length - 1))
    time.sleep(1)
    body = b'{"source": "1"}'.ljust(length)
    answer = exchange(post(f"tenant: few\r\nConnection: close\r\nContent-Length: {length}\r\n".encode()), body)
    own = exchange(post(f"tenant: many\r\nConnection: close\r\nContent-Length: {length}\r\n".encode()), body)
    return {"status": answer["status"], "own": own["status"]}


print(json.dumps(globals()[case]()), flush=True)
