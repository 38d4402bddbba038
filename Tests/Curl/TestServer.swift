import Curl
import Foundation
import Testing

/// A running `server.py`; it ends with the test that holds it.
final class TestServer: Sendable {
    /// For tests that do not ask what the server has seen: it takes a while to start one.
    static let shared = Result { try TestServer() }

    let port: Int
    private let process = Process()

    init(certificates: Certificates? = nil) throws {
        let script = try #require(Bundle.module.path(forResource: "server", ofType: "py"))
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script]
        if let certificates {
            process.arguments? += [
                certificates.server.certificate, certificates.server.key, certificates.authority,
            ]
        }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the server ended at once")
            line += String(decoding: data, as: UTF8.self)
        }
        port = try #require(Int(line.dropLast()))
    }

    deinit {
        // It has inherited a mask that blocks SIGTERM.
        kill(process.processIdentifier, SIGKILL)
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }
    func secureURL(_ path: String) -> String { "https://localhost:\(port)/\(path)" }

    func stream(_ path: String, _ client: Client = Client()) async throws -> UpgradedStream {
        let upgrade = try await client.upgrade(HTTPRequest(.post, url(path)))
        guard case .upgraded(let stream) = upgrade else { throw Unexpected(upgrade) }
        return stream
    }
}

/// An answer that the test did not ask for.
struct Unexpected: Error {
    let upgrade: Upgrade

    init(_ upgrade: Upgrade) {
        self.upgrade = upgrade
    }
}

/// An authority of the test's own, and what it has signed.
struct Certificates {
    struct Pair {
        let certificate: String
        let key: String
    }

    let authority: String
    let server: Pair
    let client: Pair

    init(in directory: TemporaryDirectory) throws {
        try directory.run(
            """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                -subj /CN=authority -keyout authority.key -out authority.pem
            for name in server client; do
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                    -subj /CN=$name -addext subjectAltName=DNS:localhost \
                    -keyout $name.key -out $name.csr
                openssl x509 -req -in $name.csr -days 2 -copy_extensions copy \
                    -CA authority.pem -CAkey authority.key -CAcreateserial -out $name.pem
            done
            """
        )
        authority = directory.path("authority.pem")
        server = Pair(
            certificate: directory.path("server.pem"),
            key: directory.path("server.key")
        )
        client = Pair(
            certificate: directory.path("client.pem"),
            key: directory.path("client.key")
        )
    }
}

/// A directory that is removed with the test that holds it.
final class TemporaryDirectory {
    private let url = URL.temporaryDirectory.appending(path: UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func path(_ name: String) -> String { url.appending(path: name).path() }

    func run(_ script: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-ec", script]
        process.currentDirectoryURL = url
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
