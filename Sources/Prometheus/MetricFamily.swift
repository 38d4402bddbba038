/// The samples of one metric, as a scrape shows them.
public struct MetricFamily: Equatable, Sendable {
    /// What a metric counts.
    public enum Kind: String, Sendable {
        /// A count that only grows; its name ends in `_total`.
        case counter
        /// A value that goes up and down.
        case gauge
        /// Observations in buckets.
        case histogram
    }

    /// One line of a family.
    public struct Sample: Equatable, Sendable {
        /// What follows the family's name, such as `_bucket`; mostly nothing.
        public var suffix: String
        /// Its labels, in the order in which they are written.
        public var labels: [Label]
        /// Its value.
        public var value: Double

        /// Describes a line.
        public init(suffix: String = "", labels: [Label] = [], value: Double) {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    /// A label of a sample.
    public struct Label: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its value, any text.
        public var value: String

        /// Describes a label.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Its name.
    public var name: String
    /// What it means, for people.
    public var help: String
    /// What it counts.
    public var kind: Kind
    /// Its lines.
    public var samples: [Sample]

    /// Puts a family together.
    public init(_ name: String, _ kind: Kind, help: String, samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}
