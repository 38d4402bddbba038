internal import Threads

/// A connection to a broker, on a thread of its own (AMQP 0-9-1 over librabbitmq).
///
/// It never reconnects: its end is one event, after which every pending and every later call fails
/// with the same ``AMQPError``, and every consumer's deliveries end with it. Use
/// ``ConnectionSupervisor`` to have another one.
///
/// The socket is closed by ``close()``, by the broker, by two heartbeats of silence, by the
/// watchdog when the thread hangs for as long, and when the last reference is gone.
public actor Connection {
    let options: Options
    /// Channel 0, on which the connection itself is managed.
    let control = ChannelToken(0)
    var native: NativeConnection?
    var channels: [UInt16: ChannelState] = [:]
    var publishers: [Int: PublisherState] = [:]
    /// Begins the tags of this connection's consumers; no other connection has it.
    let tagPrefix = String(UInt64.random(in: 0 ... .max), radix: 36)
    var closeReason: AMQPError?
    var blockedReason: String?
    /// Of large bodies; see ``isReadingPaused``.
    var unacknowledgedBytes = 0

    private var socket: WatchedSocket?
    private var lastSerial = 0
    private var lastSweep = ContinuousClock.now
    private var closeWaiters: [AsyncStream<Never>.Continuation] = []
    private let parking = SocketParking()
    private let executor: ThreadExecutor

    /// Runs on the connection's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Connects and logs in, to the first that lets it in of the endpoint's addresses, in any order.
    ///
    /// - Throws: Whatever ``AMQPError/Code`` names for connections, within twice the endpoint's
    ///   ``Endpoint/connectTimeout``; of several failures the one that only a person can mend.
    public static func open(
        _ endpoint: Endpoint,
        options: Options = Options()
    ) async throws(AMQPError) -> Connection {
        precondition(!endpoint.addresses.isEmpty, "a broker has an address")
        var failure: AMQPError?
        for address in endpoint.addresses.shuffled() where !Task.isCancelled || failure == nil {
            do throws(AMQPError) {
                let connection = Connection(options: options)
                try await connection.logIn(to: endpoint, at: address)
                return connection
            } catch {
                if failure?.isRetryable ?? true { failure = error }
            }
        }
        throw failure ?? AMQPError(.closed, "no address was tried")
    }

    private init(options: Options) {
        self.options = options
        executor = ThreadExecutor(name: "amqp", parking: parking)
    }

    private func logIn(
        to endpoint: Endpoint,
        at address: Endpoint.Address
    ) throws(AMQPError) {
        let native = try NativeConnection(
            opening: endpoint,
            at: address,
            clientProperties: clientProperties
        )
        let socket = try WatchedSocket(
            duplicating: native.descriptor,
            limit: native.heartbeat * 2
        )
        self.native = consume native
        self.socket = socket
        channels[control.number] = ChannelState(control, bodyLimit: 0)
        parking.attach(self, socket)
        Watchdog.watch(socket)
    }

    /// librabbitmq 0.11 by itself advertises only the last two capabilities, and a broker sends
    /// neither `connection.blocked` nor `basic.cancel` to who does not ask for it.
    private var clientProperties: FieldTable {
        [
            "connection_name": .string(options.name),
            "capabilities": .table([
                "publisher_confirms": true,
                "basic.nack": true,
                "consumer_cancel_notify": true,
                "connection.blocked": true,
                "authentication_failure_close": true,
                "exchange_exchange_bindings": true,
            ]),
        ]
    }

    /// Why the broker blocks publishing now, for example "low on memory"; `nil` if it does not.
    public var publishingBlockedReason: String? { blockedReason }

    /// Waits for the end.
    ///
    /// - Returns: Why the connection ended; `nil` if the calling task was cancelled before.
    public func untilClosed() async -> AMQPError? {
        guard closeReason == nil else { return closeReason }
        let (ending, waiter) = AsyncStream<Never>.makeStream()
        closeWaiters.append(waiter)
        for await _ in ending {}
        return closeReason
    }

    /// Ends the connection in an orderly way; every pending call fails, without a known fate.
    ///
    /// A broker that has blocked the connection reads nothing, so it is not asked.
    public func close() async {
        guard closeReason == nil else { return }
        if blockedReason == nil {
            _ = await result(of: .closeConnection, on: control)
        }
        end(AMQPError(.closed, "this side has closed the connection"))
    }

    /// Writes and reads what there is to be written and read; ``SocketParking`` calls it.
    ///
    /// - Returns: When to be called again at the latest, and whether what arrives is to be read before;
    ///   `nil` after the end.
    func serve() -> (pause: Duration, isReading: Bool)? {
        guard let heartbeat = native?.heartbeat else { return nil }
        socket?.tick()
        do throws(AMQPError) {
            try readFrames()
            try writeMessages()
            let pause = heartbeat / 8
            if lastSweep.duration(to: .now) >= pause {
                lastSweep = .now
                expireCalls()
                expireConfirms()
                // The library sends them as it reads.
                if isReadingPaused { try native?.sendHeartbeat() }
            }
            if isReadingPaused { return (pause, false) }
            return (native?.hasBufferedInput == true ? .zero : pause, true)
        } catch {
            end(error)
            return nil
        }
    }

    func tick() {
        socket?.tick()
    }

    /// A number that is unique on this connection.
    func newSerial() -> Int {
        lastSerial += 1
        return lastSerial
    }

    /// The one way to the end; whoever waits is told, once.
    func end(_ reason: AMQPError) {
        guard closeReason == nil else { return }
        let reason = socket?.verdict ?? reason
        closeReason = reason
        parking.detach()
        socket = nil
        native = nil
        for number in channels.keys { endChannel(number, reason) }
        for id in publishers.keys { endPublisher(id, reason) }
        for waiter in closeWaiters { waiter.finish() }
        closeWaiters = []
        options.observer(.closed(reason))
    }
}
