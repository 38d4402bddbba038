internal import Threads

/// An HTTP/1.1 client over libcurl with a thread of its own, on which all its connections live.
///
/// Connections are kept and used again, but for a POST, which is sent once on one of its own: whoever
/// has it may have done what it asks for, though the connection ends without an answer. A cancelled task's request is aborted at once.
public actor Client {
    private let configuration: ClientConfiguration
    private let loop: EventLoop
    private let executor: ThreadExecutor
    private var lastID = 0

    /// The curl thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Starts the thread; connections are made when they are needed.
    public init(_ configuration: ClientConfiguration = ClientConfiguration()) {
        self.configuration = configuration
        loop = EventLoop()
        executor = ThreadExecutor(name: "curl", parking: loop)
    }

    /// Sends a request and returns the whole response, whatever its status.
    public func perform(_ request: HTTPRequest) async throws(CurlError) -> HTTPResponse {
        let exchange = try Exchange(request, settings: configuration)
        let id = nextID()
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { self.start(exchange, id, $0) }
        } onCancel: { [loop] in
            loop.signal(.abort(id, .cancelled))
        }.get()
    }

    /// Sends a request without a body that asks the server to turn the connection into a stream.
    ///
    /// The request's timeout ends with the response's head; the stream has none.
    public func upgrade(_ request: HTTPRequest) async throws(CurlError) -> Upgrade {
        let connection = try UpgradedConnection(request, settings: configuration)
        let buffer = connection.buffer
        let id = nextID()
        let response = try await withTaskCancellationHandler {
            await withCheckedContinuation { self.start(connection, id, $0) }
        } onCancel: { [loop] in
            loop.signal(.abort(id, .cancelled))
        }.get()
        guard UpgradedConnection.isUpgrade(response) else { return .refused(response) }
        return .upgraded(UpgradedStream(client: self, loop: loop, id: id, buffer: buffer))
    }

    private func nextID() -> Int {
        lastID += 1
        return lastID
    }

    private func start(_ exchange: Exchange, _ id: Int, _ completion: Exchange.Completion) {
        exchange.start(completion)
        loop.add(exchange, id: id)
    }

    private func start(
        _ connection: UpgradedConnection,
        _ id: Int,
        _ completion: UpgradedConnection.Completion
    ) {
        connection.start(completion)
        loop.add(connection, id: id)
    }
}

/// What a server answered to a request to upgrade.
public enum Upgrade: Sendable {
    /// The connection is a stream now (status 101, or 200).
    case upgraded(UpgradedStream)
    /// It is not; the response says why.
    case refused(HTTPResponse)
}
