internal import HTTPTypes
internal import Synchronization

/// How much of something there is at once, shared fairly between callers.
///
/// 1. At most `limit` is taken.
/// 2. A caller alone may have all of it.
/// 3. When nothing is left, whoever would still have less than the caller with the most gets it from
///    that one, whose oldest shares are revoked.
/// 4. What a share has comes back once: when it is revoked, or with the last who holds it.
///
/// Any thread may use it.
final class FairLimit: Sendable {
    /// What one request has.
    final class Share: Sendable {
        /// Ends when it is revoked.
        let revocation: AsyncStream<Never>
        private let limit: FairLimit
        private let id: Int
        private let caller: String

        fileprivate init(
            _ limit: FairLimit,
            _ id: Int,
            _ caller: String,
            _ revocation: AsyncStream<Never>
        ) {
            self.limit = limit
            self.id = id
            self.caller = caller
            self.revocation = revocation
        }

        deinit {
            limit.giveBack(id, of: caller)
        }

        /// Takes so much, or so much more.
        ///
        /// - Throws: ``Problem`` when there is not so much, or when the share was revoked.
        func take(_ count: Int = 1) throws(Problem) {
            guard limit.take(count, for: id, of: caller) else { throw limit.problem }
        }

        /// Keeps it from being revoked from now on.
        func keep() {
            limit.keep(id, of: caller)
        }
    }

    private struct Entry {
        var count = 0
        var isKept = false
        let revocation: AsyncStream<Never>.Continuation
    }

    private struct State {
        var total = 0
        var lastID = 0
        var entries: [String: [Int: Entry]] = [:]

        func total(of caller: String) -> Int {
            entries[caller]?.values.reduce(0) { $0 + $1.count } ?? 0
        }

        /// Takes a share away.
        mutating func remove(_ id: Int, of caller: String) -> Entry? {
            guard let entry = entries[caller]?.removeValue(forKey: id) else { return nil }
            if entries[caller]?.isEmpty == true { entries[caller] = nil }
            total -= entry.count
            return entry
        }

        /// Takes the oldest share away of the caller with the most, if `own` is less than that.
        mutating func revoke(inFavourOf own: Int) -> Entry? {
            let revocable = entries.compactMap { caller, shares -> (String, Int, Int)? in
                let oldest = shares.filter { !$0.value.isKept && $0.value.count > 0 }.keys.min()
                return oldest.map { (caller, $0, total(of: caller)) }
            }
            guard let (caller, id, most) = revocable.max(by: { $0.2 < $1.2 }), most > own else {
                return nil
            }
            return remove(id, of: caller)
        }
    }

    private let limit: Int
    private let what: String
    private let state = Mutex(State())

    /// Has `limit` of `what`, which a problem names.
    init(_ limit: Int, of what: String) {
        self.limit = limit
        self.what = what
    }

    /// How much is taken.
    var taken: Int { state.withLock { $0.total } }

    /// Begins a caller's share, of nothing.
    func share(of caller: String) -> Share {
        let (stream, revocation) = AsyncStream<Never>.makeStream()
        let id = state.withLock { state in
            state.lastID += 1
            state.entries[caller, default: [:]][state.lastID] = Entry(revocation: revocation)
            return state.lastID
        }
        return Share(self, id, caller, stream)
    }

    private var problem: Problem {
        Problem(
            .overloaded,
            "there are too many \(what) at once, the most is \(limit)",
            headers: [.retryAfter: "1", .connection: "close"]
        )
    }

    private func take(_ count: Int, for id: Int, of caller: String) -> Bool {
        let (isTaken, revoked) = state.withLock { state in
            var revoked: [Entry] = []
            while state.total + count > limit {
                guard let entry = state.revoke(inFavourOf: state.total(of: caller) + count) else {
                    return (false, revoked)
                }
                revoked.append(entry)
            }
            guard state.entries[caller]?[id] != nil else { return (false, revoked) }
            state.entries[caller]?[id]?.count += count
            state.total += count
            return (true, revoked)
        }
        for entry in revoked { entry.revocation.finish() }
        return isTaken
    }

    private func keep(_ id: Int, of caller: String) {
        state.withLock { $0.entries[caller]?[id]?.isKept = true }
    }

    private func giveBack(_ id: Int, of caller: String) {
        state.withLock { $0.remove(id, of: caller) }?.revocation.finish()
    }
}

/// Runs `body`, in a task that is cancelled as soon as one of `reasons` ends.
func cancelled<Result: Sendable>(
    by reasons: [AsyncStream<Never>],
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { .some(try await body()) }
        for reason in reasons {
            group.addTask {
                for await _ in reason {}
                return nil
            }
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result { return result }
            group.cancelAll()
        }
        throw CancellationError()
    }
}
