import Foundation
import Testing

/// The HTTP gateway of an installation, as `curl` sees it.
struct HTTPGateway: Sendable {
    /// Its process.
    let process: Program
    /// Where it listens on 127.0.0.1.
    let port: Int

    /// What it answered.
    struct Answer: Sendable {
        let status: Int
        /// The fields, their names in lower case.
        let fields: [String: String]
        let body: Data

        var text: String { String(decoding: body, as: UTF8.self) }

        var json: JSON {
            get throws { try JSON(text) }
        }
    }

    /// The URL of a path.
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Asks with `curl`; `arguments` come before the URL.
    func ask(_ path: String, _ arguments: String...) async throws -> Answer {
        try await ask(path, arguments)
    }

    /// Asks with `curl`; `arguments` come before the URL.
    func ask(_ path: String, _ arguments: [String]) async throws -> Answer {
        let directory = URL.temporaryDirectory.appending(path: "sandmill-curl-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let curl = try Program(
            URL(filePath: "/usr/bin/curl"),
            ["-sS", "--max-time", "60", "--path-as-is", "-D", "head", "-o", "body"] + arguments
                + [url(path)],
            in: directory
        )
        let exitCode = try await within(.seconds(70), "the answer to \(path)") {
            while await curl.output.next() != nil {}
            return try await curl.exitCode()
        }
        try #require(exitCode == 0, "curl \(path): \(exitCode) \(curl.errors.text)")
        return try Answer(directory)
    }

    /// Submits a request and returns the answer.
    func submit(
        _ request: JSON,
        to path: String = "/execute/sync",
        _ arguments: String...
    ) async throws -> Answer {
        try await ask(
            path,
            ["-H", "Content-Type: application/json", "-d", try request.line] + arguments
        )
    }

    /// Begins to wait for an execution that it submits for a tenant; the answer is on standard output.
    func wait(for id: UUID, as tenant: String, wait: String = "50") throws -> Program {
        try Program(
            URL(filePath: "/usr/bin/curl"),
            [
                "-sSN", "-H", "Content-Type: application/json", "-H", "tenant: \(tenant)",
                "-H", "Idempotency-Key: \(id.uuidString.lowercased())",
                "-d", #"{"source": "1"}"#, "-w", #"\n"#, url("/execute/sync?wait=\(wait)"),
            ],
            in: .temporaryDirectory
        )
    }

    /// Follows an output as a tenant; the head of the answer is on standard output, too.
    func stream(of id: String, as tenant: String) throws -> Program {
        try Program(
            URL(filePath: "/usr/bin/curl"),
            ["-sSN", "-D", "-", "-H", "tenant: \(tenant)", url("/execute/\(id)/stream")],
            in: .temporaryDirectory
        )
    }

    /// Has `clients/http_abuse.py` abuse it; see there.
    func abuse(_ kind: String, _ arguments: String...) async throws -> JSON {
        let client = try Program.script("http_abuse", [kind, "\(port)"] + arguments)
        return try await within(.seconds(60), "the abuse \(kind)") { try await client.answer() }
    }
}

extension HTTPGateway.Answer {
    /// Reads what curl wrote; of several heads the last counts.
    fileprivate init(_ directory: URL) throws {
        let heads = try String(contentsOf: directory.appending(path: "head"), encoding: .utf8)
            .replacing("\r\n", with: "\n").split(separator: "\n\n")
        let lines = try #require(heads.last).split(separator: "\n")
        status = try #require(Int(lines[0].split(separator: " ")[1]))
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        self.fields = fields
        body = (try? Data(contentsOf: directory.appending(path: "body"))) ?? Data()
    }
}

extension Installation {
    /// Opens a door, alone (`gateway`) or with a worker (`serve`), and waits until it is up.
    ///
    /// With `files` it may have no more files open than that; with `starter` it is started by that.
    func open(
        _ command: String = "serve",
        settings: [String: String] = [:],
        files: Int? = nil,
        by starter: [String] = []
    ) async throws -> HTTPGateway {
        let process = try start(
            [command],
            settings: ["SANDMILL_GATEWAY_LISTEN": "127.0.0.1:0"].merging(settings) { $1 },
            files: files,
            by: starter
        )
        let port = try await within(.seconds(30), "the start of the door") {
            while let line = await process.errors.next() {
                guard line.contains("The gateway is up."),
                    let match = line.firstMatch(of: /(?:127\.0\.0\.1|0\.0\.0\.0):([0-9]+)/)
                else { continue }
                return Int(match.1)
            }
            return nil
        }
        return HTTPGateway(
            process: process,
            port: try #require(port, "it did not start: \(process.errors.text)")
        )
    }

    /// Makes an access token and returns its text.
    func token(_ arguments: String...) async throws -> String {
        let ended = try await run(["token", "create", "test"] + arguments)
        try #require(ended.exitCode == 0, "\(ended.errors)")
        return try #require(ended.output.first)
    }
}
