internal import FoundationEssentials
internal import SandmillEntity
public import SandmillService

/// A test case as a client writes it.
public struct CaseDraft: Equatable, Sendable {
    /// What it is called in the result.
    public var name: String
    /// What the program reads from standard input; nil for what it reads without cases.
    public var stdin: [UInt8]?
    /// Files that the program finds beside it, in place of its own of those names.
    public var files: [RequestDraft.File]
    /// What it has to write to standard output; nil for anything.
    public var expectedStdout: [UInt8]?
    /// What it is worth.
    public var points: Double?

    /// Describes a case.
    public init(
        name: String,
        stdin: [UInt8]?,
        files: [RequestDraft.File] = [],
        expectedStdout: [UInt8]? = nil,
        points: Double? = nil
    ) {
        self.name = name
        self.stdin = stdin
        self.files = files
        self.expectedStdout = expectedStdout
        self.points = points
    }

    /// The case as a request has it, what is text as text.
    public var json: JSONValue {
        var fields: [String: JSONValue] = ["name": .string(name)]
        if let stdin { Self.put(stdin, as: "stdin", into: &fields) }
        if !files.isEmpty { fields["files"] = .array(files.map(\.json)) }
        fields["points"] = points.map(JSONValue.number)
        if let expectedStdout { Self.put(expectedStdout, as: "expected_stdout", into: &fields) }
        return .object(fields)
    }

    private static func put(
        _ bytes: [UInt8],
        as name: String,
        into fields: inout [String: JSONValue]
    ) {
        if let text = String(validating: bytes, as: UTF8.self) {
            fields[name] = .string(text)
        } else {
            fields["\(name)_base64"] = .string(Data(bytes).base64EncodedString())
        }
    }
}
