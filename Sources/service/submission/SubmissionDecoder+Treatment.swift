internal import FoundationEssentials
internal import SandmillEntity

/// How a request wants to be treated when it fails, what it replaces, and how long it wants to be kept.
extension SubmissionDecoder {
    static func retry(_ retry: RequestBody.Retry) throws(RequestRefusal) -> RetryPolicy {
        guard let limit = retry.max, (1...Int64(RetryPolicy.maximum)).contains(limit) else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/retry/max",
                "not between 1 and \(RetryPolicy.maximum)"
            )
        }
        guard let names = retry.states else {
            return RetryPolicy(limit: Int(limit), states: Set(RetryPolicy.states))
        }
        guard !names.isEmpty else {
            throw RequestRefusal(.invalidRequest, at: "/retry/on", "names no state")
        }
        var states: Set<ExecutionState> = []
        for (index, name) in names.enumerated() {
            guard let state = ExecutionState(rawValue: name), RetryPolicy.states.contains(state)
            else {
                let known = RetryPolicy.states.map(\.rawValue).joined(separator: ", ")
                throw RequestRefusal(
                    .invalidRequest,
                    at: "/retry/on/\(index)",
                    "not one of \(known)"
                )
            }
            states.insert(state)
        }
        return RetryPolicy(limit: Int(limit), states: states)
    }

    static func superseded(_ text: String?, by id: UUID) throws(RequestRefusal) -> UUID? {
        guard let text else { return nil }
        guard let superseded = UUID(text: text) else {
            throw RequestRefusal(.invalidRequest, at: "/supersedes", "not a UUID")
        }
        guard superseded != id else {
            throw RequestRefusal(.invalidRequest, at: "/supersedes", "the execution itself")
        }
        return superseded
    }

    func retention(_ text: String) throws(RequestRefusal) -> Retention {
        guard let retention = Retention(text: text) else {
            throw RequestRefusal(.invalidRequest, at: "/retain", "not \(Retention.rule)")
        }
        guard retention <= pool.maximumRetention else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/retain",
                "above the longest time, \(pool.maximumRetention.text)"
            )
        }
        return retention
    }
}
