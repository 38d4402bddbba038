public import FoundationEssentials
internal import SandmillEntity

/// Follows what programs write, on any host that shares the results directory.
///
/// Files tell of new bytes, and the record of new states. Both are polled: no file system that
/// hosts share tells of changes. A worker knows nothing of its followers.
public struct OutputFollower: Sendable {
    private let records: any ExecutionRecords
    private let source: any OutputSource
    private let clock: any Clock<Duration>

    /// Reads from `records` and `source`; waits by `clock`.
    public init(
        records: any ExecutionRecords,
        source: any OutputSource,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.records = records
        self.source = source
        self.clock = clock
    }

    /// The output of an execution.
    ///
    /// - Parameters:
    ///   - execution: Which.
    ///   - mark: Behind what; nil for all from the beginning. Of another attempt than the marked one
    ///     all is told, behind ``OutputEvent/restarted(attempt:)``.
    ///   - untilEnd: Whether it is followed to its end, or only to what there is by now.
    /// - Returns: The output; nil when there is no such execution.
    /// - Throws: ``StoreError`` when the record cannot be read.
    public func output(
        of execution: UUID,
        from mark: OutputCursorToken? = nil,
        untilEnd: Bool = true
    ) async throws(StoreError) -> ExecutionOutput? {
        guard let record = try await records.execution(execution) else { return nil }
        return ExecutionOutput(
            record: record,
            mark: mark,
            untilEnd: untilEnd,
            records: records,
            source: source,
            clock: clock
        )
    }
}

/// The output of an execution, as it comes: the bytes of its streams, what was lost of them, and
/// ``OutputEvent/over(_:)`` at the end.
///
/// Fails with a ``StoreError`` or a ``ResultsError``, or when its task is cancelled.
public struct ExecutionOutput: AsyncSequence, Sendable {
    let record: ExecutionRecord
    let mark: OutputCursorToken?
    let untilEnd: Bool
    let records: any ExecutionRecords
    let source: any OutputSource
    let clock: any Clock<Duration>

    /// Begins behind the mark.
    public func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }

    /// Looks at the files when it is asked for more; nothing happens in between.
    public struct Iterator: AsyncIteratorProtocol {
        /// How long it waits when there is nothing new.
        private static let interval: Duration = .milliseconds(100)
        /// Of how many looks at the files one is at the record too.
        private static let looksPerRecord = 5

        private let output: ExecutionOutput
        private var cursor: OutputCursor
        private var record: ExecutionRecord?
        private var ready: ArraySlice<MarkedOutput> = []
        private var looks = 0
        private var isLastLook = false
        private var isOver = false

        fileprivate init(_ output: ExecutionOutput) {
            self.output = output
            cursor = OutputCursor(at: output.mark)
            record = output.record
        }

        /// Waits for the next piece; nil behind the last.
        public mutating func next() async throws -> MarkedOutput? {
            while ready.isEmpty, !isOver { try await look() }
            return ready.popFirst()
        }

        private mutating func look() async throws {
            if let record = record.take() { tell(try cursor.see(record)) }
            for stream in SandboxOutput.Stream.allCases {
                guard let read = cursor.next(of: stream) else { continue }
                let bytes = try await output.source.read(
                    stream,
                    at: read.place,
                    from: read.offset,
                    limit: read.limit
                )
                tell(try cursor.take(bytes, of: stream))
            }
            guard ready.isEmpty else { return }
            if cursor.state.isTerminal || isLastLook {
                tell([.over(cursor.state)])
                isOver = true
            } else if !output.untilEnd {
                // The output of what has ended since the record was read has left its place.
                isLastLook = true
                try await lookUp()
            } else {
                try await output.clock.sleep(for: Self.interval)
                looks += 1
                let isDue = looks.isMultiple(of: Self.looksPerRecord)
                if isDue || cursor.isStale { try await lookUp() }
            }
        }

        private mutating func tell(_ pieces: [OutputEvent]) {
            ready += pieces.map { MarkedOutput(output: $0, mark: cursor.mark) }
        }

        private mutating func lookUp() async throws {
            record = try await output.records.execution(output.record.id)
            if record == nil { throw StoreError(.internal, "the record of the execution is gone") }
        }
    }
}
