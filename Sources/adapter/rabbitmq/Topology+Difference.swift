internal import AMQP

extension Topology {
    /// What a broker has in another way than it is described here.
    public struct Difference: Equatable, Sendable {
        /// The exchange, queue or binding.
        public let object: String
        /// What is different; of several arguments the broker names only the first.
        public let detail: String
    }
}

extension Topology.Difference {
    /// - Returns: `nil` for an error that says nothing about the topology.
    init?(of object: String, _ error: AMQPError) {
        switch error.code {
        case .notFound:
            self.init(object: object, detail: "is missing")
        case .preconditionFailed:
            self.init(object: object, detail: Self.inequivalence(in: error) ?? error.message)
        case .accessRefused:
            self.init(object: object, detail: error.message)
        default:
            return nil
        }
    }

    /// The sentence of RabbitMQ's `inequivalent arg 'NAME' for … received X but current is Y`.
    private static func inequivalence(in error: AMQPError) -> String? {
        guard let argument = error.message.between("inequivalent arg '", "'"),
            let wanted = error.message.between("received ", " but current is "),
            let current = error.message.between(" but current is ", nil)
        else { return nil }
        return "has \(argument) \(current.plain) instead of \(wanted.plain)"
    }
}

extension StringProtocol {
    /// The text after `start`, up to `end` or to the end of all.
    fileprivate func between(_ start: String, _ end: String?) -> String? {
        guard let start = firstRange(of: start) else { return nil }
        let rest = self[start.upperBound...]
        guard let end else { return String(rest) }
        return rest.firstRange(of: end).map { String(rest[..<$0.lowerBound]) }
    }

    /// A value without RabbitMQ's `the value 'X' of type 'T'` around it.
    fileprivate var plain: String {
        between("the value ", " of type") ?? String(self)
    }
}
