import SandboxProtocol
import SandmillEntity
import SandmillService

@testable import SandmillDocker

/// A run's transcript beside a count of all that it let through.
struct CheckedTranscript {
    private var transcript: RunTranscript
    private let limits: Limits
    private var streamed: [SandboxOutput.Stream: Int] = [:]
    private var announced: Int64 = 0
    private var content: Int64 = 0
    private var files = 0
    private var skipped = 0

    init(isBuilt: Bool) {
        var limits = Limits.pool
        limits.stdout = ByteCount(8)
        limits.stderr = ByteCount(4)
        limits.output = ByteCount(10)
        limits.outputFiles = 3
        self.limits = limits
        transcript = RunTranscript(
            Program(
                runtime: isBuilt ? .c : .python,
                files: [],
                entrypoint: "main",
                arguments: [],
                environment: [:],
                stdin: [],
                outputs: [],
                limits: limits
            )
        )
    }

    /// Takes the next report; returns whether another may come.
    mutating func take(_ report: Report) throws(PropertyViolation) -> Bool {
        let step: RunTranscript.Step
        do throws(SandboxError) {
            step = try transcript.take(report)
        } catch {
            try require(error.code == .sandboxLost, "\(error.message): a lie is a lost sandbox")
            return false
        }
        switch step {
        case .output(let output): try note(output)
        case .noted, .built: break
        case .over(let end): try checkEnd(end, report)
        }
        if case .over = step { return false }
        return true
    }
}

extension CheckedTranscript {
    private mutating func note(_ output: SandboxOutput) throws(PropertyViolation) {
        switch output {
        case .stream(let stream, let bytes):
            streamed[stream, default: 0] += bytes.count
            try require(!bytes.isEmpty, "a piece of output has bytes")
        case .file(let path, let size):
            announced += size.bytes
            files += 1
            try checkPath(path)
        case .content(let bytes):
            content += Int64(bytes.count)
            try require(!bytes.isEmpty, "a piece of a file has bytes")
        case .skipped(let path, _):
            skipped += 1
            try checkPath(path)
        }
        try checkLimits()
    }

    /// With these, a sandbox that never comes to an end is found out by what it says.
    private func checkLimits() throws(PropertyViolation) {
        try require(
            streamed[.stdout, default: 0] <= limits.stdout.bytes
                && streamed[.stderr, default: 0] <= limits.stderr.bytes,
            "a stream is within its limit"
        )
        try require(files <= limits.outputFiles, "the files are as many as the limit says")
        try require(announced <= limits.output.bytes, "the files are within their limit")
        try require(content <= announced, "a file is as long as was announced")
        try require(skipped <= FrameLimits.skipped, "no more is skipped than an agent tells")
    }

    private func checkPath(_ path: OutputPath) throws(PropertyViolation) {
        let components = path.bytes.split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        )
        try require(
            components.allSatisfy {
                !["", ".", ".."].contains(String(decoding: $0, as: UTF8.self))
            }
                && !path.bytes.contains(0),
            "\(path.text) leads nowhere else"
        )
        try require(
            !path.text.unicodeScalars.contains { $0.properties.generalCategory == .control },
            "a path is shown without control characters"
        )
        try require(Self.bytes(of: path.text) == path.bytes, "the text of a path tells its bytes")
    }

    private func checkEnd(_ end: SandboxReport, _ report: Report) throws(PropertyViolation) {
        try require(content == announced, "an end comes behind all content")
        try require(end.isClean == (report == .finished(.clean)), "an end says if it is clean")
        try require(end.isBuilt || end.build != nil, "a build that failed has an exit")
    }

    /// Reads what ``OutputPath/text`` wrote.
    private static func bytes(of text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\") {
                let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
                bytes.append(UInt8(digits, radix: 16) ?? 0)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
