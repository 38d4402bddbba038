"""The peers of the tests: an HTTP/1.1 server that can misbehave on request.

It prints its port and then serves until its parent is gone. With arguments
CERTIFICATE KEY CLIENT_CA it speaks TLS and demands a client certificate.
"""

import hashlib
import http.server
import json
import os
import select
import socket
import ssl
import sys
import threading
import urllib.parse

parent = os.getppid()
gone = threading.Event()
stalled = threading.Event()
stalled_at = 0
change = threading.Condition()
echoes = 0
drops = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        digest = hashlib.sha256()
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            piece = self.rfile.read(min(left, 1 << 20))
            left -= len(piece)
            digest.update(piece)
        return digest.hexdigest()

    def serve(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        getattr(self, "on_" + url.path.strip("/"))(query)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve

    def on_describe(self, query):
        description = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "sha256": self.read_body(),
            "port": self.client_address[1],
        }
        self.answer(200, json.dumps(description).encode(), [("X-Twice", "a"), ("X-Twice", "b")])

    def on_bytes(self, query):
        self.answer(200, b"x" * int(query["count"]))

    def on_status(self, query):
        self.answer(int(query["code"]), b'{"message": "as you wish"}')

    def on_hang(self, query):
        self.connection.recv(1)
        gone.set()
        self.close_connection = True

    def on_gone(self, query):
        self.answer(200 if gone.wait(10) else 504, b"")

    def on_drop(self, query):
        # As a server that does what it is asked for, and ends before it has answered.
        global drops
        self.read_body()
        drops += 1
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def on_drops(self, query):
        self.answer(200, str(drops).encode())

    def on_vanish(self, query):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def upgrade(self, pieces=(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n",)):
        for piece in pieces:
            self.connection.sendall(piece)
        self.close_connection = True

    def on_echo(self, query):
        global echoes
        with change:
            echoes += 1
        self.upgrade()
        try:
            while piece := self.connection.recv(1 << 16):
                self.connection.sendall(piece)
        finally:
            with change:
                echoes -= 1
                change.notify_all()

    def on_silence(self, query):
        with change:
            self.answer(200 if change.wait_for(lambda: echoes == 0, 10) else 504, b"")

    def on_greet(self, query):
        # The head in two pieces, and bytes of the stream right behind it.
        self.upgrade((b"HTTP/1.1 101 UPGRADED\r\nUpg", b"rade: tcp\r\n\r\nhello"))

    def on_refuse(self, query):
        self.answer(409, b'{"message": "no stream today"}')

    def on_dismiss(self, query):
        # As Docker's engine refuses to attach: the body ends with the connection.
        self.upgrade((b"HTTP/1.1 404 Not Found\r\n\r\nno such", b" stream"))

    def on_babble(self, query):
        self.upgrade((b"this is not HTTP\r\n\r\n",))

    def on_deaf(self, query):
        self.upgrade()
        threading.Event().wait(30)

    def on_flood(self, query):
        """Writes `count` bytes; when nobody takes any for 0.2 s, says how many were taken."""
        global stalled_at
        self.upgrade()
        self.connection.setblocking(False)
        sent, count = 0, int(query["count"])
        while sent < count:
            if not select.select([], [self.connection], [], 0.2)[1] and not stalled.is_set():
                stalled_at = sent
                stalled.set()
                select.select([], [self.connection], [])
            sent += self.connection.send(b"y" * min(1 << 16, count - sent))

    def on_stalled(self, query):
        stalled.wait(10)
        self.answer(200, str(stalled_at).encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def service_actions(self):
        if os.getppid() != parent:
            os._exit(0)

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) == 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.load_verify_locations(sys.argv[3])
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
