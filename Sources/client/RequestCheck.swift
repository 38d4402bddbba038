internal import SandmillEntity
public import SandmillService

/// Reads requests as a worker will read them, so that nothing is sent, and waited for, that is only going
/// to be refused.
public struct RequestCheck: Sendable {
    private let decoders: [String: SubmissionDecoder]
    private let publishers: PublisherPolicy
    private let user: String?

    /// Checks as the workers of the pools do.
    ///
    /// - Parameters:
    ///   - decoders: Those of the pools that are known here, by their names.
    ///   - publishers: Who may publish what.
    ///   - user: Who publishes.
    public init(
        decoders: [String: SubmissionDecoder],
        publishers: PublisherPolicy,
        user: String?
    ) {
        self.decoders = decoders
        self.publishers = publishers
        self.user = user
    }

    /// The pools of requests that are not known here.
    public func unknownPools(of entries: [Submitter.Entry]) -> Set<String> {
        Set(entries.map(\.pool)).subtracting(decoders.keys)
    }

    /// Checks requests; those for a pool that is not known pass.
    ///
    /// - Throws: ``ClientError`` for the first that would be refused, which is called by its name if there
    ///   are any.
    public func callAsFunction(
        _ entries: [Submitter.Entry],
        names: [String] = []
    ) throws(ClientError) {
        for (index, entry) in entries.enumerated() {
            guard let decoder = decoders[entry.pool] else { continue }
            do throws(RequestRefusal) {
                var message = entry.message
                message.properties.userID = user
                message.properties = try publishers.check(message.properties)
                _ = try decoder.decode(message, level: entry.level)
            } catch {
                let which =
                    names.isEmpty
                    ? (entries.count == 1 ? "the request" : "request \(index + 1)")
                    : names[index].printable
                throw ClientError(.wrongInput, "\(which) would be refused: \(error.reason)")
            }
        }
    }
}

extension PublishOutcome {
    /// Throws ``ClientError`` unless the broker has the message, which is for `pool`.
    public func check(pool: String) throws(ClientError) {
        switch self {
        case .confirmed: return
        case .unroutable:
            throw ClientError(
                .wrongConfiguration,
                "no queue takes requests of the pool \"\(pool)\"; "
                    + "see sandmill topology show and declare"
            )
        case .unconfirmed(let reason), .rejected(let reason):
            throw ClientError(.unavailable, "the broker did not confirm a request: \(reason)")
        case .refused(let reason):
            throw ClientError(.wrongInput, "the broker never takes such a request: \(reason)")
        }
    }
}
