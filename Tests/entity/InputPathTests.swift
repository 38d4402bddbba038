import SandmillEntity
import Testing

@Suite("InputPath")
struct InputPathTests {
    @Test(arguments: [
        "main.py", "data/in.csv", ".hidden", "...", "a..b", "-rf", "$(id)", "two\nlines", "\"",
        String(repeating: "n", count: 255),
        Array(repeating: "d", count: 32).joined(separator: "/"),
    ])
    func aPlainRelativePathIsValid(path: String) {
        #expect(InputPath.isValid(path))
    }

    @Test(arguments: [
        "../\u{301}x", "a/../\u{301}x", "/\u{301}x", "a/\u{301}/", "a/./\u{301}x",
        "", "/", "/etc/x", "../x", "a/../../x", "a/..", ".", "./a", "a/.", "a//b", "a/", "a\0b",
        String(repeating: "n", count: 256),
        Array(repeating: "d", count: 33).joined(separator: "/"),
        Array(repeating: String(repeating: "d", count: 205), count: 5).joined(separator: "/"),
    ])
    func everythingElseIsNot(path: String) {
        #expect(!InputPath.isValid(path))
    }
}

@Suite("InputTree")
struct InputTreeTests {
    @Test(arguments: [
        ["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a/b/c", "a/b"], ["a/b", "a/b/c"],
        ["a", "a/\u{301}b"], ["a/\u{301}b", "a"],
    ])
    func twoFilesCannotWantTheSamePlace(paths: [String]) {
        var tree = InputTree()
        #expect(tree.insert(paths[0]) == nil)
        #expect(tree.insert(paths[1]) != nil)
    }

    @Test func filesBesideEachOtherArePutInPlace() {
        var tree = InputTree()
        let conflicts = ["a/b", "a/c", "b", "c/b", "a.b", "\u{E9}", "e\u{301}"].compactMap {
            tree.insert($0)
        }
        #expect(conflicts.isEmpty)
    }
}

@Suite("Name")
struct NameTests {
    @Test(arguments: ["default", "a", "team-1.eu_west", String(repeating: "n", count: 63)])
    func aPlainNameIsValid(name: String) {
        #expect(Name.isValid(name))
    }

    @Test(arguments: [
        "", ".", "..", "a b", "a/b", "a\n", "é", "a\0", String(repeating: "n", count: 64),
    ])
    func everythingElseIsNot(name: String) {
        #expect(!Name.isValid(name))
    }
}
