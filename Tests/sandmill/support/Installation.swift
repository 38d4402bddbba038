import Foundation
import Glibc
import Testing

/// An installation of the real program, of whose names no other has any.
///
/// What the test sees of it, it sees through clients in Python that know nothing of our code.
struct Installation: Sendable {
    /// Its prefix on the broker, its schema, and its cluster.
    let name: String
    /// Where it runs; the results are below.
    let directory: URL
    /// The settings of all its processes.
    let settings: [String: String]
    let events = EventLog()
    private let servers: Servers
    private let broker: Program
    private let database: Program

    /// Where its broker is, for an administrator.
    let brokerURL: String

    /// Where its record store is, for an administrator.
    let databaseURL: String

    /// The root of the results directory.
    var results: URL { directory.appending(path: "results") }

    /// The `sandmill` program of this build, which lies beside the test bundle.
    static var executable: URL {
        get throws {
            let bundle = try #require(Bundle.main.executableURL)
            return bundle.deletingLastPathComponent().appending(path: "sandmill")
        }
    }

    /// Runs `body` with a migrated installation, and removes everything of it afterwards.
    ///
    /// With `database` or `broker`, an administrator's way into a server, its record store or its
    /// exchanges and queues are there.
    static func with<Value>(
        database: String? = nil,
        broker: String? = nil,
        settings: [String: String] = [:],
        _ body: (Installation) async throws -> Value
    ) async throws -> Value {
        let installation = try await Installation(
            database: database,
            broker: broker,
            settings: settings
        )
        let result = await Result {
            for command in [["migrate"], ["topology", "declare"]] {
                let ended = try await installation.run(command)
                try #require(ended.exitCode == 0, "\(command) failed: \(ended.errors)")
            }
            try await installation.events.subscribe(
                to: "\(installation.name).events",
                of: installation.brokerURL
            )
            return try await body(installation)
        }
        let removal = await Result { try await installation.remove() }
        let value = try result.get()
        try removal.get()
        return value
    }

    private init(
        database url: String?,
        broker brokerURL: String?,
        settings: [String: String]
    ) async throws {
        servers = try Servers()
        self.brokerURL = brokerURL ?? servers.broker
        databaseURL = url ?? servers.database
        name = "test-\(UUID().uuidString.lowercased().prefix(13))"
        directory = URL.temporaryDirectory.appending(path: "sandmill-\(name)")
        let results = directory.appending(path: "results")
        try FileManager.default.createDirectory(at: results, withIntermediateDirectories: true)
        let others = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SANDMILL_") }
        let mark = databaseURL.contains("?") ? "&" : "?"
        self.settings = others.merging([
            "SANDMILL_BROKER_URL": self.brokerURL,
            "SANDMILL_BROKER_PREFIX": name,
            // The name is how a test finds the connections of this installation.
            "SANDMILL_DATABASE_URL": "\(databaseURL)\(mark)application_name=\(name)",
            "SANDMILL_DATABASE_SCHEMA": name,
            "SANDMILL_ENGINE_URL": servers.engine,
            "SANDMILL_RESULTS_ROOT": results.path(),
            "SANDMILL_CLUSTER": name,
            "SANDMILL_WORKER_ID": "worker-a",
            "SANDMILL_WORKER_LISTEN": "127.0.0.1:0",
            "SANDMILL_POOLS_PYTHON_SANDBOXES_SPARE": "1",
            "SANDMILL_POOLS_PYTHON_SANDBOXES_MAXIMUM": "3",
        ]) { $1 }.merging(settings) { $1 }
        broker = try .client("broker", self.brokerURL)
        database = try .client("query", databaseURL)
    }

