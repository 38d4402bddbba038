import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

/// What a program, or a hostile sandbox, may call its files.
@Suite("Limits of output paths", .serialized, .timeLimit(.minutes(5)))
struct OutputPathLimitTests {
    @Test(arguments: [4_089, 4_090, 4_096])
    func aPathThatOurDirectoriesMakeTooLongIsSkippedAndTheRestIsKept(length: Int) async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.receive(file: Self.path(length), "long")
            try await draft.receive(file: Array("short".utf8), "short")
            let summary = await draft.summary()
            let isKept = length < 4_090
            #expect(summary.files.count == (isKept ? 2 : 1))
            #expect(summary.skipped.map(\.reason) == (isKept ? [] : [.pathTooLong]))
            try await draft.publish(in: results)
            #expect(try world.text("\(draft.path)/files/short") == "short")
            let files = try OutputFiles(root: world.root.path)
            let long = ResultFile.output(try #require(OutputPath(Self.path(length))))
            #expect(
                try await files.read(long, at: draft.path, from: 0, limit: 9)
                    == (isKept ? Array("long".utf8) : nil)
            )
        }
    }

    @Test func thoseOfACaseAreShorter() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            for index in [0, 999] {
                try await draft.begin(case: index)
                // Before it stands "cases/0/files/", or "cases/999/files/".
                try await draft.receive(file: Self.path(4_081), "long")
                let skipped = await draft.summary().skipped.map(\.reason)
                #expect(skipped == (index == 0 ? [] : [.pathTooLong]))
            }
            try await draft.publish(in: results)
        }
    }

    @Test(arguments: [
        (["a", "a/b"], SkippedFile.Reason.pathTaken), (["a/b/c", "a/b"], .pathTaken),
        (["a", "a"], .pathTaken), (["a/b", "a/b/c/d"], .pathTaken),
        (["a", String(repeating: "n", count: 256)], .pathTooLong),
        (["a", String(repeating: "n", count: 256) + "/b"], .pathTooLong),
        (["a", (1...65).map { "\($0)" }.joined(separator: "/")], .tooDeep),
    ])
    func whatCannotBeBesideWhatCameFirstIsSkipped(
        paths: [String],
        reason: SkippedFile.Reason
    ) async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            for path in paths { try await draft.receive(file: Array(path.utf8), path) }
            let summary = await draft.summary()
            #expect(summary.files.map(\.path) == [paths[0]])
            #expect(summary.skipped == [SkippedFile(path: paths[1], reason: reason)])
            try await draft.publish(in: results)
            #expect(try world.text("\(draft.path)/files/\(paths[0])") == paths[0])
        }
    }

    @Test(arguments: [true, false])
    func aTreeOfAnyDepthIsRemovedFromTheStagingArea(isDiscarded: Bool) async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            // Neither its own path nor the one below the root fits into a system call.
            try await draft.receive(file: Self.path(4_080), String(repeating: "x", count: 300_000))
            try await draft.receive(file: Array("a/b/c".utf8), "x")
            #expect(try world.staged().count == 1)
            if isDiscarded {
                await draft.discard()
            } else {
                #expect(try await world.worker().removeLeftovers().isEmpty)
            }
            #expect(try world.staged().isEmpty)
        }
    }

    @Test func deeperThanDescriptorsReachIsRemovedAndNoLinkIsFollowed() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let kept = world.root.appending(path: "kept")
            try Data("kept".utf8).write(to: kept)
            try await MountedDisk.execute(
                "python3",
                "-c",
                """
                import os
                os.chdir("\(world.root.path)/.staging/w")
                for number in range(5000):
                    os.mkdir("d"); open("f", "w").close(); os.symlink("\(kept.path)", "l"); os.chdir("d")
                os.symlink("\(world.root.path)", "root")
                """
            )
            #expect(try await results.removeLeftovers().isEmpty)
            #expect(try world.staged().isEmpty)
            #expect(try String(contentsOf: kept, encoding: .utf8) == "kept")
        }
    }

    @Test func aLeftoverThatCannotBeRemovedIsToldAndTheOthersAreGone() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let area = world.root.appending(path: ".staging/w")
            for name in ["a", "stuck", "z"] {
                try FileManager.default.createDirectory(
                    at: area.appending(path: name),
                    withIntermediateDirectories: true
                )
            }
            let stuck = area.appending(path: "stuck").path
            try await MountedDisk.mountMemory(size: "1m", at: stuck)
            let failures = try await results.removeLeftovers()
            let staged = try world.staged()
            try await MountedDisk.execute("umount", stuck)
            #expect(failures.map { $0.message.contains("stuck") } == [true])
            #expect(staged == ["stuck"])
            try await world.draft(of: results).publish(in: results)
        }
    }

    /// Directories of 200 bytes each and a file, so many bytes in all.
    private static func path(_ length: Int) -> [UInt8] {
        var path: [UInt8] = []
        while length - path.count > 201 {
            path += [UInt8](repeating: UInt8(ascii: "d"), count: 200) + [UInt8(ascii: "/")]
        }
        return path + [UInt8](repeating: UInt8(ascii: "f"), count: length - path.count)
    }
}

extension ResultDraft {
    fileprivate func receive(file path: [UInt8], _ text: String) async throws {
        let path = try #require(OutputPath(path))
        try await receive(.file(path, size: ByteCount(text.utf8.count)))
        try await receive(.content(Array(text.utf8)))
    }
}
