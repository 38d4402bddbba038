internal import Synchronization

/// Something that is read for all who ask at once, at most once a second, and less often where it takes
/// long: a tenth of the time at most.
///
/// Whoever asks gets what was read last if that is fresh enough, or waits for a reading, for ``patience`` at
/// most: then what was read before has to do. So many who look cost a server no more than one, and one that
/// hangs keeps nobody waiting.
public actor SharedReading<Value: Sendable> {
    /// How long somebody who asks waits for a reading.
    public static var patience: Duration { .seconds(2) }
    /// How old a value may be that stands in for one that is still being read.
    private static var maximumAge: Duration { .seconds(10) }

    private let read: @Sendable () async throws -> Value
    private let clock = ContinuousClock()
    private var last: (value: Value, at: ContinuousClock.Instant)?
    private var failure: (any Error)?
    private var next: ContinuousClock.Instant
    private var isReading = false
    private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    private var lastWaiter = 0

    /// Describes one that is read by `read`, which is called by one task at a time.
    public init(_ read: @escaping @Sendable () async throws -> Value) {
        self.read = read
        next = clock.now
    }

    /// What was read last.
    ///
    /// - Throws: What the last reading threw; ``Overdue`` where one does not end.
    public func value() async throws -> Value {
        if next <= clock.now, !isReading {
            isReading = true
            // Not awaited as a child: whoever asked may have given up by the time that it ends.
            Task { await self.readNow() }
        }
        if isReading { await waitForReading() }
        if let last, clock.now - last.at < Self.maximumAge { return last.value }
        throw failure ?? Overdue()
    }

    /// A reading does not end, and nothing was read lately.
    public struct Overdue: Error {}

    private func readNow() async {
        let start = clock.now
        let result: Result<Value, any Error>
        do {
            result = .success(try await read())
        } catch {
            result = .failure(error)
        }
        let end = clock.now
        switch result {
        case .success(let value):
            last = (value, end)
            failure = nil
        case .failure(let error):
            last = nil
            failure = error
        }
        next = end + min(max((end - start) * 9, .seconds(1)), .seconds(10))
        isReading = false
        for id in Array(waiters.keys) { resume(id) }
    }

    private func waitForReading() async {
        lastWaiter += 1
        let id = lastWaiter
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await ContinuousClock().sleep(for: Self.patience)
                await self.resume(id)
            }
            await withCheckedContinuation { waiters[id] = $0 }
            group.cancelAll()
        }
    }

    private func resume(_ id: Int) {
        waiters.removeValue(forKey: id)?.resume()
    }
}
