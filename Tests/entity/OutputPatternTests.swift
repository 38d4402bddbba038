import SandmillEntity
import Testing

@Suite struct OutputPatternTests {
    @Test(arguments: [
        ("*.csv", ["*.csv"]), ("./a.csv", ["a.csv"]), (".//././a", ["a"]), ("result/", ["result"]),
        ("*.{csv,json}", ["*.csv", "*.json"]), ("{a,b}/{c,d}", ["a/c", "a/d", "b/c", "b/d"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"]), ("a{,b}", ["a", "ab"]), ("{a}", ["{a}"]), ("{}", ["{}"]),
        ("a,b", ["a,b"]), ("{a", ["{a"]), ("a}", ["a}"]), ("{a,b", ["{a,b"]),
        ("{a,{b,c}", ["{a,b", "{a,c"]),
        ("\\{a,b}", ["\\{a,b}"]), ("{a\\,b,c}", ["a\\,b", "c"]), ("{./a,./b}", ["a", "b"]),
        (".", ["."]),
        (".hidden", [".hidden"]), ("{a,b}{", ["a{", "b{"]), ("{{a,b}}", ["{a}", "{b}"]),
    ])
    func alternativesAreThoseOfAShell(pattern: String, alternatives: [String]) {
        #expect(OutputPattern(pattern)?.alternatives == alternatives)
    }

    @Test func explosionIsRefused() {
        let ten = "{0,1,2,3,4,5,6,7,8,9}"
        #expect(OutputPattern(ten + ten)?.alternatives.count == 100)
        #expect(OutputPattern(ten + ten + "{a,b}") == nil)
        #expect(OutputPattern(String(repeating: "{a,b}", count: 200)) == nil)
        let deep = String(repeating: "{a,", count: 300) + String(repeating: "}", count: 300)
        #expect(OutputPattern(deep) == nil)
    }
}
