import ArgumentParser
import Foundation
import Logging
import SandmillConfiguration
import SandmillService

/// What every command takes: where its settings come from.
struct GlobalOptions: ParsableArguments {
    private static let defaultFile = "config/sandmill.yaml"

    @Option(
        name: .customLong("config"),
        help: "The configuration file (default: config/sandmill.yaml, if it exists).",
        completion: .file(extensions: ["yaml", "yml"])
    )
    var file: String?

    @Option(
        name: .customLong("set"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Sets a key of the configuration; lists as [a, b] or a,b.",
            valueName: "key=value"
        )
    )
    var assignments: [String] = []

    /// Reads the configuration.
    func load() throws -> Configuration {
        let fallback = FileManager.default.fileExists(atPath: Self.defaultFile)
        let configuration = try Configuration.load(
            file: file ?? (fallback ? Self.defaultFile : nil),
            environment: ProcessInfo.processInfo.environment,
            assignments: assignments,
            hostname: ProcessInfo.processInfo.hostName
        )
        for warning in configuration.warnings {
            switch configuration.logFormat {
            case .text: Terminal.writeError("sandmill: \(warning)")
            case .json:
                configuration.logger("sandmill").warning(
                    "The configuration was read, with a warning.",
                    metadata: [LogKey.reason: "\(warning)"]
                )
            }
        }
        return configuration
    }
}

extension Configuration {
    /// A logger that writes to standard error from the configured level on.
    func logger(_ label: String) -> Logger {
        let format = logFormat
        var logger = Logger(label: label) { LineLogHandler(label: $0, format: format) }
        logger.logLevel =
            switch logLevel {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        return logger
    }

    /// A logger for commands that speak to a person, who wants to see only what goes wrong.
    func quietLogger(_ label: String) -> Logger {
        var logger = logger(label)
        logger.logLevel = max(logger.logLevel, .error)
        return logger
    }
}
