import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillDocker
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillResults
import SandmillService

/// Finds what is wrong, and says how to mend it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks broker, database, engine, images and results directory.",
        discussion: "Every check is made, and each failure says how to mend it."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Prints a JSON document for each finding, for programs.")
    var json = false

    func run() async throws {
        let configuration = try global.load()
        var examination = Examination(json: json)
        await examination.check(
            "broker",
            mend: "start RabbitMQ, or set broker.url",
            orIfWrong: """
                correct broker.url; or delete what differs; what is missing sandmill topology declare \
                makes, or a worker that starts
                """
        ) {
            let broker = try configuration.makeBroker(logger: "sandmill", quiet: true)
            try await broker.verifyTopology()
            return ["reachable, the topology is as declared"]
        }
        await examination.check(
            "database",
            mend: "start Postgres, or set database.url",
            orIfWrong: "correct database.url"
        ) {
            let database = configuration.makeDatabase(connections: 1)
            try await Migrator(database).check()
            let schema = configuration.database.schema
            let warnings = try await database.oldSnapshots()
            return ["reachable, the schema \(schema) is up to date"] + warnings
        }
        await examination.check(
            "messages",
            mend: "start Postgres, or set database.url",
            orIfWrong: "correct database.url"
        ) {
            let patience = configuration.broker.messageTimeout
            let time = "\(Int(patience / .seconds(1))) s"
            let count = try await PostgreSQLQueueStatistics(
                configuration.makeDatabase(connections: 1)
            )
            .awaitedCount(longerThan: patience)
            return [
                count == 0
                    ? "no execution has waited for its message for more than \(time)"
                    : "\(count) executions have waited for their message from the broker for more than "
                        + "\(time); a worker that runs takes them from the record store by and by"
            ]
        }
        await examination.check(
            "subscribers",
            mend: "start Postgres, or set database.url",
            orIfWrong: "correct database.url"
        ) {
            let rejected = try await PostgreSQLQueueStatistics(
                configuration.makeDatabase(connections: 1)
            )
            .rejectedMessages(limit: 10)
            guard !rejected.isEmpty else { return ["the broker rejects nothing"] }
            return ["the broker takes what is not named below"]
                + rejected.map { $0.line(prefix: configuration.broker.prefix) } + [
                    "rabbitmqctl list_bindings tells which queues want these, list_queues which of them is "
                        + "full; see Publishers and subscribers in the documentation"
                ]
        }
        await examination.check(
            "results",
            mend: "make \(configuration.resultsRoot) writable, with room, or set results.root",
            orIfWrong: "set results.root"
        ) {
            let readers = try configuration.findResultsGroup()
            guard FileManager.default.fileExists(atPath: configuration.resultsRoot) else {
                try MissingDirectory(configuration.resultsRoot).checkCreatable()
                return ["\(configuration.resultsRoot) is not there; a worker that starts makes it"]
            }
            let results = try ResultsDirectory(
                root: configuration.resultsRoot,
                worker: configuration.worker.id,
                reserve: configuration.resultsReserve,
                group: readers
            )
            try await results.checkWritable()
            return try await [
                "\(configuration.resultsRoot) is writable and has room",
                results.warning(),
            ].compactMap(\.self)
        }
        if let bucket = configuration.makeBucket(), let upload = configuration.upload {
            await examination.check(
                "bucket",
                mend: "start the object store, make the bucket, or correct results.upload",
                orIfWrong: "correct results.upload"
            ) {
                try await bucket.checkUsable(by: configuration.worker.id)
                return ["\(upload.bucket) can be written, read, listed and removed from"]
            }
        }
        await examination.check(
            "engine",
            mend: "start Docker, or set engine.url",
            orIfWrong: "correct engine.url",
            ifWarned: "install the versions that are named, and mend what the host leaves open"
        ) {
            let engine = try configuration.makeSandboxEngine(
                logger: configuration.quietLogger("sandmill")
            )
            return ["reachable"] + (try await engine.warnings())
        }
        await examination.check(
            "workers",
            mend: "start Postgres, or set database.url",
            orIfWrong: "correct database.url",
            ifWarned:
                "start a worker with sandmill worker; sandmill workers drain ID --undo has one take again"
        ) {
            let workers = try await DatabaseClient(configuration).directory.workers()
            let alive = workers.filter { $0.state != .lost }
            guard !alive.isEmpty else {
                return ["the list can be read", "no worker is alive: nothing runs"]
            }
            let idle = configuration.pools.map(\.name).filter { pool in
                !alive.contains { $0.state == .active && $0.slots[pool] != nil }
            }
            return ["\(alive.count) alive"]
                + idle.map { "no worker takes executions of the pool \($0)" }
        }
        for pool in configuration.pools {
            await examination.check(
                "pool \(pool.name)",
                mend: "start Docker, or set engine.url",
                orIfWrong: "run sandbox-image/build, or set pools.\(pool.name).image",
                pool: pool
            ) {
                let engine = try configuration.makeSandboxEngine(
                    logger: configuration.quietLogger("sandmill")
                )
                let sandbox = try await engine.start(pool.specification)
                do {
                    try await sandbox.probe()
                } catch {
                    await sandbox.destroy()
                    throw error
                }
                await sandbox.destroy()
                return ["a sandbox of \(pool.image) starts and answers"]
            }
        }
        if let worst = examination.worst { throw ExitCode(worst.rawValue) }
    }
}

/// Checks one after the other, and remembers the first failure.
struct Examination {
    /// Whether programs read what is found.
    let json: Bool
    /// How the first check that failed ends the program.
    private(set) var worst: ExitStatus?

    /// `body` says what it finds to be right, and then what is not as it should be and does no harm yet.
    mutating func check(
        _ name: String,
        mend unavailable: String,
        orIfWrong wrong: String,
        ifWarned warned: String? = nil,
        pool: PoolConfiguration? = nil,
        _ body: () async throws -> [String]
    ) async {
        do {
            let lines = try await body()
            tell("ok", name, lines[0])
            let warnings = lines.dropFirst()
            for warning in warnings {
                tell("warn", name, warning, mend: warning == warnings.last ? warned : nil)
            }
        } catch {
            let failure = Failure(error) ?? Failure(.unavailable, "\(error)")
            let isWrong = failure.status == .wrongConfiguration
            let remedy =
                failure.remedy ?? Remedy.of(error, pool: pool) ?? (isWrong ? wrong : unavailable)
            tell("FAIL", name, failure.message, mend: remedy)
            worst = worst ?? failure.status
        }
    }

    private func tell(_ word: String, _ check: String, _ message: String, mend: String? = nil) {
        guard json else {
            Terminal.write("\(word.padding(to: 5)) \(check): \(message)")
            if let mend { Terminal.write("      to mend it: \(mend)") }
            return
        }
        let fields: [String: JSONValue] = [
            "check": .string(check), "finding": .string(word.lowercased()),
            "message": .string(message), "mend": .optional(mend),
        ]
        Terminal.write(JSONValue.object(fields).line)
    }
}

extension RejectedMessages {
    /// What is rejected, for a person.
    fileprivate func line(prefix: String) -> String {
        let target =
            exchange == .queue
            ? "the queue \"\(routingKey.printable)\""
            : "\"\(routingKey.printable)\" of \(prefix).\(exchange.rawValue)"
        return "the broker rejects \(target): \(count) messages, up to \(rejections) times"
    }
}
