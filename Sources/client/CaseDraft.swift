internal import FoundationEssentials
internal import SandmillEntity
public import SandmillService

/// A test case as a client writes it.
public struct CaseDraft: Equatable, Sendable {
    /// What it is called in the result.
    public var name: String
    /// What the program reads from standard input.
    public var stdin: [UInt8]
    /// What it has to write to standard output; nil for anything.
    public var expectedStdout: [UInt8]?

    /// Describes a case.
    public init(name: String, stdin: [UInt8], expectedStdout: [UInt8]? = nil) {
        self.name = name
        self.stdin = stdin
        self.expectedStdout = expectedStdout
    }

    /// The case as a request has it, what is text as text.
    public var json: JSONValue {
        var fields: [String: JSONValue] = ["name": .string(name)]
        Self.put(stdin, as: "stdin", into: &fields)
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
