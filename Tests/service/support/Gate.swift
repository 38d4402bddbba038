/// Holds whoever comes until it is opened; a cancelled task is let through.
struct Gate: Sendable {
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func open() {
        continuation.finish()
    }

    func pass() async {
        for await _ in stream {}
    }
}
