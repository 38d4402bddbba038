public import AMQP
import FaultyProxy
import Foundation
public import Testing

/// A broker of this test run's own, which may be alarmed, paused and asked for TLS.
///
/// It ends when the test process does, however that ends: its shell waits for the end of its input.
public struct PrivateBroker: Sendable {
    /// The broker of the suite whose test calls.
    @TaskLocal public static var current: PrivateBroker?

    private let directory: URL
    private let environment: [String: String]
    private let ports: [Int]

    /// The plain way in.
    public var endpoint: Endpoint { Endpoint(host: "127.0.0.1", port: ports[0]) }

    /// The plain way in of a user.
    public func url(user: String = "guest", password: String = "guest") -> String {
        "amqp://\(user):\(password)@127.0.0.1:\(ports[0])/"
    }

    /// The way in with TLS, as the broker's certificate names it.
    public func secureEndpoint(_ tls: Endpoint.TLS) -> Endpoint {
        Endpoint(host: "localhost", port: ports[1], tls: tls)
    }

    /// A file of the authority, or of a certificate and key that it has signed.
    public func file(_ name: String) -> String { directory.appending(path: name).path }

    /// Runs an administrator's command and waits for it.
    @discardableResult
    public func control(_ arguments: String...) throws -> String {
        try control(arguments)
    }

    /// Runs an administrator's command and waits for it.
    @discardableResult
    public func control(_ arguments: [String]) throws -> String {
        try run("/usr/lib/rabbitmq/bin/rabbitmqctl", arguments)
    }

    /// Starts a broker that ends when `input` is closed, and then calls `onEnd`.
    static func start(input: Pipe, onEnd: @escaping @Sendable () -> Void) throws -> PrivateBroker {
        let directory = URL.temporaryDirectory.appending(path: "amqp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let ports = Loopback.freePorts(4)
        let path = directory.path
        let broker = PrivateBroker(
            directory: directory,
            environment: [
                "PATH": "/usr/bin:/bin",
                "HOME": path,
                "ERL_EPMD_PORT": "\(ports[2])",
                "ERL_EPMD_ADDRESS": "127.0.0.1",
                "RABBITMQ_ALLOW_INPUT": "1",
                "RABBITMQ_NODENAME": "test\(ports[0])@localhost",
                "RABBITMQ_DIST_PORT": "\(ports[3])",
                "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_CONFIG_FILE": "\(path)/rabbitmq.conf",
                "RABBITMQ_ENABLED_PLUGINS_FILE": "\(path)/enabled_plugins",
                "RABBITMQ_MNESIA_BASE": "\(path)/data",
                "RABBITMQ_LOG_BASE": "\(path)/log",
                "RABBITMQ_PID_FILE": "\(path)/pid",
            ],
            ports: ports
        )
        try broker.writeFiles()
        let process = Process()
        process.currentDirectoryURL = directory
        process.environment = broker.environment
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c",
            """
            epmd -port $ERL_EPMD_PORT & epmd=$!
            /usr/lib/rabbitmq/bin/rabbitmq-server -noinput >server.log 2>&1 & server=$!
            cat >/dev/null
            kill -KILL $server $epmd; wait
            cd /; rm -rf "$HOME"
            """,
        ]
        process.standardInput = input
        process.terminationHandler = { _ in onEnd() }
        try process.run()
        return broker
    }

    /// Waits until the broker lets a connection in.
    func untilReady() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(120)
        while true {
            do {
                return try await Connection.open(endpoint).close()
            } catch let error {
                guard clock.now < deadline else { throw error }
                try await clock.sleep(for: .milliseconds(200))
            }
        }
    }

    private func writeFiles() throws {
        try Data("[].".utf8).write(to: directory.appending(path: "enabled_plugins"))
        let configuration = """
            listeners.tcp.1 = 127.0.0.1:\(ports[0])
            listeners.ssl.1 = 127.0.0.1:\(ports[1])
            ssl_options.cacertfile = \(file("authority.pem"))
            ssl_options.certfile = \(file("server.pem"))
            ssl_options.keyfile = \(file("server.key"))
            ssl_options.verify = verify_peer
            ssl_options.fail_if_no_peer_cert = true
            disk_free_limit.absolute = 1MB
            """
        try Data(configuration.utf8).write(to: directory.appending(path: "rabbitmq.conf"))
        try run(
            "/bin/sh",
            [
                "-ec",
                """
                exec 2>/dev/null
                for name in authority stranger; do
                    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                        -subj /CN=$name -keyout $name.key -out $name.pem
                done
                for name in server client; do
                    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$name \
                        -addext subjectAltName=DNS:localhost -keyout $name.key -out $name.csr
                    openssl x509 -req -in $name.csr -days 2 -copy_extensions copy \
                        -CA authority.pem -CAkey authority.key -CAcreateserial -out $name.pem
                done
                """,
            ]
        )
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.currentDirectoryURL = directory
        process.environment = environment
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let shown = String(decoding: text, as: UTF8.self)
        try #require(process.terminationStatus == 0, "\(program) \(arguments): \(shown)")
        return shown
    }
}

/// Starts one ``PrivateBroker`` for all tests of a suite.
public struct WithPrivateBroker: SuiteTrait, TestScoping {
    /// Runs the tests while the broker runs.
    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let input = Pipe()
        let (end, continuation) = AsyncStream<Never>.makeStream()
        let broker = try PrivateBroker.start(input: input) { continuation.finish() }
        let result: Result<Void, any Error>
        do {
            try await broker.untilReady()
            result = .success(
                try await PrivateBroker.$current.withValue(broker) { try await function() }
            )
        } catch {
            result = .failure(error)
        }
        try input.fileHandleForWriting.close()
        for await _ in end {}
        try result.get()
    }
}

extension Trait where Self == WithPrivateBroker {
    /// The suite's tests find their broker in ``PrivateBroker/current``.
    public static var withPrivateBroker: Self { Self() }
}
