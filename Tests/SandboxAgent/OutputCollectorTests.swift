import Glibc
import SandboxProtocol
import Testing

@testable import SandboxAgentCore

struct OutputCollectorTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func filesAreReportedInTheOrderOfTheirPaths() throws {
        try directory.makeDirectory("b")
        try directory.write("b/x", "1")
        try directory.write("c", "")
        try directory.write("a", "22")
        #expect(
            try collect(.sample()) == [
                .file(path: Array("a".utf8), size: 2), .content(Array("22".utf8)),
                .file(path: Array("b/x".utf8), size: 1), .content(Array("1".utf8)),
                .file(path: Array("c".utf8), size: 0),
            ]
        )
    }

    @Test func directoryStandsForAllBelowIt() throws {
        try directory.makeDirectory("result")
        try directory.makeDirectory("result/deep")
        try directory.write("result/a", "1")
        try directory.write("result/deep/b", "2")
        try directory.write("results", "3")
        let reports = try collect(.sample(outputs: [["result"]]))
        #expect(
            reports.map(\.summary) == ["file result/a", "content", "file result/deep/b", "content"]
        )
    }

    @Test func whatIsAskedForAndNotThereIsMissing() throws {
        try directory.makeDirectory("empty")
        try directory.write("a.csv", "1")
        try directory.link("link", to: "a.csv")
        let asked = [["*.csv"], ["none"], ["b", "*.json"], ["empty"], ["link"], [], ["empty/*"]]
        let reports = try collect(.sample(outputs: asked))
        let missing = reports.filter { if case .missing = $0 { true } else { false } }
        #expect(missing == [1, 2, 5, 6].map { .missing(pattern: $0) })
        #expect(reports.suffix(4) == missing[...])
    }

    @Test func whatIsNoRegularFileIsSkippedAndNotOpened() throws {
        try directory.link("a", to: "/etc/passwd")
        try directory.link("b", to: "/")
        try directory.makeFIFO("c")
        #expect(
            try collect(.sample()) == [
                .skipped(path: Array("a".utf8), reason: .symlink),
                .skipped(path: Array("b".utf8), reason: .symlink),
                .skipped(path: Array("c".utf8), reason: .notRegular),
            ]
        )
    }

    @Test func limitsOfBytesAndFilesHold() throws {
        for name in ["a", "b", "c", "d"] { try directory.write(name, "1234") }
        #expect(
            try collect(.sample(outputBytes: 10, outputFiles: 3)).map(\.summary) == [
                "file a", "content", "file b", "content", "skipped c tooLarge",
                "skipped d tooLarge",
            ]
        )
        #expect(
            try collect(.sample(outputFiles: 1)).map(\.summary) == [
                "file a", "content", "skipped b tooMany", "skipped c tooMany", "skipped d tooMany",
            ]
        )
    }

    @Test func sparseFileBeyondTheLimitIsSkippedUnread() throws {
        try directory.write("a")
        try check(unsafe truncate("\(directory.path)/a", 1 << 40), "truncate")
        #expect(try collect(.sample()).map(\.summary) == ["skipped a tooLarge"])
    }

    @Test func patternsKeepWhatMatchesAndNothingElse() throws {
        try directory.makeDirectory("plots")
        for name in ["a.csv", "a.txt", "plots/x.svg"] { try directory.write(name) }
        try directory.link("link", to: "/")
        let reports = try collect(.sample(outputs: [["*.csv", "plots/**"]]))
        #expect(reports.map(\.summary) == ["file a.csv", "file plots/x.svg"])
    }

    @Test func inputsThatHaveNotChangedAreNotOutput() throws {
        let workingDirectory = try WorkingDirectory(path: directory.path)
        let run = Run.sample(files: [("a", 1), ("b", 1)])
        var input = Input(of: run, in: workingDirectory, owner: getuid())
        input.receive(Array("12".utf8))
        try directory.write("b", "3")
        #expect(try collect(run, inputs: input.marks).map(\.summary) == ["file b", "content"])
    }

    @Test func directoryTooDeepIsSkippedWhole() throws {
        var path = "d"
        try directory.makeDirectory(path)
        for _ in 0..<70 {
            path += "/d"
            try directory.makeDirectory(path)
        }
        try directory.write("\(path)/file")
        let reports = try collect(.sample())
        #expect(reports.count == 1)
        #expect(reports.first?.summary.hasSuffix("tooDeep") == true)
    }

    @Test func atMostAThousandAreNamedAsSkipped() throws {
        for index in 0..<1_100 { try directory.write("f\(index)") }
        let reports = try collect(.sample(outputFiles: 1))
        #expect(reports.count == 1_001)
    }

    private func collect(_ run: Run, inputs: [[UInt8]: FileMark] = [:]) throws -> [Report] {
        let worker = try Worker()
        var collector = OutputCollector(run, inputs: inputs, reportingTo: worker.channel)
        try collector.collect(try Descriptor(opening: directory.path, O_RDONLY | O_DIRECTORY))
        return try worker.receive()
    }
}

/// The worker's side of a channel.
private final class Worker {
    let channel: FrameChannel
    private let reports: Descriptor
    private let commands: Descriptor

    init() throws {
        let down = try Pipe()
        let up = try Pipe()
        try up.readEnd.makeNonBlocking()
        channel = try FrameChannel(
            input: Descriptor(takingOwnershipOf: dup(down.readEnd.number)),
            output: Descriptor(takingOwnershipOf: dup(up.writeEnd.number))
        )
        reports = Descriptor(takingOwnershipOf: dup(up.readEnd.number))
        commands = Descriptor(takingOwnershipOf: dup(down.writeEnd.number))
    }

    /// All that was sent so far.
    func receive() throws -> [Report] {
        channel.flush()
        var decoder = FrameDecoder()
        while case .bytes(let bytes) = reports.read() { decoder.append(bytes) }
        var received: [Report] = []
        while let frame = try decoder.next() { received.append(try Report(frame)) }
        return received
    }
}

extension Report {
    fileprivate var summary: String {
        switch self {
        case .file(let path, _): "file \(String(decoding: path, as: UTF8.self))"
        case .content: "content"
        case .skipped(let path, let reason):
            "skipped \(String(decoding: path, as: UTF8.self)) \(reason)"
        default: "\(self)"
        }
    }
}
