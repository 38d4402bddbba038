/// The rows as JUnit writes the results of tests, which build servers and forges show.
///
/// A member is a suite, and each of its cases a test; without cases it is one test itself. What is not run is
/// skipped, and what was refused, did not end or failed by our fault is an error, not a failure.
struct JUnitReport {
    private let rows: [MemberRow]

    init(_ rows: [MemberRow]) {
        self.rows = rows
    }

    /// The document, XML 1.0.
    var text: String {
        let suites = rows.map(Suite.init)
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<testsuites\(Self.counts(suites.flatMap(\.tests)))>\n"
            + suites.map(\.text).joined() + "</testsuites>\n"
    }

    private static func counts(_ tests: [Test]) -> String {
        func count(_ kind: Test.Kind) -> Int { tests.count { $0.kind == kind } }
        return " tests=\"\(tests.count)\" failures=\"\(count(.failure))\""
            + " errors=\"\(count(.error))\" skipped=\"\(count(.skipped))\""
    }

    private struct Suite {
        let name: String
        let tests: [Test]

        init(_ row: MemberRow) {
            name = row.name
            tests = row.cases.isEmpty ? [Test(row)] : row.cases.map { Test($0, of: row) }
        }

        var text: String {
            "  <testsuite name=\"\(name.inXML)\"\(JUnitReport.counts(tests))>\n"
                + tests.map(\.text).joined() + "  </testsuite>\n"
        }
    }

    private struct Test {
        enum Kind: String {
            case success
            case failure
            case error
            case skipped
        }

        let suite: String
        let name: String
        let kind: Kind
        let type: String
        let message: String
        let seconds: Double?

        /// A member without cases.
        init(_ row: MemberRow) {
            suite = row.name
            name = row.name
            kind =
                switch row.state {
                case "succeeded": .success
                case "errored", nil: row.id == nil ? .skipped : .error
                default: .failure
                }
            type = row.verdict.kind
            message = row.verdict.words
            seconds = row.wallSeconds
        }

        init(_ testCase: MemberRow.Case, of row: MemberRow) {
            suite = row.name
            name = testCase.name
            kind =
                switch testCase.verdict {
                case "accepted": .success
                case "skipped": row.reason == "compile_error" ? .failure : .skipped
                default: .failure
                }
            type = testCase.verdict
            message =
                testCase.verdict == "skipped"
                ? row.verdict.words
                : [testCase.verdict, testCase.explanation].filter { !$0.isEmpty }
                    .joined(separator: ": ")
            seconds = testCase.wallSeconds
        }

        var text: String {
            let time = seconds.map { " time=\"\($0)\"" } ?? ""
            let head =
                "    <testcase classname=\"\(suite.inXML)\" name=\"\(name.inXML)\"\(time)"
            guard kind != .success else { return head + "/>\n" }
            let type = kind == .skipped ? "" : " type=\"\(type.inXML)\""
            return head + "><\(kind.rawValue)\(type) message=\"\(message.inXML)\"/></testcase>\n"
        }
    }
}

extension String {
    /// The text as the value of an attribute; what XML cannot hold is U+FFFD.
    fileprivate var inXML: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
