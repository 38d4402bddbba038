"""A database that is starting: it says so to whoever comes, until it is told a port to pass them on to.

It prints the port on which it listens.
"""
import socket
import struct
import sys
import threading

target = None
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)


def read(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError
        data += piece
    return data


def refuse(connection):
    while True:
        (length,) = struct.unpack("!i", read(connection, 4))
        (code,) = struct.unpack("!i", read(connection, length - 4)[:4])
        if code >> 16 == 3:
            break
        connection.sendall(b"N")
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    connection.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(connection):
    try:
        if target is None:
            refuse(connection)
            connection.close()
            return
        upstream = socket.create_connection(("127.0.0.1", target))
    except OSError:
        return
    threading.Thread(target=pump, args=(connection, upstream), daemon=True).start()
    pump(upstream, connection)


def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
for line in sys.stdin:
    target = int(line)
