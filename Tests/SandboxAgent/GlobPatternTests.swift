import SandboxAgentCore
import TestSupport
import Testing

struct GlobPatternTests {
    @Test(arguments: [
        ("*.csv", "a.csv"), ("*.csv", ".csv"), ("a?c", "abc"), ("a/*/c", "a/b/c"),
        ("plots/**", "plots/a"), ("plots/**", "plots/a/b/c"), ("**", "a"), ("**", "a/b/c"),
        ("**/c", "c"), ("**/c", "a/b/c"), ("a/**/c", "a/c"), ("a/**/c", "a/b/b/c"),
        ("[a-c]x", "bx"), ("[!a-c]x", "dx"), ("[]]", "]"), ("[][", "[]["), ("[x][", "x["),
        ("[a-]", "-"), ("[", "["), ("[a", "[a"),
        ("\\*", "*"), ("\\", "\\"), ("a**b", "axyb"), ("**/*.py", "a/b/x.py"), ("", ""),
        ("out put\n", "out put\n"), ("*", "\u{E9}"), ("**/**/c", "c"), ("a/**/**", "a/b"),
    ])
    func matches(_ pattern: String, _ path: String) {
        #expect(GlobPattern(pattern).matches(path.utf8))
    }

    @Test(arguments: [
        ("*.csv", "a/b.csv"), ("*.csv", "a.csvx"), ("a?c", "a/c"), ("a/*/c", "a/b/b/c"),
        ("plots/**", "plots"), ("plots/**", "plotsx/a"), ("**/c", "bc"), ("a/**/c", "ac"),
        ("[a-c]x", "dx"), ("[!a-c]x", "ax"), ("a[/]b", "a/b"), ("a[!x]b", "a/b"), ("\\*", "a"),
        ("a**b", "a/b"), ("", "a"), ("a", ""), ("**/c/", "c"),
    ])
    func doesNotMatch(_ pattern: String, _ path: String) {
        #expect(!GlobPattern(pattern).matches(path.utf8))
    }

    @Test func bytesThatAreNotUTF8Match() {
        #expect(GlobPattern("a?b*").matches([0x61, 0xFF, 0x62, 0xFE, 0x0A]))
    }

    @Test func anyOfSeveralPatternsIsEnough() {
        let patterns = GlobPattern(anyOf: ["*.csv", "", "plots/**"])
        for path in ["a.csv", "", "plots/a/b"] { #expect(patterns.matches(path.utf8)) }
        for path in ["a", "csv", "plots", "a.csv/b", ".csvplots/a"] {
            #expect(!patterns.matches(path.utf8))
        }
        #expect(!GlobPattern(anyOf: []).matches("".utf8))
    }

    @Test func whatIsBelowADirectoryGoesOnFromThere() {
        let pattern = GlobPattern("a/**/*.csv")
        let directory = pattern.advance(pattern.beginning, over: "a/b/".utf8)
        #expect(!pattern.isMatch(directory))
        #expect(pattern.isMatch(pattern.advance(directory, over: "c.csv".utf8)))
        #expect(pattern.isMatch(pattern.advance(directory, over: "c/d.csv".utf8)))
        #expect(!pattern.isMatch(pattern.advance(directory, over: "c.txt".utf8)))
    }

    /// Patterns of more than one word, at every place of a word's end.
    @Test(arguments: 1...130)
    func longPatternMatches(_ length: Int) {
        let plain = String(repeating: "a", count: length)
        for (tail, end) in [
            ("*b", "bb"), ("?b", "bb"), ("[b]b", "bb"), ("**", "bb"), ("/**", "/b"),
            ("/**/b", "/b"), ("/**/b", "/x/b"), ("*/**/*b", "b/x/b"), ("*/**/**", "b/x"),
        ] {
            let pattern = GlobPattern(anyOf: [plain, plain + tail])
            #expect(pattern.matches(plain.utf8))
            #expect(pattern.matches((plain + end).utf8), "\(tail)")
            #expect(!pattern.matches((plain.dropLast() + end).utf8), "\(tail)")
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func itMatchesWhatBacktrackingMatches(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func text(_ alphabet: String, _ length: Int) -> String {
            String(
                (0..<Int.random(in: 0...length, using: &random)).compactMap { _ in
                    alphabet.randomElement(using: &random)
                }
            )
        }
        for _ in 0..<5_000 {
            let patterns = (0..<Int.random(in: 1...3, using: &random)).map { _ in text("ab*?/", 8) }
            let path = text("ab/", 8)
            let expected = patterns.contains {
                backtrack(Array($0.utf8)[...], Array(path.utf8)[...], atStart: true)
            }
            #expect(
                GlobPattern(anyOf: patterns).matches(path.utf8) == expected,
                "\(patterns), \(path)"
            )
        }
    }

    /// Backtracking would need longer than the universe has existed.
    @Test(arguments: [
        "*a", "**/", "**/a", "**/*a", "[a]*", "?*", "[!b]", "**a*/", "a*/", "[", "[!a-",
    ])
    func patternMadeToExplodeTakesLinearTime(_ part: String) {
        let pattern = String(repeating: part, count: 4_096 / part.utf8.count) + "b"
        let component = String(repeating: "a", count: 255) + "/"
        let path = Array(String(repeating: component, count: 16).utf8).dropLast()
        func time(_ patterns: [String]) -> Duration {
            processorTime { #expect(!GlobPattern(anyOf: patterns).matches(path)) }
        }
        #expect(time([pattern]) < .seconds(5))
        let patterns = Array(
            repeating: "**/" + String(repeating: "*a", count: 18) + "b",
            count: 100
        )
        #expect(time(patterns) < .seconds(5))
    }

    /// Matches as the rules are written, for patterns without sets.
    private func backtrack(
        _ pattern: ArraySlice<UInt8>,
        _ path: ArraySlice<UInt8>,
        atStart: Bool
    ) -> Bool {
        let slash = UInt8(ascii: "/")
        guard let element = pattern.first else { return path.isEmpty }
        let rest = pattern.dropFirst()
        func consuming(_ rest: ArraySlice<UInt8>) -> Bool {
            !path.isEmpty && backtrack(rest, path.dropFirst(), atStart: path.first == slash)
        }
        if element == UInt8(ascii: "*"), atStart, rest.first == element {
            if rest.count == 1 { return true }
            if rest.dropFirst().first == slash {
                let behind = rest.dropFirst(2)
                if backtrack(behind, path, atStart: true) { return true }
                guard let end = path.firstIndex(of: slash) else { return false }
                return backtrack(pattern, path[(end + 1)...], atStart: true)
            }
        }
        switch element {
        case UInt8(ascii: "*"):
            if backtrack(rest, path, atStart: false) { return true }
            guard path.first != slash, !path.isEmpty else { return false }
            return backtrack(pattern, path.dropFirst(), atStart: false)
        case UInt8(ascii: "?"):
            return path.first != slash && consuming(rest)
        default:
            return path.first == element && consuming(rest)
        }
    }
}
