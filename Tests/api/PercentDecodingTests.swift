import Testing

@testable import SandmillAPI

@Suite struct PercentDecodingTests {
    @Test(arguments: [
        ("a%20b", "a b"), ("%C3%A9", "\u{E9}"), ("a%2Fb/c", "a/b/c"), ("%2e%2E", ".."),
        ("n%5Cx0al", "n\\x0al"), ("+", "+"), ("", ""), ("%00", "\0"), ("%25%32%30", "%20"),
    ])
    func digitsStandForBytes(encoded: String, decoded: String) {
        #expect(String(percentDecoding: encoded) == decoded)
    }

    @Test(arguments: ["%", "%1", "%zz", "a%", "%+1", "%FF", "%C3", "%E0%80%80"])
    func whatIsNoTextIsNothing(encoded: String) {
        #expect(String(percentDecoding: encoded) == nil)
    }
}
