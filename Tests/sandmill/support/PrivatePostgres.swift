import FaultyProxy
import Foundation
import Testing

/// A Postgres server of one test's own, which may refuse, end, and follow another.
///
/// It ends when the last that holds it is gone, however the test ends: its shell waits for the end of
/// its input, and where that is killed, the kernel tells the server (`PR_SET_PDEATHSIG`, prctl(2)).
final class PrivatePostgres: Sendable {
    let port: Int
    private let directory: URL
    private let shell: Program

    /// The way in of an administrator, who needs no password.
    var administratorURL: String { "postgresql://postgres@127.0.0.1:\(port)/postgres" }

    /// A server with nothing in it, where everybody but administrators needs a password.
    static func start() async throws -> PrivatePostgres {
        try await start(
            """
            $bin/initdb --no-sync --auth=trust --username=postgres --pgdata=data >/dev/null
            cat >data/pg_hba.conf <<END
            host all postgres 127.0.0.1/32 trust
            host replication postgres 127.0.0.1/32 trust
            host all all 127.0.0.1/32 scram-sha-256
            END
            """
        )
    }

    /// A standby of this server, with all that it has.
    func startStandby() async throws -> PrivatePostgres {
        try await Self.start(
            "$bin/pg_basebackup --no-sync -h 127.0.0.1 -p \(port) -U postgres -R -X stream -c fast -D data"
        )
    }

    private static func start(_ preparation: String) async throws -> PrivatePostgres {
        let server = try PrivatePostgres(preparation)
        try await within(.seconds(60), "the start of a private Postgres") {
            try await server.shell.errors.skip(to: "ready to accept")
        }
        return server
    }

    private init(_ preparation: String) throws {
        port = Loopback.freePorts(1)[0]
        directory = URL.temporaryDirectory.appending(path: "postgres-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        // Postgres refuses to run as root.
        let script = """
            if test "$(id -u)" = 0; then
                chown postgres: .
                exec setpriv --reuid=postgres --regid=postgres --clear-groups sh -ec "$0"
            fi
            exec sh -ec "$0"
            """
        let work = """
            bin=$(find /usr/lib/postgresql -path '*/bin/postgres' | sort -V | tail -n 1)
            bin=${bin%/*}
            \(preparation)
            setpriv --pdeathsig QUIT $bin/postgres -D data -p \(port) -k '' -c listen_addresses=127.0.0.1 -c fsync=off \
                -c max_connections=100 -c shared_buffers=32MB & server=$!
            trap 'kill -QUIT $server; wait $server; rm -rf "$PWD"' EXIT
            cat >/dev/null || true
            """
        shell = try Program(URL(filePath: "/bin/sh"), ["-c", script, work], in: directory)
    }

    deinit {
        shell.kill()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Ends it at once, as a crash does.
    func end() async throws {
        try shell.finishInput()
        _ = try await within(.seconds(30), "the end of a private Postgres") { [shell] in
            try await shell.exitCode()
        }
    }
}
