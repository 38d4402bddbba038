import Foundation
import Testing

/// The walls as a table: what each folder of `Sources` may import, and does.
///
/// The package manager checks that a target imports only its dependencies, but it lets every target
/// import the platform's modules and the C libraries.
@Suite struct ImportTableTests {
    private static let table: [String: Set<String>] = [
        "Threads": ["CLinux", "Glibc", "Synchronization"],
        "Backoff": [],
        "AMQP": ["Backoff", "CRabbitMQ", "Glibc", "Hashing", "Synchronization", "Threads"],
        "PostgreSQL": [
            "CPostgreSQL", "FoundationEssentials", "Glibc", "Synchronization", "Threads",
        ],
        "Curl": ["CCurl", "Glibc", "Synchronization", "Threads"],
        "Gzip": ["CZlib"],
        "Hashing": ["CCrypto"],
        "S3": ["Backoff", "Curl", "FoundationEssentials", "Hashing"],
        "Prometheus": ["CoreMetrics", "FoundationEssentials", "Glibc", "Synchronization"],
        "SandboxProtocol": [],
        "SandboxAgentCore": ["CSandboxAgent", "Glibc", "SandboxProtocol"],
        "SandboxAgent": ["SandboxAgentCore"],
        "entity": ["FoundationEssentials"],
        "service": [
            "Backoff", "FoundationEssentials", "Gzip", "Logging", "Metrics", "SandmillEntity",
            "ServiceLifecycle", "Synchronization",
        ],
        "client": [
            "Foundation", "FoundationEssentials", "Hashing", "SandmillEntity", "SandmillService",
        ],
        "repository": [
            "FoundationEssentials", "PostgreSQL", "SandmillEntity", "SandmillService",
            "Synchronization",
        ],
        "adapter/docker": [
            "Curl", "FoundationEssentials", "Logging", "SandboxProtocol", "SandmillEntity",
            "SandmillService", "Synchronization",
        ],
        "adapter/otlp": ["Curl", "SandmillService"],
        "adapter/rabbitmq": [
            "AMQP", "Backoff", "FoundationEssentials", "Hashing", "Logging", "SandmillEntity",
            "SandmillService",
            "ServiceLifecycle", "Synchronization",
        ],
        "adapter/results": [
            "Backoff", "CLinux", "FoundationEssentials", "Glibc", "Hashing", "Logging", "Metrics",
            "S3", "SandmillEntity", "SandmillService", "ServiceLifecycle", "Threads",
        ],
        "api": [
            "AsyncAlgorithms", "Backoff", "FoundationEssentials", "HTTPTypes", "Hashing",
            "Hummingbird",
            "Logging", "Metrics", "Mustache", "NIOCore", "NIOHTTP1", "NIOHTTPTypes",
            "NIOHTTPTypesHTTP1", "Prometheus",
            "SandmillEntity", "SandmillService", "ServiceLifecycle", "Synchronization",
        ],
        "configuration": ["FoundationEssentials", "SandmillEntity", "SandmillService", "Yams"],
        "sandmill": [
            "ArgumentParser", "Backoff", "CLinux", "Dispatch", "Foundation", "FoundationEssentials",
            "Logging",
            "Metrics", "Prometheus", "S3", "SandmillAPI", "SandmillClient", "SandmillConfiguration",
            "SandmillDocker",
            "SandmillEntity", "SandmillOTLP", "SandmillRabbitMQ", "SandmillRepository",
            "SandmillResults",
            "SandmillService", "ServiceLifecycle", "UnixSignals",
        ],
        "bench": [
            "ArgumentParser", "Foundation", "Histogram", "Logging", "PostgreSQL", "SandmillClient",
            "SandmillConfiguration",
            "SandmillDocker", "SandmillEntity", "SandmillRabbitMQ", "SandmillRepository",
            "SandmillResults", "SandmillService", "ServiceLifecycle",
        ],
    ]

    @Test func everyImportIsInTheTable() throws {
        for statement in try Import.all() {
            let allowed = try #require(
                Self.table[statement.folder],
                "\(statement.file): its folder has no line in the table"
            )
            #expect(allowed.contains(statement.module), "\(statement.file)")
        }
    }

    @Test func everyEntryOfTheTableIsUsed() throws {
        var unused = Self.table
        for statement in try Import.all() { unused[statement.folder]?.remove(statement.module) }
        for (folder, modules) in unused { #expect(modules.isEmpty, "\(folder)") }
    }
}

/// An import of a source file.
private struct Import {
    /// The file, below `Sources`.
    let file: String
    /// The folder of its target.
    let folder: String
    let module: String

    /// The imports of all sources.
    static func all(filePath: String = #filePath) throws -> [Import] {
        let sources = URL(filePath: filePath).deletingLastPathComponent()
            .appending(path: "../../Sources").standardized
        let files = try #require(FileManager.default.enumerator(atPath: sources.path()))
        let imports = try files.compactMap { $0 as? String }
            .filter { $0.hasSuffix(".swift") }
            .flatMap { file in
                try String(contentsOf: sources.appending(path: file), encoding: .utf8)
                    .split(separator: "\n")
                    .filter { $0.contains("import ") }
                    .compactMap { Import(line: String($0), of: file) }
            }
        try #require(!imports.isEmpty, "there are no sources in \(sources.path())")
        return imports
    }

    /// Reads a line; nil if it imports nothing.
    private init?(line: String, of file: String) {
        let attributes = /(@\w+ )*((public|package|internal|fileprivate|private) )?/
        guard let prefix = line.prefixMatch(of: attributes)?.range else { return nil }
        let statement = line[prefix.upperBound...]
        let pattern = /import (?:(?:struct|class|enum|protocol|func|var|let|typealias) )?(\w+)/
        guard let match = statement.prefixMatch(of: pattern) else { return nil }
        let folders = file.split(separator: "/").dropLast()
        self.file = file
        folder = folders.prefix(folders.first == "adapter" ? 2 : 1).joined(separator: "/")
        module = String(match.1)
    }
}
