import FoundationEssentials
import SandmillEntity
public import SandmillService
import Testing

extension Conformance<any ResultsStore> {
    /// What every `ResultsStore` has to do.
    public static let ofResultsStores: [Conformance] = [
        Conformance("what is published can be published again, and the first stands") { results in
            let id = UUID()
            for text in ["{}", "[]"] {
                let draft = results.begin(execution: id, attempt: 1, day: .now)
                try await draft.receive(.stream(.stdout, Array(text.utf8)))
                let finished = await draft.finish(document: Array(text.utf8))
                #expect(finished.path == draft.path)
                try await #require(results.publish([finished]).first).get()
            }
        },
        Conformance("each attempt has a place of its own") { results in
            let ids = [UUID(), UUID()]
            let paths = ids.flatMap { id in
                [1, 2].map { results.begin(execution: id, attempt: $0, day: .now).path }
            }
            #expect(Set(paths).count == 4)
        },
        Conformance("a summary tells what was received") { results in
            let draft = results.begin(execution: UUID(), attempt: 1, day: .now)
            let text = [UInt8](repeating: 0xFF, count: 5_000)
            try await draft.receive(.stream(.stdout, Array(text.prefix(3_000))))
            try await draft.receive(.stream(.stderr, [1, 2, 3]))
            try await draft.receive(.stream(.stdout, Array(text.suffix(2_000))))
            let path = try #require(OutputPath(Array("a/b.txt".utf8)))
            try await draft.receive(.file(path, size: ByteCount(4)))
            try await draft.receive(.content([1, 2]))
            try await draft.receive(.content([3, 4]))
            let skipped = try #require(OutputPath(Array("link".utf8)))
            try await draft.receive(.skipped(skipped, .symlink))
            let summary = await draft.summary()
            #expect(summary.stdout.stored == ByteCount(5_000))
            #expect(summary.stdout.head == Array(text.prefix(4_096)))
            #expect(summary.stderr.head == [1, 2, 3])
            #expect(summary.files.map(\.path) == ["a/b.txt"])
            #expect(summary.files.map(\.bytes) == [ByteCount(4)])
            // printf '\1\2\3\4' | sha256sum
            #expect(
                summary.files.map(\.sha256)
                    == ["9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a"]
            )
            #expect(summary.skipped == [SkippedFile(path: "link", reason: .symlink)])
            #expect(await draft.written == ByteCount(5_007))
            await draft.discard()
        },
        Conformance("a case has a summary of its own, and all its bytes count") { results in
            let draft = results.begin(execution: UUID(), attempt: 1, day: .now)
            for index in 0..<2 {
                try await draft.begin(case: index)
                try await draft.receive(.stream(.stdout, [1, 2]))
                #expect(await draft.summary().stdout.stored == ByteCount(2))
            }
            #expect(await draft.written == ByteCount(4))
            let finished = await draft.finish(document: Array("{}".utf8), streamsOf: 1)
            try await #require(results.publish([finished]).first).get()
        },
        Conformance("it can be written, and not when there is no such room") { results in
            try await results.checkWritable()
            await #expect(throws: ResultsError.self) {
                try await results.checkWritable(room: ByteCount(Int64.max / 2))
            }
        },
    ]
}
