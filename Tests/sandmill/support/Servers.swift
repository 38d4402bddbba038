import Foundation
import Testing

/// The servers that every test here needs; without one of them they fail.
struct Servers {
    let broker: String
    let database: String
    let engine: String

    init() throws {
        broker = try Self.url("SANDMILL_BROKER_URL", of: "RabbitMQ")
        database = try Self.url("SANDMILL_DATABASE_URL", of: "Postgres")
        engine = try Self.url("SANDMILL_ENGINE_URL", of: "a container engine")
    }

    private static func url(_ variable: String, of server: String) throws -> String {
        try #require(
            ProcessInfo.processInfo.environment[variable],
            "these tests need \(server): \(variable) is not set; see ops/services env"
        )
    }
}
