import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

/// Disks that are full, or that lose what was written to them.
@Suite("Results disk", .serialized, .timeLimit(.minutes(5)))
struct ResultsDiskTests {
    @Test func roomIsWhatIsKeptFreeAndWhatResultsNeed() async throws {
        try await MountedDisk.inMemory(size: "1m") { disk in
            let results = try ResultsDirectory(
                root: disk.path,
                worker: "w",
                reserve: ResultsDirectory.Reserve(bytes: .kibibytes(400), files: 10)
            )
            try await results.checkWritable(room: .kibibytes(400))
            let error = await #expect(throws: ResultsError.self) {
                try await results.checkWritable(room: .kibibytes(700))
            }
            #expect(error?.message.contains("results need 1126400") == true)
            let ballast = URL(filePath: "\(disk.path)/ballast")
            try Data(count: 700 << 10).write(to: ballast)
            await #expect(throws: ResultsError.self) { try await results.checkWritable() }
            try FileManager.default.removeItem(at: ballast)
            try await results.checkWritable(room: .kibibytes(400))
        }
    }

    @Test func roomForFilesCountsAsWell() async throws {
        try await MountedDisk.inMemory(size: "1m", files: 50) { disk in
            func results(files: Int) throws -> ResultsDirectory {
                try ResultsDirectory(
                    root: disk.path,
                    worker: "w",
                    reserve: ResultsDirectory.Reserve(bytes: .zero, files: files)
                )
            }
            try await results(files: 40).checkWritable()
            let error = await #expect(throws: ResultsError.self) {
                try await results(files: 60).checkWritable()
            }
            #expect(error?.message.contains("results need 60") == true)
        }
    }

    @Test func aResultThatHasNoRoomTellsHowMuchItNeedsAndLeavesNothing() async throws {
        try await MountedDisk.inMemory(size: "300k") { disk in
            let results = try ResultsDirectory(root: disk.path, worker: "w")
            let (small, large) = (begin(results), begin(results))
            try await small.receive(.stream(.stdout, [UInt8](repeating: 1, count: 250_000)))
            try await small.publish(in: results)
            let error = await #expect(throws: ResultsError.self) {
                try await large.receive(.stream(.stdout, [UInt8](repeating: 1, count: 400_000)))
            }
            #expect(error?.size == ByteCount(400_000 as Int64))
            #expect(error?.isOfResult == false)
            await large.discard()
            let staged = try FileManager.default.contentsOfDirectory(
                atPath: "\(disk.path)/.staging/w"
            )
            #expect(staged.isEmpty)
        }
    }

    @Test func aCheckKeepsNoLossFromAPublication() async throws {
        try await MountedDisk.losingWrites { disk in
            let results = try ResultsDirectory(root: "\(disk.path)/root", worker: "w")
            try await results.checkWritable()
            let lost = begin(results)
            try await lost.receive(.stream(.stdout, [UInt8](repeating: 1, count: 300_000)))
            try disk.fillStore()
            await #expect(throws: ResultsError.self) { try await results.checkWritable() }
            try disk.emptyStore()
            try await results.checkWritable()
            await #expect(throws: ResultsError.self) { try await lost.publish(in: results) }
            #expect(!exists(lost, in: disk))
            await lost.discard()
            try await begin(results).publish(in: results)
        }
    }

    @Test func anothersCheckKeepsNoLossFromAPublication() async throws {
        try await MountedDisk.losingWrites { disk in
            let root = "\(disk.path)/root"
            let results = try ResultsDirectory(root: root, worker: "w")
            let other = try ResultsDirectory(root: root, worker: "v")
            let lost = begin(results)
            try await lost.receive(.stream(.stdout, [UInt8](repeating: 1, count: 300_000)))
            try disk.fillStore()
            await #expect(throws: ResultsError.self) { try await other.checkWritable() }
            try disk.emptyStore()
            try await other.checkWritable()
            await #expect(throws: ResultsError.self) { try await lost.publish(in: results) }
            #expect(!exists(lost, in: disk))
        }
    }

    @Test func whatWasStagedBeforeAFlushThatFailedIsLost() async throws {
        try await MountedDisk.losingWrites { disk in
            let results = try ResultsDirectory(root: "\(disk.path)/root", worker: "w")
            let (lost, unlucky, lucky) = (begin(results), begin(results), begin(results))
            try await lost.receive(.stream(.stdout, [UInt8](repeating: 1, count: 300_000)))
            try await lucky.write("in memory")
            try disk.fillStore()
            await #expect(throws: ResultsError.self) { try await unlucky.publish(in: results) }
            try disk.emptyStore()
            await #expect(throws: ResultsError.self) { try await lost.publish(in: results) }
            try await lucky.publish(in: results)
            #expect(!exists(lost, in: disk))
            #expect(exists(lucky, in: disk))
        }
    }

    /// With more room from time to time it fails at one step after the other, the second flush included.
    @Test func whereverAPublicationFailsItLeavesNothingInPlaceAndCanBeRepeated() async throws {
        try await MountedDisk.losingWrites { disk in
            let results = try ResultsDirectory(root: "\(disk.path)/root", worker: "w")
            var failures = 0
            for pages in 0..<12 {
                let execution = UUID()
                let draft = results.begin(execution: execution, attempt: 1, day: .now)
                try await draft.write("text")
                try disk.fillStore(leaving: pages)
                let outcomes = await results.publish([await draft.finish(document: [])])
                let isPublished = (try? outcomes[0].get()) != nil
                #expect(exists(draft, in: disk) == isPublished, "with room for \(pages) pages")
                failures += isPublished ? 0 : 1
                try disk.emptyStore()
                await draft.discard()
                // The same attempt, so that what is left there would be taken for it.
                let again = results.begin(execution: execution, attempt: 1, day: .now)
                try await again.write("again")
                try await again.publish(in: results)
                let text = try String(
                    contentsOfFile: "\(disk.path)/root/\(again.path)/stdout",
                    encoding: .utf8
                )
                #expect(text == (isPublished ? "text" : "again"), "with room for \(pages) pages")
            }
            #expect((1..<12).contains(failures))
        }
    }

    private func begin(_ results: ResultsDirectory) -> any ResultDraft {
        results.begin(execution: UUID(), attempt: 1, day: .now)
    }

    private func exists(_ draft: any ResultDraft, in disk: MountedDisk) -> Bool {
        FileManager.default.fileExists(atPath: "\(disk.path)/root/\(draft.path)")
    }
}
