import Foundation
import Logging
import SandmillConfiguration
import SandmillService
import Testing

@testable import sandmill

/// What a log line looks like, whatever strangers write.
@Suite struct LineLogHandlerTests {
    private static func line(
        _ format: Configuration.LogFormat,
        _ fields: Logger.Metadata
    ) -> String {
        LineLogHandler.line(
            .info,
            "The worker is up.",
            fields,
            label: "sandmill",
            format: format,
            at: Date(timeIntervalSince1970: 0)
        )
    }

    @Test func theMessageComesFirstAndValuesAreQuoted() {
        #expect(
            Self.line(.text, ["worker": "a b", "version": "1"])
                == #"1970-01-01T00:00:00.000Z info sandmill: The worker is up. version="1" worker="a b""#
        )
    }

    @Test func nothingEndsALineOrReachesTheTerminal() {
        let line = Self.line(.text, ["reason": "a\"b\\c\nd\u{1B}[2J\r"])
        #expect(line.hasSuffix(#"reason="a\"b\\c\nd\u{1b}[2J\u{d}""#))
        #expect(!line.contains("\n"))
    }

    @Test func jsonIsADocumentALine() throws {
        let line = Self.line(.json, ["reason": "a\"b\nd", "list": ["x", "y"]])
        #expect(!line.contains("\n"))
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
        #expect(document["message"] == .string("The worker is up."))
        #expect(document["level"] == .string("info"))
        #expect(document["time"] == .string("1970-01-01T00:00:00.000Z"))
        #expect(document["fields"]?["reason"] == .string("a\"b\nd"))
    }
}
