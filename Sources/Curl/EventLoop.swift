internal import CCurl
internal import Synchronization
internal import Threads

/// The curl thread's loop: everything that one `CURLM` drives, and where the thread sleeps.
///
/// Other threads call ``unpark()`` and ``signal(_:)``; all else is for the curl thread.
final class EventLoop: ThreadParking, @unchecked Sendable {
    /// What other threads ask for.
    enum Signal: Sendable {
        /// Ends the exchange or connection with this number.
        case abort(Int, CurlError)
        /// Looks after the connection with this number: there are bytes to send, or room to read.
        case serve(Int)
    }

    private let multi = MultiHandle()
    private let signals = Mutex<[Signal]>([])

    private var exchanges: [Int: Exchange] = [:]
    private var connections: [Int: UpgradedConnection] = [:]
    private var scratch = [UInt8](repeating: 0, count: 64 << 10)
    private var watched: [curl_waitfd] = []
    private var watchedIDs: [Int] = []

    deinit {
        for exchange in exchanges.values { multi.remove(exchange.easy) }
        for connection in connections.values { multi.remove(connection.easy) }
    }

    // MARK: For any thread

    func unpark() {
        multi.wake()
    }

    func signal(_ signal: Signal) {
        let isFirst = signals.withLock { signals in
            signals.append(signal)
            return signals.count == 1
        }
        if isFirst { multi.wake() }
    }

    // MARK: For the curl thread

    func add(_ exchange: Exchange, id: Int) {
        do throws(CurlError) {
            try multi.add(exchange.easy, id: id)
            exchanges[id] = exchange
        } catch {
            exchange.fail(error)
        }
    }

    func add(_ connection: UpgradedConnection, id: Int) {
        do throws(CurlError) {
            try multi.add(connection.easy, id: id)
            connections[id] = connection
        } catch {
            connection.fail(error)
        }
    }

    func park() {
        wait()
        serveSignals()
        serveSockets()
        driveTransfers()
        sweep()
    }

    private func wait() {
        watched.removeAll(keepingCapacity: true)
        watchedIDs.removeAll(keepingCapacity: true)
        var timeout = CInt.max
        for (id, connection) in connections {
            if let wait = connection.wait {
                watched.append(wait)
                watchedIDs.append(id)
            }
            if connection.mayHaveMore { timeout = 0 }
            if let deadline = connection.deadline {
                timeout = min(timeout, ContinuousClock.now.milliseconds(until: deadline))
            }
        }
        multi.wait(&watched, milliseconds: timeout)
    }

    private func serveSignals() {
        let signals = signals.withLock { signals in
            defer { signals.removeAll(keepingCapacity: true) }
            return signals
        }
        for signal in signals {
            switch signal {
            case .abort(let id, let error):
                if let exchange = exchanges.removeValue(forKey: id) {
                    multi.remove(exchange.easy)
                    exchange.fail(error)
                }
                connections[id]?.fail(error)
            case .serve(let id):
                connections[id]?.send()
                connections[id]?.resume(into: &scratch)
            }
        }
    }

    private func serveSockets() {
        for (id, wait) in zip(watchedIDs, watched) {
            guard let connection = connections[id], !connection.isOver else { continue }
            if CInt(wait.revents) & CURL_WAIT_POLLIN != 0 || connection.mayHaveMore {
                connection.receive(into: &scratch)
            }
            if CInt(wait.revents) & CURL_WAIT_POLLOUT != 0 { connection.send() }
        }
    }

    /// Moves the transfers of libcurl's own: exchanges, and connections that are being made.
    private func driveTransfers() {
        guard !exchanges.isEmpty || connections.values.contains(where: \.isConnecting) else {
            return
        }
        multi.perform()
        while let (id, code) = multi.nextDone() {
            if let exchange = exchanges.removeValue(forKey: id) {
                multi.remove(exchange.easy)
                exchange.finish(code)
            }
            connections[id]?.connected(code)
        }
    }

    private func sweep() {
        let now = ContinuousClock.now
        for (id, connection) in connections {
            if let deadline = connection.deadline, deadline <= now { connection.fail(.timedOut) }
            guard connection.isOver else { continue }
            multi.remove(connection.easy)
            connections[id] = nil
        }
    }
}

extension ContinuousClock.Instant {
    /// Whole milliseconds, rounded up, so that a wait of that length reaches `deadline`.
    fileprivate func milliseconds(until deadline: Self) -> CInt {
        let milliseconds = (duration(to: deadline) / .milliseconds(1)).rounded(.up)
        return CInt(max(0, min(milliseconds, Double(CInt.max))))
    }
}
