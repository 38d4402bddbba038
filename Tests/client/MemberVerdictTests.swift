import Foundation
import SandmillEntity
import Testing

@testable import SandmillClient

@Suite struct MemberVerdictTests {
    private static func verdict(_ document: String) throws -> MemberVerdict {
        let id = "{\"id\": \"\(UUID.random().text)\", "
        return MemberVerdict(try RecordedResult(document: (id + document.dropFirst()).utf8))
    }

    private static func stderr(_ text: String, bytes: Int? = nil) -> String {
        let escaped = text.replacing("\n", with: "\\n").replacing("\u{1B}", with: "\\u001b")
        return #""stderr": {"bytes": \#(bytes ?? text.utf8.count), "preview": "\#(escaped)"}"#
    }

    @Test(arguments: [
        (#""state": "succeeded", "reason": null"#, "succeeded", "succeeded"),
        (
            #""state": "failed", "reason": "signal", "signal": 11"#, "killed by signal",
            "killed by signal 11"
        ),
        (#""state": "failed", "reason": "exit_code", "exit_code": 3"#, "exit code", "exit code 3"),
        (#""state": "timed_out", "reason": "wall_time""#, "timed out", "timed out (wall_time)"),
        (#""state": "out_of_memory", "reason": "memory""#, "out of memory", "out of memory"),
        (
            #""state": "output_exceeded", "reason": "stdout""#, "too much output",
            "too much output (stdout)"
        ),
        (#""state": "cancelled", "reason": null"#, "cancelled", "cancelled"),
        (#""state": "cancelled", "reason": "superseded""#, "cancelled", "cancelled (superseded)"),
        (#""state": "expired", "reason": null"#, "expired", "expired before it started"),
        (
            #""state": "errored", "reason": "worker_killer""#, "our fault",
            "our fault (worker_killer)"
        ),
        (#""state": "failed", "reason": "of_later""#, "failed", "failed (of_later)"),
        (#""state": "of_later", "reason": null"#, "of_later", "of_later"),
    ])
    func endHasItsWords(fields: String, kind: String, words: String) throws {
        let verdict = try Self.verdict("{\(fields), \"cases\": null}")
        #expect(verdict.kind == kind)
        #expect(verdict.words == words)
    }

    @Test func failureTellsTheLastLineOfStandardError() throws {
        let failed = #""state": "failed", "reason": "exit_code", "exit_code": 1"#
        let trace = Self.stderr("Traceback:\n  File\nValueError: no\n\n")
        #expect(try Self.verdict("{\(failed), \(trace)}").words == "exit code 1: ValueError: no")
        let cut = Self.stderr("Traceback:\n  File", bytes: 100_000)
        #expect(try Self.verdict("{\(failed), \(cut)}").words == "exit code 1")
        let escape = Self.stderr("\u{1B}[2J gone")
        #expect(
            try Self.verdict("{\(failed), \(escape)}").words == "exit code 1: \\u{1b}[2J gone"
        )
        let long = Self.stderr(String(repeating: "x", count: 1_000))
        #expect(try Self.verdict("{\(failed), \(long)}").words.count < 150)
    }

    @Test func compileErrorTellsTheFirstError() throws {
        let output = Self.stderr("a.c: In function main:\na.c:3:1: error: no\na.c:4:1: error: so")
        let document =
            #"{"state": "failed", "reason": "compile_error", \#(output), "cases": ["#
            + #"{"name": "a", "verdict": "skipped"}]}"#
        #expect(try Self.verdict(document).words == "compile error: a.c:3:1: error: no")
    }

    @Test func casesAreCountedAndTheDecidingOneIsNamed() throws {
        let accepted = #"{"name": "1", "verdict": "accepted"}"#
        let skipped = #"{"name": "9", "verdict": "skipped"}"#
        func words(_ state: String, _ reason: String, _ cases: String...) throws -> String {
            try Self.verdict(
                #"{"state": "\#(state)", "reason": \#(reason), "#
                    + #""cases": [\#(cases.joined(separator: ", "))]}"#
            ).words
        }
        #expect(try words("succeeded", "null", accepted, accepted) == "accepted 2/2")
        let wrong = #"{"name": "small", "verdict": "wrong_answer", "reason": null}"#
        #expect(
            try words("failed", #""wrong_answer""#, accepted, wrong, skipped)
                == "wrong answer in case 2 (small), 1/3 accepted"
        )
        let numbered = #"{"name": "2", "verdict": "wrong_answer", "reason": "stdout"}"#
        #expect(
            try words("failed", #""wrong_answer""#, accepted, numbered)
                == "wrong answer (too long to be compared) in case 2, 1/2 accepted"
        )
        func differing(_ expected: String, _ got: String) -> String {
            #"{"name": "1", "verdict": "wrong_answer", "difference": {"line": 3, "column": 5, "#
                + #""expected": \#(expected), "got": \#(got)}}"#
        }
        #expect(
            try words("failed", #""wrong_answer""#, differing("null", "null"), accepted)
                == "wrong answer in case 1, line 3, column 5, 1/2 accepted"
        )
        #expect(
            try words("failed", #""wrong_answer""#, differing(#""a b""#, "null"), accepted)
                == #"wrong answer in case 1, line 3, column 5, 1/2 accepted: expected "a b", got the end"#
        )
        let late = #"{"name": "=x\n", "verdict": "timed_out", "reason": "wall_time"}"#
        #expect(
            try words("timed_out", #""wall_time""#, late, accepted)
                == "timed out (wall_time) in case 1 (=x\\u{a}), 1/2 accepted"
        )
        let failed = #"{"name": "a", "verdict": "failed", "exit_code": 4, \#(Self.stderr("no"))}"#
        #expect(
            try words("failed", #""exit_code""#, failed, accepted)
                == "exit code 4 in case 1 (a), 1/2 accepted: no"
        )
        #expect(try words("cancelled", "null", wrong, skipped) == "cancelled")
        #expect(try words("errored", #""sandbox_lost""#, skipped) == "our fault (sandbox_lost)")
    }
}
