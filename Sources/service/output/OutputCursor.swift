internal import FoundationEssentials
internal import SandmillEntity

/// How far a follower has come in the output of an execution.
///
/// 1. Each byte that is kept of an attempt's stream is told once, in order.
/// 2. The bytes of two attempts are never mixed: ``OutputEvent/restarted(attempt:)`` stands
///    between them.
/// 3. What a stream lost is told where it stood, or, when more was told before that was known, as
///    soon as it is.
struct OutputCursor {
    /// What to read next of a stream.
    struct Read: Equatable {
        let place: OutputLocation
        let offset: Int
        let limit: Int
    }

    /// The most bytes of one element.
    private static let chunk = 64 << 10

    private struct Position {
        var offset = 0
        var gap: OutputGap?
    }

    /// Where the execution is.
    private(set) var state = ExecutionState.queued
    /// Whether the output has left its place, so that the record must say more than it did.
    private(set) var isStale = false
    private var place: OutputLocation?
    private var attempt: Int?
    private var positions: [SandboxOutput.Stream: Position] = [:]

    /// Stands at the beginning, or at a mark; behind that, what is lost before it is told again.
    init(at mark: OutputCursorToken? = nil) {
        guard let mark else { return }
        attempt = mark.attempt
        positions = [
            .stdout: Position(offset: mark.stdout), .stderr: Position(offset: mark.stderr),
        ]
    }

    /// How far it has come; nil before the first attempt.
    var mark: OutputCursorToken? {
        attempt.map { attempt in
            OutputCursorToken(
                attempt: attempt,
                stdout: positions[.stdout]?.offset ?? 0,
                stderr: positions[.stderr]?.offset ?? 0
            )
        }
    }

    /// Takes what the record says now; an end is final.
    mutating func see(_ record: ExecutionRecord) throws(StoreError) -> [OutputEvent] {
        guard !state.isTerminal else { return [] }
        let end = record.state.isTerminal ? try RecordedResult(record) : nil
        state = record.state
        isStale = false
        place = end?.place ?? OutputLocation(running: record)
        guard place != nil else { return [] }
        var told: [OutputEvent] = []
        if attempt != record.attempt {
            if attempt != nil { told.append(.restarted(attempt: record.attempt)) }
            attempt = record.attempt
            positions = [:]
        }
        for stream in SandboxOutput.Stream.allCases {
            positions[stream, default: Position()].gap = end?.gap(in: stream)
            told += passGap(in: stream)
        }
        return told
    }

    /// What to read next of a stream; nil while there is nothing to read from.
    func next(of stream: SandboxOutput.Stream) -> Read? {
        guard let place else { return nil }
        let position = positions[stream, default: Position()]
        let room = position.gap.map { $0.offset - position.offset } ?? Self.chunk
        return Read(place: place, offset: position.offset, limit: min(room, Self.chunk))
    }

    /// Takes what was read: bytes, none where there are no more, nil where there is no such stream.
    mutating func take(
        _ bytes: [UInt8]?,
        of stream: SandboxOutput.Stream
    ) throws(ResultsError) -> [OutputEvent] {
        guard let bytes else {
            if case .published(let path) = place {
                throw ResultsError("the results directory has no output at \"\(path)\"")
            }
            if positions[stream, default: Position()].offset > 0 { isStale = true }
            return []
        }
        guard !bytes.isEmpty else { return [] }
        positions[stream, default: Position()].offset += bytes.count
        return [.bytes(stream, bytes)] + passGap(in: stream)
    }

    private mutating func passGap(in stream: SandboxOutput.Stream) -> [OutputEvent] {
        guard let position = positions[stream], let gap = position.gap,
            gap.offset <= position.offset
        else { return [] }
        positions[stream]?.gap = nil
        return [.dropped(stream, gap.size, offset: ByteCount(gap.offset))]
    }
}

extension OutputLocation {
    /// Where the output of an execution is while it runs.
    fileprivate init?(running record: ExecutionRecord) {
        guard record.state == .running, let worker = record.worker else { return nil }
        self = .staged(execution: record.id, attempt: record.attempt, worker: worker)
    }
}
