import ArgumentParser
import Foundation
import SandmillAPI
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Makes, lists and revokes access tokens.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Makes, lists and revokes the access tokens of the gateway.",
        subcommands: [Create.self, List.self, Revoke.self]
    )

    /// Makes one.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Makes a token and prints it, once.",
            discussion: """
                Only its hash is kept. Gateways know it within two seconds; from the first token on \
                they ask for one, also on loopback.
                """
        )

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Who has it, for people.")
        var name: String

        @Option(help: "Whose executions it is for.", transform: Parse.tenant)
        var tenant = "default"

        @Option(help: "read, submit, or operate for every tenant.", transform: Parse.role)
        var role = AccessRole.submit

        @Option(help: "How long it counts, such as 12h (default: for ever).")
        var lifetime: Age?

        func run() async throws {
            let configuration = try global.load()
            let secret = TokenSecret.random()
            let database = DatabaseClient(configuration)
            _ = try await database.tokens.create(
                NewAccessToken(
                    prefix: secret.prefix,
                    digest: secret.digest,
                    name: name,
                    tenant: tenant,
                    role: role,
                    lifetime: lifetime?.duration
                )
            )
            try await database.note("create", "token", "\(name) (\(secret.prefix))", tenant: tenant)
            Terminal.write(secret.text)
        }
    }

    /// Lists them.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Lists the tokens, without their secrets."
        )

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Prints a JSON document a line, for programs.")
        var json = false

        func run() async throws {
            let tokens = try await DatabaseClient(try global.load()).tokens.list()
            if json {
                for token in tokens { Terminal.write(token.json.line) }
                return
            }
            let header = ["token", "name", "tenant", "role", "created", "last used", "state"]
            Terminal.write(table: [header] + tokens.map { $0.row(at: .now) })
        }
    }

    /// Revokes one.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Revokes a token.",
            discussion: "Gateways refuse it within two seconds."
        )

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The token as it is listed, its first eight digits.")
        var token: String

        func run() async throws {
            let database = DatabaseClient(try global.load())
            guard let revoked = try await database.tokens.revoke(prefix: token) else {
                throw Failure(.wrongInput, "there is no token \(token)")
            }
            let name = "\(revoked.name) (\(revoked.prefix))"
            try await database.note("revoke", "token", name, tenant: revoked.tenant)
            Terminal.write("The token \(revoked.prefix) of \(revoked.name) is revoked.")
        }
    }
}

extension Parse {
    /// Reads a role.
    static func role(_ argument: String) throws -> AccessRole {
        guard let role = AccessRole(rawValue: argument) else {
            throw ValidationError("\"\(argument)\" is not read, submit or operate.")
        }
        return role
    }

    /// Reads a tenant's name.
    static func tenant(_ argument: String) throws -> String {
        guard Name.isValid(argument) else {
            throw ValidationError("\"\(argument)\" is not \(Name.rule).")
        }
        return argument
    }
}

extension AccessToken {
    /// The token as a document for programs, without its secret.
    fileprivate var json: JSONValue {
        .object([
            "prefix": .string(prefix),
            "name": .string(name),
            "tenant": .string(tenant),
            "role": .string(role.rawValue),
            "created_at": .string(DocumentCoder.text(createdAt)),
            "expires_at": .optional(expiresAt.map(DocumentCoder.text)),
            "revoked_at": .optional(revokedAt.map(DocumentCoder.text)),
            "last_used_at": .optional(lastUsedAt.map(DocumentCoder.text)),
        ])
    }

    fileprivate func row(at now: Date) -> [String] {
        let state =
            if revokedAt != nil {
                "revoked"
            } else if let expiresAt {
                (expiresAt > now ? "until " : "expired ") + expiresAt.formatted(.iso8601)
            } else {
                "valid"
            }
        return [
            prefix, name.printable, tenant, role.rawValue, createdAt.formatted(.iso8601),
            lastUsedAt?.formatted(.iso8601) ?? "-", state,
        ]
    }
}
