internal import FoundationEssentials
internal import SandmillEntity

/// The JSON body of a request, as it is written; see the contract of a request.
struct RequestBody: Decodable {
    struct File: Decodable {
        let path: String
        let content: [UInt8]

        init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            path = try container.decode(String.self, forKey: .path)
            guard let content = try container.decodeBytes(text: .text, base64: .base64) else {
                throw DecodingError.refusal(
                    at: decoder.codingPath,
                    "has neither \"text\" nor \"base64\""
                )
            }
            self.content = content
        }

        private enum CodingKeys: String, CodingKey {
            case path
            case text
            case base64
        }
    }

    struct Case: Decodable {
        let name: String?
        let arguments: [String]?
        let stdin: [UInt8]?
        let files: [File]?
        let expectedStdout: [UInt8]?
        let compare: String?
        let points: Double?

        init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            arguments = try container.decodeIfPresent([String].self, forKey: .arguments)
            stdin = try container.decodeBytes(text: .stdin, base64: .stdinBase64)
            files = try container.decodeIfPresent([File].self, forKey: .files)
            expectedStdout = try container.decodeBytes(
                text: .expectedStdout,
                base64: .expectedStdoutBase64
            )
            compare = try container.decodeIfPresent(String.self, forKey: .compare)
            points = try container.decodeNumber(forKey: .points)
        }

        private enum CodingKeys: String, CodingKey {
            case name
            case arguments = "args"
            case stdin
            case stdinBase64 = "stdin_base64"
            case files
            case expectedStdout = "expected_stdout"
            case expectedStdoutBase64 = "expected_stdout_base64"
            case compare
            case points
        }
    }

    struct Limits: Decodable {
        let wallSeconds: Double?
        let cpuSeconds: Double?
        let memoryBytes: Int64?
        let processes: Int64?
        let stdoutBytes: Int64?
        let stderrBytes: Int64?
        let outputBytes: Int64?
        let outputFiles: Int64?
        let stackBytes: Int64?

        init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            wallSeconds = try container.decodeNumber(forKey: .wallSeconds)
            cpuSeconds = try container.decodeNumber(forKey: .cpuSeconds)
            memoryBytes = try container.decodeNumber(forKey: .memoryBytes)
            processes = try container.decodeNumber(forKey: .processes)
            stdoutBytes = try container.decodeNumber(forKey: .stdoutBytes)
            stderrBytes = try container.decodeNumber(forKey: .stderrBytes)
            outputBytes = try container.decodeNumber(forKey: .outputBytes)
            outputFiles = try container.decodeNumber(forKey: .outputFiles)
            stackBytes = try container.decodeNumber(forKey: .stackBytes)
        }

        enum CodingKeys: String, CodingKey {
            case wallSeconds = "wall_seconds"
            case cpuSeconds = "cpu_seconds"
            case memoryBytes = "memory_bytes"
            case processes
            case stdoutBytes = "stdout_bytes"
            case stderrBytes = "stderr_bytes"
            case outputBytes = "output_bytes"
            case outputFiles = "output_files"
            case stackBytes = "stack_bytes"
        }
    }

    struct Batch: Decodable {
        let id: String
        let size: Int64?

        init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            id = try container.decode(String.self, forKey: .id)
            size = try container.decodeNumber(forKey: .size)
        }

        private enum CodingKeys: String, CodingKey {
            case id
            case size
        }
    }

    struct Retry: Decodable {
        let max: Int64?
        let states: [String]?

        init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            max = try container.decodeNumber(forKey: .max)
            states = try container.decodeIfPresent([String].self, forKey: .states)
        }

        private enum CodingKeys: String, CodingKey {
            case max
            case states = "on"
        }
    }

    let source: String?
    let runtime: String?
    let files: [File]
    let entrypoint: String?
    let buildArguments: [String]
    let arguments: [String]
    let environment: [String: String]
    let stdin: [UInt8]
    let outputs: [String]
    let limits: Limits?
    let cases: [Case]?
    let stopsOnFirstFailure: Bool
    let reveal: String?
    let isolation: String?
    let batch: Batch?
    let notBefore: Date?
    let deadline: Date?
    let labels: [String: String]
    let retry: Retry?
    let supersedes: String?
    let retain: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        source = try container.decodeIfPresent(String.self, forKey: .source)
        runtime = try container.decodeIfPresent(String.self, forKey: .runtime)
        files = try container.decodeIfPresent([File].self, forKey: .files) ?? []
        entrypoint = try container.decodeIfPresent(String.self, forKey: .entrypoint)
        buildArguments =
            try container.decodeIfPresent([String].self, forKey: .buildArguments) ?? []
        arguments = try container.decodeIfPresent([String].self, forKey: .arguments) ?? []
        environment =
            try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
        stdin = try container.decodeBytes(text: .stdin, base64: .stdinBase64) ?? []
        outputs = try container.decodeIfPresent([String].self, forKey: .outputs) ?? []
        limits = try container.decodeIfPresent(Limits.self, forKey: .limits)
        cases = try container.decodeIfPresent([Case].self, forKey: .cases)
        stopsOnFirstFailure =
            try container.decodeIfPresent(Bool.self, forKey: .stopsOnFirstFailure) ?? false
        reveal = try container.decodeIfPresent(String.self, forKey: .reveal)
        isolation = try container.decodeIfPresent(String.self, forKey: .isolation)
        batch = try container.decodeIfPresent(Batch.self, forKey: .batch)
        notBefore = try container.decodeTimestamp(forKey: .notBefore)
        deadline = try container.decodeTimestamp(forKey: .deadline)
        labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        retry = try container.decodeIfPresent(Retry.self, forKey: .retry)
        supersedes = try container.decodeIfPresent(String.self, forKey: .supersedes)
        retain = try container.decodeIfPresent(String.self, forKey: .retain)
    }

    private enum CodingKeys: String, CodingKey {
        case source
        case runtime
        case files
        case entrypoint
        case buildArguments = "build_args"
        case arguments = "args"
        case environment = "env"
        case stdin
        case stdinBase64 = "stdin_base64"
        case outputs
        case limits
        case cases
        case stopsOnFirstFailure = "stop_on_first_failure"
        case reveal
        case isolation
        case batch
        case notBefore = "not_before"
        case deadline
        case labels
        case retry
        case supersedes
        case retain
    }
}

