import SandmillEntity
import Testing

@Suite("FileAllowance")
struct FileAllowanceTests {
    private static func path(_ name: String) throws -> OutputPath {
        try #require(OutputPath(Array(name.utf8)))
    }

    private static func limits(files: Int, bytes: Int) -> Limits {
        var limits = Limits.sample
        limits.outputFiles = files
        limits.output = ByteCount(bytes)
        return limits
    }

    @Test func filesAreBoundedInTheirNumber() throws {
        var allowance = FileAllowance(Self.limits(files: 2, bytes: 100))
        #expect(try allowance.refusal(of: Self.path("a"), size: .zero) == nil)
        #expect(try allowance.refusal(of: Self.path("a"), size: .zero) == nil)
        #expect(try allowance.refusal(of: Self.path("a"), size: .zero) == .tooMany)
    }

    @Test func filesAreBoundedInTheirBytesAndASmallerOneStillFits() throws {
        var allowance = FileAllowance(Self.limits(files: 9, bytes: 100))
        #expect(try allowance.refusal(of: Self.path("a"), size: ByteCount(60 as Int64)) == nil)
        #expect(
            try allowance.refusal(of: Self.path("b"), size: ByteCount(41 as Int64)) == .tooLarge
        )
        #expect(try allowance.refusal(of: Self.path("c"), size: ByteCount(40 as Int64)) == nil)
        #expect(
            try allowance.refusal(of: Self.path("d"), size: ByteCount(1 as Int64)) == .tooLarge
        )
    }

    @Test func ofFilesThatAreNotKeptTheLastSaysThatThereAreMore() throws {
        var allowance = FileAllowance(Self.limits(files: 0, bytes: 1))
        let told = try (0..<1_100).map { _ in
            try allowance.told(ofSkipped: Self.path("a"), .symlink)
        }
        #expect(told.prefix(999).allSatisfy { $0 == .symlink })
        #expect(told[999] == .tooMany)
        #expect(told[1_000...].allSatisfy { $0 == nil })
    }

    @Test func allPathsTogetherAreBounded() throws {
        var allowance = FileAllowance(Self.limits(files: 1_000, bytes: 1))
        let long = try Self.path(String(repeating: "x", count: 4_096))
        let kept = (0..<100).count { _ in allowance.refusal(of: long, size: .zero) == nil }
        #expect(kept == 63)
        #expect(allowance.told(ofSkipped: long, .symlink) == .tooMany)
        #expect(allowance.told(ofSkipped: long, .symlink) == nil)
    }
}
