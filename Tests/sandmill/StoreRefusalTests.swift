import Foundation
import Testing

extension SystemTests {
    /// The record store refuses for a while; whatever it says, nothing is lost by it and nobody has to
    /// restart anything.
    @Suite(.timeLimit(.minutes(5)))
    struct StoreRefusalTests {
        private static let program: JSON = ["source": "import time; time.sleep(0.2)\nprint('done')"]

        /// How a server is made to refuse, and to take us in again.
        struct Refusal: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let begin: String
            let end: String
            /// Whether open sessions go on as if nothing had happened, so that they have to be ended.
            var endsSessions = true
        }

        @Test(arguments: [
            Refusal(
                testDescription: "the role may not log in",
                begin: "alter role app nologin",
                end: "alter role app login"
            ),
            Refusal(
                testDescription: "the password was rotated",
                begin: "alter role app password 'other'",
                end: "alter role app password 'secret'"
            ),
            Refusal(
                testDescription: "the database allows no connections",
                begin: "alter database app allow_connections false",
                end: "alter database app allow_connections true"
            ),
            Refusal(
                testDescription: "the role may do nothing",
                begin: "revoke all on all tables in schema SCHEMA from app",
                end: "grant all on all tables in schema SCHEMA to app",
                endsSessions: false
            ),
            Refusal(
                testDescription: "sessions are read-only",
                begin: "alter database app set default_transaction_read_only = on",
                end: "alter database app reset default_transaction_read_only"
            ),
        ])
        func accessThatIsRefusedForAWhileCostsNothing(_ refusal: Refusal) async throws {
            let server = try await PrivatePostgres.start()
            let administrator = try Program.client("query", server.administratorURL)
            func tell(_ statement: String) async throws {
                _ = try await administrator.ask(["sql": .string(statement), "parameters": []])
            }
            try await tell("create role app login password 'secret'")
            try await tell("create database app")
            let database = "postgresql://postgres@127.0.0.1:\(server.port)/app"
            try await Installation.with(database: database) { installation in
                let schema = "\"\(installation.name)\""
                for grant in [
                    "grant all on schema \(schema) to app",
                    "grant all on all tables in schema \(schema) to app",
                    "grant all on all sequences in schema \(schema) to app",
                ] { try await installation.query(grant) }
                let worker = try await installation.startWorker(
                    "worker-a",
                    settings: [
                        "SANDMILL_DATABASE_URL":
                            "postgresql://app:secret@127.0.0.1:\(server.port)/app"
                    ]
                )
                func refuse(_ statement: String) async throws {
                    // What is done to a database is done from another, what is in it from within.
                    if statement.contains("alter") { return try await tell(statement) }
                    try await installation.query(statement.replacing("SCHEMA", with: schema))
                }
                var ids: [UUID] = []
                for _ in 1...40 { ids.append(try await installation.submit(Self.program)) }
                _ = try await installation.events.finished(ids[0])

                try await refuse(refusal.begin)
                if refusal.endsSessions {
                    try await installation.query(
                        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'"
                    )
                }
                for _ in 1...40 { ids.append(try await installation.submit(Self.program)) }
                // It has been refused for longer than a moment.
                try await within(.seconds(40), "the worker's word") {
                    try await worker.errors.skip(to: "does not take what is to be written")
                }
                try await refuse(refusal.end)

                for id in ids {
                    #expect(
                        try await installation.events.finished(id)["data"]["state"] == "succeeded"
                    )
                }
                try await installation.expectOneEnd(of: ids, attempt: 1)
                try await installation.stop(worker)
            }
        }

        @Test func aStandbyThatIsPromotedTakesOver() async throws {
            let primary = try await PrivatePostgres.start()
            let standby = try await primary.startStandby()
            let hosts = "127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)"
            let url = "postgresql://postgres@\(hosts)/postgres?target_session_attrs=read-write"
            try await Installation.with(database: url) { installation in
                let worker = try await installation.startWorker("worker-a")
                var ids: [UUID] = []
                for _ in 1...40 { ids.append(try await installation.submit(Self.program)) }
                _ = try await installation.events.finished(ids[0])
                // A commit that the standby does not have when its primary is gone was none.
                try await installation.query(
                    "alter system set synchronous_standby_names = '*'"
                )
                try await installation.query("select pg_reload_conf()")
                for _ in 1...20 { ids.append(try await installation.submit(Self.program)) }
                _ = try await installation.events.finished(ids[40])

                try await primary.end()
                let administrator = try Program.client("query", standby.administratorURL)
                _ = try await administrator.ask(["sql": "select pg_promote()", "parameters": []])

                for id in ids {
                    #expect(
                        try await installation.events.finished(id)["data"]["state"] == "succeeded"
                    )
                }
                try await installation.expectOneEnd(of: ids, attempt: nil)
                try await installation.stop(worker)
            }
        }

        @Test(.installation())
        func oneRowThatIsLockedKeepsNoOtherWaiting() async throws {
            let installation = try Installation.current
            let slow = try await installation.submit(["source": "import time; time.sleep(1.5)"])
            try await installation.wait(for: 1, in: "running")
            let holder = try Program.client("query", installation.databaseURL)
            for statement in [
                "begin", "select from \"\(installation.name)\".executions for update",
            ] { _ = try await holder.ask(["sql": .string(statement), "parameters": []]) }

            var others: [UUID] = []
            for _ in 1...30 { others.append(try await installation.submit(Self.program)) }
            for id in others {
                #expect(try await installation.events.finished(id)["data"]["state"] == "succeeded")
            }
            #expect(try await installation.record(slow)["state"] == "running")

            _ = try await holder.ask(["sql": "commit", "parameters": []])
            #expect(try await installation.events.finished(slow)["data"]["state"] == "succeeded")
            try await installation.expectOneEnd(of: others + [slow], attempt: 1)
        }

        @Test(.installationWithoutWorker)
        func aHostWhoseFirstAddressIsSilentIsReachedAtItsNext() async throws {
            let installation = try Installation.current
            var url = try #require(URLComponents(string: installation.databaseURL))
            let port = try #require(url.port)
            // It accepts connections, and nobody ever takes them.
            let silent = try Program(
                URL(filePath: "/usr/bin/python3"),
                [
                    "-c",
                    """
                    import socket, sys
                    listener = socket.create_server(("127.9.9.9", \(port)))
                    print("listening", flush=True)
                    sys.stdin.read()
                    """,
                ],
                in: installation.directory
            )
            #expect(await silent.output.next() == "listening")
            let hosts = try installation.file(
                "hosts",
                "127.9.9.9 store.test\n127.0.0.1 store.test\n127.0.0.1 localhost\n"
            )
            url.host = "store.test"
            // The names of this host are looked up in a file of the test's own.
            let command = try Program(
                URL(filePath: "/usr/bin/unshare"),
                [
                    "--mount", "--map-root-user", "sh", "-c",
                    "mount --bind \"$1\" /etc/hosts && exec \"$2\" migrate", "sh", hosts,
                    try Installation.executable.path(),
                ],
                in: installation.directory,
                environment: installation.settings.merging([
                    "SANDMILL_DATABASE_URL": try #require(url.string)
                ]) { $1 }
            )
            let exitCode = try await within(.seconds(40), "the migration") {
                try await command.exitCode()
            }
            #expect(exitCode == 0, "\(command.errors.text)")
        }
    }
}