    private func remove() async throws {
        let sandboxes = await Result { try await waitUntilNoContainerIsLeft() }
        for container in try await containers() { try await removeContainer(container) }
        try await query("drop schema if exists \"\(name)\" cascade")
        for exchange in ["submit", "unrouted", "dead", "events", "control"] {
            try await tellBroker("delete_exchange", ["name": .string("\(name).\(exchange)")])
        }
        let work = ["high", "normal", "low"].map { "work.python.\($0)" }
        for queue in work + ["batches", "dead", "unrouted"] {
            try await tellBroker("delete_queue", ["name": .string("\(name).\(queue)")])
        }
        try FileManager.default.removeItem(at: directory)
        try sandboxes.get()
    }
}

// MARK: - Its processes

extension Installation {
    /// How a command ended.
    struct Ended {
        let exitCode: Int
        let output: [String]
        let errors: String
    }

    /// Starts a process of this installation, which may have so many `files` open, by another program
    /// such as `setpriv` if one is given.
    func start(
        _ arguments: [String],
        settings: [String: String] = [:],
        files: Int? = nil,
        by starter: [String] = []
    ) throws -> Program {
        let limit = files.map { Self.shell("ulimit -n \($0)") } ?? []
        let command = limit + starter + [try Self.executable.path()] + arguments
        return try Program(
            URL(filePath: "/usr/bin/env"),
            command,
            in: directory,
            environment: self.settings.merging(settings) { $1 }
        )
    }

    /// What starts a process after a command of the shell.
    static func shell(_ command: String) -> [String] {
        ["sh", "-c", "\(command); exec \"$0\" \"$@\""]
    }

    /// Runs a command to its end.
    func run(
        _ arguments: [String],
        settings: [String: String] = [:],
        by starter: [String] = []
    ) async throws -> Ended {
        let program = try start(arguments, settings: settings, by: starter)
        return try await within(.seconds(30), "sandmill \(arguments.joined(separator: " "))") {
            var output: [String] = []
            while let line = await program.output.next() { output.append(line) }
            while await program.errors.next() != nil {}
            return Ended(
                exitCode: try await program.exitCode(),
                output: output,
                errors: program.errors.text
            )
        }
    }

    /// Starts a worker and waits until it is up.
    func startWorker(
        _ id: String,
        settings: [String: String] = [:],
        by starter: [String] = []
    ) async throws -> Program {
        let worker = try start(
            ["worker"],
            settings: settings.merging(["SANDMILL_WORKER_ID": id]) { $1 },
            by: starter
        )
        try await within(.seconds(30), "the start of \(id)") {
            try await worker.errors.skip(to: "The worker is up.")
        }
        return worker
    }

    /// Tells a worker to stop, and expects that it does so in good order.
    func stop(_ worker: Program) async throws {
        worker.send(SIGTERM)
        let exitCode = try await within(.seconds(20), "the end of a worker") {
            try await worker.exitCode()
        }
        #expect(exitCode == 0, "\(worker.errors.text)")
    }

    /// The ids of the containers of a worker, or of all.
    func containers(of worker: String? = nil) async throws -> [String] {
        let label = "dev.sandmill.worker"
        let format = "{{.ID}} {{.Label \"\(label)\"}}"
        return try await docker("ps", "--all", "--filter", "label=\(label)", "--format", format)
            .filter { $0.contains(" \(name)/\(worker ?? "")") }
            .map { String($0.prefix { $0 != " " }) }
    }

    /// Removes a container as a person might.
    func removeContainer(_ id: String) async throws {
        _ = try await docker("rm", "--force", id)
    }

    /// Whether a command runs in a sandbox of a worker.
    func runs(_ command: String, inSandboxOf worker: String) async throws -> Bool {
        for container in try await containers(of: worker) {
            let processes = try await docker("top", container)
            if processes.contains(where: { $0.hasSuffix(" \(command)") }) { return true }
        }
        return false
    }

    private func docker(_ arguments: String...) async throws -> [String] {
        let docker = try Program(
            URL(filePath: "/usr/bin/env"),
            ["docker", "--host", servers.engine] + arguments,
            in: directory
        )
        var lines: [String] = []
        while let line = await docker.output.next() { lines.append(line) }
        try #require(try await docker.exitCode() == 0, "\(docker.errors.text)")
        return lines
    }

