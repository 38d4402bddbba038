import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

/// The root is the place to which its path leads, whatever becomes of the directory that was there.
@Suite("Results root", .serialized, .timeLimit(.minutes(5)))
struct ResultsRootTests {
    /// What may happen to a root.
    enum InfrastructureFailure: CaseIterable, Sendable {
        case replaced, removed, stagingRemoved, unmounted

        func strike(_ disk: MountedDisk) async throws {
            let files = FileManager.default
            let root = "\(disk.path)/root"
            switch self {
            case .replaced:
                try files.moveItem(atPath: root, toPath: "\(disk.path)/old")
                try files.createDirectory(atPath: root, withIntermediateDirectories: false)
            case .removed:
                try files.removeItem(atPath: root)
            case .stagingRemoved:
                try files.removeItem(atPath: "\(root)/.staging")
            case .unmounted:
                try await disk.detach()
            }
        }
    }

    @Test(arguments: InfrastructureFailure.allCases)
    func whatIsPublishedMeanwhileIsBelowThePathOrHasFailed(
        fault: InfrastructureFailure
    ) async throws {
        try await withResults { disk, results in
            let (blocked, draft) = (begin(results), begin(results))
            try await blocked.write("blocked")
            try await draft.write("text")
            let finished = [
                await draft.finish(document: Array("{}".utf8)),
                await blocked.finish(document: []),
            ]
            let area = "\(disk.path)/root/.staging/w"
            let stream = "\(area)/\(finished[1].name)/stdout"
            try FileManager.default.createDirectory(
                atPath: "\(area)/\(finished[1].name)",
                withIntermediateDirectories: true
            )
            var fifo = try FIFO(at: stream)
            async let outcomes = results.publish(finished)
            // The first is staged by then, and the second is waiting, or about to.
            while !FileManager.default.fileExists(atPath: "\(area)/\(finished[0].name)/result.json")
            {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await fault.strike(disk)
            try fifo.open()
            let published = await outcomes
            #expect(throws: ResultsError.self, "its files are not found") {
                try published[0].get()
            }
            #expect(!exists(draft, in: disk))
            await draft.discard()
            try await expectThatItGoesOn(results, disk)
        }
    }

    @Test(arguments: InfrastructureFailure.allCases)
    func whatWasStagedBeforeIsLostAndWhatWasNotIsPublished(
        fault: InfrastructureFailure
    ) async throws {
        try await withResults { disk, results in
            let (staged, draft) = (begin(results), begin(results))
            try await staged.write("the beginning, ")
            await staged.stage()
            try await draft.write("text")
            try await fault.strike(disk)
            try await staged.write("the end")
            let outcomes = await results.publish([
                await staged.finish(document: []), await draft.finish(document: []),
            ])
            let error = #expect(throws: ResultsError.self) { try outcomes[0].get() }
            #expect(error?.isOfResult == false)
            try outcomes[1].get()
            #expect(!exists(staged, in: disk))
            #expect(try text(draft, in: disk) == "text")
            await staged.discard()
            try await expectThatItGoesOn(results, disk)
        }
    }

    @Test func aDraftOfWhichSomethingIsGoneIsNotPublishedWithAHole() async throws {
        try await withResults { disk, results in
            for victim in ["", "/stdout"] {
                let draft = begin(results)
                try await draft.write("the beginning, ")
                await draft.stage()
                let area = "\(disk.path)/root/.staging/w"
                let name = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: area).first
                )
                try FileManager.default.removeItem(atPath: "\(area)/\(name)\(victim)")
                try await draft.write("the end")
                await #expect(throws: ResultsError.self) { try await draft.publish(in: results) }
                #expect(!exists(draft, in: disk))
                await draft.discard()
            }
        }
    }

    @Test func aRootThatCannotBeMadeAgainIsAnErrorUntilItCan() async throws {
        try await withResults { disk, results in
            let root = "\(disk.path)/root"
            try FileManager.default.removeItem(atPath: root)
            try Data().write(to: URL(filePath: root))
            let error = await #expect(throws: ResultsError.self) {
                try await results.checkWritable()
            }
            #expect(error?.message.contains(root) == true)
            let outcomes = await results.publish([await begin(results).finish(document: [])])
            let failure = #expect(throws: ResultsError.self) { try outcomes[0].get() }
            #expect(failure?.isOfResult == false)
            try FileManager.default.removeItem(atPath: root)
            try await expectThatItGoesOn(results, disk)
        }
    }

    @Test func aRootThatIsReadOnlyIsAnErrorUntilItIsNot() async throws {
        try await withResults { disk, results in
            try await disk.remount("ro")
            await #expect(throws: ResultsError.self) { try await results.checkWritable() }
            let outcomes = await results.publish([await begin(results).finish(document: [])])
            let failure = #expect(throws: ResultsError.self) { try outcomes[0].get() }
            #expect(failure?.isOfResult == false)
            try await disk.remount("rw")
            try await expectThatItGoesOn(results, disk)
        }
    }

    @Test func aReaderFollowsARootThatIsReplaced() async throws {
        try await withResults { disk, results in
            let files = try OutputFiles(root: "\(disk.path)/root")
            try await InfrastructureFailure.replaced.strike(disk)
            let draft = begin(results)
            try await draft.write("text")
            try await draft.publish(in: results)
            let place = OutputLocation.published(path: draft.path)
            #expect(
                try await files.read(.stdout, at: place, from: 0, limit: 9) == Array("text".utf8)
            )
            #expect(
                try await files.size(of: .stream(.stdout), at: draft.path) == ByteCount(4 as Int64)
            )
            try FileManager.default.removeItem(atPath: "\(disk.path)/root")
            await #expect(throws: ResultsError.self) { try await files.checkReadable() }
        }
    }

    private func withResults(
        _ body: (MountedDisk, ResultsDirectory) async throws -> Void
    ) async throws {
        try await MountedDisk.inMemory(size: "16m") { disk in
            try await body(disk, try ResultsDirectory(root: "\(disk.path)/root", worker: "w"))
        }
    }

    private func begin(_ results: ResultsDirectory) -> any ResultDraft {
        results.begin(execution: UUID(), attempt: 1, day: .now)
    }

    private func expectThatItGoesOn(_ results: ResultsDirectory, _ disk: MountedDisk) async throws {
        try await results.checkWritable()
        let draft = begin(results)
        try await draft.write("again")
        try await draft.publish(in: results)
        #expect(try text(draft, in: disk) == "again")
    }

    private func text(_ draft: any ResultDraft, in disk: MountedDisk) throws -> String {
        try String(contentsOfFile: "\(disk.path)/root/\(draft.path)/stdout", encoding: .utf8)
    }

    private func exists(_ draft: any ResultDraft, in disk: MountedDisk) -> Bool {
        FileManager.default.fileExists(atPath: "\(disk.path)/root/\(draft.path)")
    }
}
