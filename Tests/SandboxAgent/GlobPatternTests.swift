import SandboxAgentCore
import Testing

struct GlobPatternTests {
    @Test(arguments: [
        ("*.csv", "a.csv"), ("*.csv", ".csv"), ("a?c", "abc"), ("a/*/c", "a/b/c"),
        ("plots/**", "plots/a"), ("plots/**", "plots/a/b/c"), ("**", "a"), ("**", "a/b/c"),
        ("**/c", "c"), ("**/c", "a/b/c"), ("a/**/c", "a/c"), ("a/**/c", "a/b/b/c"),
        ("[a-c]x", "bx"), ("[!a-c]x", "dx"), ("[]]", "]"), ("[a-]", "-"), ("[", "["), ("[a", "[a"),
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

    /// Backtracking would need longer than the universe has existed.
    @Test(arguments: [
        "*a*a*a*a*a*a*a*a*a*a*a*a*b", "**/a**/a**/a**/a**/a**/b", "[a]*[a]*[a]*[a]*b",
    ])
    func patternMadeToExplodeTakesLinearTime(_ pattern: String) {
        let clock = ContinuousClock()
        let path = [UInt8](repeating: UInt8(ascii: "a"), count: 4_096)
        let time = clock.measure { #expect(!GlobPattern(pattern).matches(path)) }
        #expect(time < .seconds(5))
    }
}
