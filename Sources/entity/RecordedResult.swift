public import FoundationEssentials

/// A result document as it was written, by this version or another.
///
/// Only the id and the state have to be there: what else is missing, or has another form, is nil or empty,
/// and a word that this version does not know stands as it is.
public struct RecordedResult: Decodable, Equatable, Sendable {
    /// A word of a list that a later version may extend.
    public struct Word<Known>: RawRepresentable, Decodable, Equatable, Sendable
    where Known: RawRepresentable<String> {
        /// The word.
        public let rawValue: String

        /// Takes any word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// What it means; nil for a word of a later version.
        public var known: Known? { Known(rawValue: rawValue) }
    }

    /// What became of one output stream.
    public struct Stream: Decodable, Equatable, Sendable {
        /// What the program wrote; nil where that is not said.
        public let bytes: ByteCount?
        /// What is on disk.
        public let storedBytes: ByteCount?
        /// Its beginning as text.
        public let preview: String?

        private enum CodingKeys: String, CodingKey {
            case bytes
            case storedBytes = "stored_bytes"
            case preview
        }
    }

    /// How a program ended: in the one case of an execution without cases, or in the one that is meant.
    public struct Ending: Decodable, Equatable, Sendable {
        /// Why.
        public let reason: Word<Outcome.Reason>?
        /// The first process's exit code.
        public let exitCode: Int?
        /// The signal that killed the first process.
        public let signal: Int?
        /// Real time, in seconds.
        public let wallSeconds: Double?
        /// User and system time, in seconds.
        public let cpuSeconds: Double?
        /// The most memory it held at once.
        public let memoryPeak: ByteCount?
        /// Its standard output.
        public let stdout: Stream?
        /// Its standard error.
        public let stderr: Stream?
        /// The files kept.
        public let files: [OutputFile]

        /// Reads what of it is there.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            reason = container.value(of: .reason)
            exitCode = container.value(of: .exitCode)
            signal = container.value(of: .signal)
            wallSeconds = container.value(of: .wallSeconds)
            cpuSeconds = container.value(of: .cpuSeconds)
            memoryPeak = container.value(of: .memoryPeak)
            stdout = container.value(of: .stdout)
            stderr = container.value(of: .stderr)
            files = container.value(of: .files) ?? []
        }

        private enum CodingKeys: String, CodingKey {
            case reason
            case exitCode = "exit_code"
            case signal
            case wallSeconds = "wall_seconds"
            case cpuSeconds = "cpu_seconds"
            case memoryPeak = "memory_peak_bytes"
            case stdout
            case stderr
            case files
        }
    }

    /// A case of it.
    public struct Case: Decodable, Equatable, Sendable {
        /// What it is called.
        public let name: String
        /// What became of it.
        public let verdict: Word<CaseVerdict>?
        /// Where a wrong answer is wrong, as far as that is told.
        public let difference: OutputDifference?
        /// What it earned of its points.
        public let score: Double?
        /// What it is worth.
        public let points: Double?
        /// How its program ended.
        public let ending: Ending

        /// Reads what of it is there.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = container.value(of: .name) ?? ""
            verdict = container.value(of: .verdict)
            difference = container.value(of: .difference)
            score = container.value(of: .score)
            points = container.value(of: .points)
            ending = try Ending(from: decoder)
        }

        private enum CodingKeys: String, CodingKey {
            case name
            case verdict
            case difference
            case score
            case points
        }
    }

    /// The execution.
    public let id: UUID
    /// Whose it was.
    public let tenant: String?
    /// Its level.
    public let level: Word<Level>?
    /// What ran it.
    public let runtime: String?
    /// Its batch.
    public let batchID: UUID?
    /// The execution that it repeats.
    public let rerunOf: UUID?
    /// The request's labels.
    public let labels: [String: String]
    /// The terminal state.
    public let state: Word<ExecutionState>
    /// How it ended.
    public let ending: Ending
    /// What its cases earned of their points; nil where they have none.
    public let score: Double?
    /// What they are worth together.
    public let points: Double?
    /// The cases; nil where it has none.
    public let cases: [Case]?
    /// Which attempt this was.
    public let attempt: Int?
    /// The directory with its files, below the results root; nil where nothing ran.
    public let resultsPath: String?
    /// The sandbox image that it ran in.
    public let image: String?

    /// Reads a document.
    ///
    /// - Throws: `DecodingError` for anything else.
    public init(document text: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(RecordedResult.self, from: Data(text))
    }

    /// Reads the document that a completion event announces.
    ///
    /// - Throws: `DecodingError` for anything else.
    public init(event text: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(Event.self, from: Data(text)).data
    }

    private struct Event: Decodable {
        let data: RecordedResult
    }

    /// Reads what of it is there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let id = try container.decode(String.self, forKey: .id)
        guard let id = UUID(text: id) else {
            throw DecodingError.dataCorruptedError(
                forKey: .id,
                in: container,
                debugDescription: "not a UUID"
            )
        }
        self.id = id
        state = try container.decode(Word<ExecutionState>.self, forKey: .state)
        tenant = container.value(of: .tenant)
        level = container.value(of: .level)
        runtime = container.value(of: .runtime)
        let batch: String? = container.value(of: .batchID)
        batchID = batch.flatMap(UUID.init(text:))
        let first: String? = container.value(of: .rerunOf)
        rerunOf = first.flatMap(UUID.init(text:))
        labels = container.value(of: .labels) ?? [:]
        ending = try Ending(from: decoder)
        score = container.value(of: .score)
        points = container.value(of: .points)
        cases = container.value(of: .cases)
        attempt = container.value(of: .attempt)
        resultsPath = container.value(of: .resultsPath)
        image = container.value(of: .image)
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case tenant
        case level
        case runtime
        case batchID = "batch_id"
        case rerunOf = "rerun_of"
        case labels
        case state
        case score
        case points
        case cases
        case attempt
        case resultsPath = "results_path"
        case image
    }
}

extension KeyedDecodingContainer {
    /// The value of a field; nil if it is not there, null, or of another form.
    fileprivate func value<Value: Decodable>(of key: Key) -> Value? {
        (try? decodeIfPresent(Value.self, forKey: key)) ?? nil
    }
}
