import Glibc
import Testing

@testable import SandboxAgentCore

struct WritablePlaceTests {
    let directory: TemporaryDirectory
    let place: WritablePlace

    init() throws {
        directory = try TemporaryDirectory()
        place = try WritablePlace(path: directory.path)
    }

    @Test func everythingIsRemoved() throws {
        try directory.write("file")
        try directory.write("new\nline \u{1B}[31m")
        try directory.makeDirectory("a")
        try directory.makeDirectory("a/b")
        try directory.write("a/b/file")
        try directory.makeFIFO("fifo")
        try place.empty()
        #expect(try directory.names().isEmpty)
    }

    @Test func linksAreRemovedAndNotFollowed() throws {
        let other = try TemporaryDirectory()
        try other.write("kept")
        try directory.makeDirectory("a")
        try directory.link("link", to: other.path)
        try directory.link("a/link", to: other.path)
        try place.empty()
        #expect(try directory.names().isEmpty)
        #expect(try other.names() == ["kept"])
    }

    @Test func treeDeeperThanAnyPathIsRemoved() throws {
        var parent = try Descriptor(opening: directory.path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<1_000 {
            try check(unsafe mkdirat(parent.number, "directory", 0o755), "mkdir")
            let child = unsafe openat(parent.number, "directory", O_RDONLY | O_DIRECTORY)
            parent = try Descriptor(child, "open")
        }
        try place.empty()
        #expect(try directory.names().isEmpty)
    }

    @Test func namesThatTheAgentItselfUsesDoNotHinderIt() throws {
        for index in 1...5 {
            try directory.makeDirectory(".moved-\(index)")
            try directory.write(".moved-\(index)/file")
        }
        try directory.makeDirectory("a")
        try directory.makeDirectory("a/b")
        try directory.write("a/b/file")
        try place.empty()
        #expect(try directory.names().isEmpty)
    }

    @Test func manyFilesAreRemoved() throws {
        for index in 0..<25_000 { try directory.write("f\(index)") }
        try place.empty()
        #expect(try directory.names().isEmpty)
    }

    @Test func placeThatCannotBeEmptiedIsReported() throws {
        let unreachable = try WritablePlace(path: "/proc/sys")
        #expect(throws: UncleanSandbox.self) { try unreachable.empty() }
    }
}