    /// Waits until the containers of a worker, or of all, are gone by themselves.
    func waitUntilNoContainerIsLeft(of worker: String? = nil) async throws {
        try await eventually(within: .seconds(15), "no container is left") {
            try await containers(of: worker).isEmpty
        }
    }
}

// MARK: - Its servers

extension Installation {
    /// Publishes a request as any client may, and returns its id.
    @discardableResult
    func submit(
        _ request: JSON,
        id: UUID = UUID(),
        level: String = "normal",
        properties: [String: JSON] = [:]
    ) async throws -> UUID {
        let standard: [String: JSON] = [
            "content_type": "application/json",
            "message_id": .string(id.uuidString.lowercased()),
            "delivery_mode": 2,
        ]
        try await publish(
            try request.line,
            level: level,
            properties: standard.merging(properties) { $1 }
        )
        return id
    }

    /// Publishes any text as a request.
    func publish(
        _ body: String,
        level: String = "normal",
        key: String? = nil,
        properties: [String: JSON]
    ) async throws {
        try await tellBroker(
            "publish",
            [
                "exchange": .string("\(name).submit"),
                "routing_key": .string(key ?? "python.\(level)"),
                "properties": .object(properties.filter { $0.value != .null }),
                "body": .string(body),
            ]
        )
    }

    /// Submits a program and waits for the document of its end.
    func result(
        of source: String,
        _ fields: [String: JSON] = [:]
    ) async throws -> JSON {
        let id = try await submit(
            .object(["source": .string(source)].merging(fields) { $1 })
        )
        return try await events.finished(id)["data"]
    }

    /// Has an administrator of the broker do something; see `clients/broker.py`.
    func tellBroker(_ order: String, _ fields: [String: JSON]) async throws {
        _ = try await within(.seconds(20), "the broker's \(order)") { [broker] in
            try await broker.ask(.object(fields.merging(["do": .string(order)]) { $1 }))
        }
    }

    /// Runs SQL that names tables without their schema.
    @discardableResult
    func query(_ sql: String, _ parameters: JSON...) async throws -> [JSON] {
        let path = "set search_path to \"\(name)\""
        return try await within(.seconds(20), "a query") { [database] in
            _ = try await database.ask(["sql": .string(path), "parameters": []])
            return try await database.ask(
                ["sql": .string(sql), "parameters": .array(parameters)]
            )["rows"].elements
        }
    }

    /// The record of an execution; null while there is none.
    func record(_ id: UUID) async throws -> JSON {
        try await query(
            "select * from executions where id = %s::uuid",
            .string(id.uuidString)
        ).first ?? .null
    }

    /// Waits until so many executions are in a state; no others may be there.
    func wait(for count: Int, in state: String) async throws {
        try await eventually(within: .seconds(30), "\(count) are \(state)") {
            let rows = try await query(
                "select count(*) from executions where state = %s",
                .string(state)
            )
            return rows[0]["count"] == .number(Double(count))
        }
    }

    /// Waits until an execution is in a state.
    func wait(for id: UUID, in state: String) async throws {
        try await eventually(within: .seconds(30), "\(id) is \(state)") {
            try await record(id)["state"] == .string(state)
        }
    }

    /// Waits until an execution has a sandbox.
    func wait(forSandboxOf id: UUID) async throws {
        try await eventually(within: .seconds(30), "\(id) has a sandbox") {
            try await query(
                "select 1 from sandboxes where execution_id = %s::uuid",
                .string(id.uuidString)
            ).count == 1
        }
    }

    /// Waits until so many sandboxes run a program; no other may run meanwhile.
    func wait(forBusySandboxes count: Int) async throws {
        try await eventually(within: .seconds(30), "\(count) sandboxes are leased") {
            try await query("select 1 from sandboxes where state = 'leased'").count == count
        }
    }
}
