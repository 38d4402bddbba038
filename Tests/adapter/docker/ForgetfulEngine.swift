import Foundation
import SandboxFixture
import Testing

/// The real engine, but whoever has it make a container hears nothing of it: the connection ends.
final class ForgetfulEngine {
    let port: Int
    private let process = Process()
    private let log: URL

    init() throws {
        log = URL.temporaryDirectory.appending(path: "created-\(UUID())")
        try Data().write(to: log)
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", Self.script, try TestEngine.url(), log.path]
        process.standardOutput = output
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "it ended at once")
            line += String(decoding: data, as: UTF8.self)
        }
        port = try #require(Int(line.dropLast()))
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: log)
    }

    /// How many containers it has had made.
    var created: Int { (try? Data(contentsOf: log).count) ?? 0 }

    private static let script = #"""
        import http.client, http.server, socket, sys

        scheme, _, address = sys.argv[1].partition("://")
        path = address if scheme == "unix" else None
        address = "engine" if path else address

        class Engine(http.client.HTTPConnection):
            def connect(self):
                if path:
                    self.sock = socket.socket(socket.AF_UNIX)
                    self.sock.connect(path)
                else:
                    super().connect()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                engine = Engine(address)
                headers = {"Content-Type": "application/json"}
                engine.request(self.command, self.path, body, headers)
                answer = engine.getresponse()
                content = answer.read()
                if "/containers/create" in self.path:
                    assert answer.status == 201, content
                    with open(sys.argv[2], "a") as log:
                        log.write("x")
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = serve

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """#
}