extension KeyedDecodingContainer {
    /// Reads bytes that are given as text or in base64 (RFC 4648, section 4), but not as both.
    fileprivate func decodeBytes(text: Key, base64: Key) throws -> [UInt8]? {
        let plain = try decodeIfPresent(String.self, forKey: text)
        guard let encoded = try decodeIfPresent(String.self, forKey: base64) else {
            return plain.map { Array($0.utf8) }
        }
        guard plain == nil else {
            throw DecodingError.refusal(
                at: codingPath + [base64],
                "given beside \"\(text.stringValue)\""
            )
        }
        guard encoded.isPaddedLikeBase64, let data = Data(base64Encoded: encoded) else {
            throw DecodingError.refusal(at: codingPath + [base64], "not base64")
        }
        return Array(data)
    }

    /// Reads a number; the decoder's own error for one that does not fit names no field.
    fileprivate func decodeNumber<Number: Decodable & Numeric>(forKey key: Key) throws -> Number? {
        do {
            return try decodeIfPresent(Number.self, forKey: key)
        } catch let error as DecodingError {
            throw error
        } catch {
            throw DecodingError.refusal(
                at: codingPath + [key],
                Number.self == Double.self ? "out of range" : "not a whole number in range"
            )
        }
    }

    fileprivate func decodeTimestamp(forKey key: Key) throws -> Date? {
        guard let text = try decodeIfPresent(String.self, forKey: key) else { return nil }
        guard let date = DocumentCoder.timestamp(text) else {
            throw DecodingError.refusal(at: codingPath + [key], "not an RFC 3339 time")
        }
        return date
    }
}

extension String {
    /// Whether `=` stands only where it pads; Foundation also takes `====` and `AA=A`.
    fileprivate var isPaddedLikeBase64: Bool {
        let isPadding = { (byte: UInt8) in byte == UInt8(ascii: "=") }
        let padding = utf8.suffix(2).reversed().prefix(while: isPadding).count
        return !utf8.dropLast(padding).contains(where: isPadding)
    }
}
