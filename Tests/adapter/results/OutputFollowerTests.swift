import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

/// Followers of output, on a real directory and a record that the tests write.
@Suite("OutputFollower", .serialized, .timeLimit(.minutes(5)))
struct OutputFollowerTests {
    @Test func whatIsStagedIsToldWhileTheProgramRunsAndTheRestFromItsPlace() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("one ")
            await draft.stage()
            world.setRecord(.running(attempt: 1))
            let clock = SteppedClock([
                {
                    try await draft.write("two ")
                    try await draft.write("oops", to: .stderr)
                    await draft.stage()
                },
                {
                    try await draft.write("three")
                    try await draft.publish(in: results)
                },
                { world.setRecord(.ended(attempt: 1, path: draft.path)) },
            ])
            let output = try #require(try await world.output(steppedBy: clock))
            #expect(
                try await output.collect() == [
                    .text("one "), .text("two "), .text("oops", of: .stderr), .text("three"),
                    .over(.succeeded),
                ]
            )
        }
    }

    @Test func anExecutionThatIsQueuedIsWaitedFor() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            world.setRecord(.queued(attempt: 0))
            let clock = SteppedClock([
                { world.setRecord(.running(attempt: 1)) },
                {
                    try await draft.write("one")
                    await draft.stage()
                },
            ])
            let output = try #require(try await world.output(steppedBy: clock))
            var iterator = output.makeAsyncIterator()
            #expect(try await iterator.next()?.output == .text("one"))
        }
    }

    @Test func anotherAttemptIsToldApartFromTheLostOne() async throws {
        try await ResultsWorld.with { world in
            let (first, second) = (try world.worker("w"), try world.worker("v"))
            let lost = world.draft(of: first, attempt: 1)
            let draft = world.draft(of: second, attempt: 2)
            try await lost.write("a beginning")
            await lost.stage()
            world.setRecord(.running(attempt: 1))
            let clock = SteppedClock([
                {
                    await lost.discard()
                    world.setRecord(.queued(attempt: 1))
                },
                {
                    try await draft.write("again")
                    await draft.stage()
                    world.setRecord(.running(attempt: 2, worker: "v"))
                },
            ])
            let output = try #require(try await world.output(steppedBy: clock))
            var iterator = output.makeAsyncIterator()
            #expect(try await iterator.next()?.output == .text("a beginning"))
            #expect(try await iterator.next()?.output == .restarted(attempt: 2))
            #expect(try await iterator.next()?.output == .text("again"))
            try await draft.write(" and the end")
            try await draft.publish(in: second)
            world.setRecord(.ended(attempt: 2, path: draft.path))
            #expect(try await iterator.next()?.output == .text(" and the end"))
            #expect(try await iterator.next()?.output == .over(.succeeded))
            #expect(try await iterator.next() == nil)
        }
    }

    @Test func aMarkLeadsToWhatIsBehindIt() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("one ")
            try await draft.write("oops", to: .stderr)
            await draft.stage()
            world.setRecord(.running(attempt: 1))
            var iterator = try #require(try await world.output()).makeAsyncIterator()
            #expect(try await iterator.next()?.mark == OutputCursorToken("1:4:0"))
            #expect(try await iterator.next()?.mark == OutputCursorToken("1:4:4"))
            try await draft.write("two")
            try await draft.publish(in: results)
            world.setRecord(.ended(attempt: 1, path: draft.path))
            for (mark, told) in [
                ("1:4:4", [.text("two")]),
                ("1:4:0", [.text("two"), .text("oops", of: .stderr)]),
                ("1:7:4", []),
                ("2:4:4", [.restarted(attempt: 1), .text("one two"), .text("oops", of: .stderr)]),
            ] as [(String, [OutputEvent])] {
                let output = try #require(try await world.output(from: OutputCursorToken(mark)))
                #expect(try await output.collect() == told + [.over(.succeeded)], "\(mark)")
            }
        }
    }

    @Test(arguments: [
        "", "1", "1:2", "1:2:3:4", "1:-2:3", "1: 2:3", "a:b:c", "1:2:99999999999999999999",
    ])
    func whatIsNoMarkIsNone(text: String) {
        #expect(OutputCursorToken(text) == nil)
    }

    @Test(arguments: 0..<20)
    func eachByteIsToldOnceWhateverHappensMeanwhile(round: Int) async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            let chunks = (0..<60).map { [UInt8](repeating: UInt8($0), count: 1 + $0 * 300) }
            world.setRecord(.running(attempt: 1))
            let output = try #require(try await world.output())
            async let followed = output.collect()
            for (index, chunk) in chunks.enumerated() {
                try await draft.receive(.stream(.stdout, chunk))
                try await draft.receive(.stream(.stderr, chunk))
                if index % 7 == round % 7 { await draft.stage() }
            }
            try await draft.publish(in: results)
            world.setRecord(.ended(attempt: 1, path: draft.path))
            let told = try await followed
            #expect(told.bytes(of: .stdout) == chunks.concatenated)
            #expect(told.bytes(of: .stderr) == chunks.concatenated)
            #expect(told.last == .over(.succeeded))
        }
    }

    @Test func whatEndedIsReadFromItsPlaceWithItsGap() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("headtail")
            try await draft.publish(in: results)
            world.setRecord(.ended(attempt: 1, path: draft.path, stdout: .truncated))
            let output = try #require(try await world.output())
            #expect(
                try await output.collect() == [
                    .text("head"), .dropped(.stdout, ByteCount(92), offset: ByteCount(4)),
                    .text("tail"), .over(.succeeded),
                ]
            )
        }
    }

    @Test func aGapThatIsKnownOnlyBehindTheTailIsToldThere() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("headta")
            await draft.stage()
            world.setRecord(.running(attempt: 1))
            let path = draft.path
            let clock = SteppedClock([
                {
                    try await draft.write("il")
                    try await draft.publish(in: results)
                    world.setRecord(.ended(attempt: 1, path: path, stdout: .truncated))
                }
            ])
            let output = try #require(try await world.output(steppedBy: clock))
            #expect(
                try await output.collect() == [
                    .text("headta"), .dropped(.stdout, ByteCount(92), offset: ByteCount(4)),
                    .text("il"), .over(.succeeded),
                ]
            )
        }
    }

    @Test func whatIsNotFollowedEndsWithWhatIsThere() async throws {
        try await ResultsWorld.with { world in
            let draft = world.draft(of: try world.worker())
            try await draft.write("one")
            await draft.stage()
            world.setRecord(.running(attempt: 1))
            let output = try #require(try await world.output(untilEnd: false))
            #expect(try await output.collect() == [.text("one"), .over(.running)])
        }
    }

    @Test func whatEndsWhileItIsReadIsReadFromItsPlace() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("one")
            try await draft.publish(in: results)
            world.setRecord(.running(attempt: 1), .ended(attempt: 1, path: draft.path))
            let output = try #require(try await world.output(untilEnd: false))
            #expect(try await output.collect() == [.text("one"), .over(.succeeded)])
        }
    }

    @Test func whatNeverRanHasNoOutput() async throws {
        try await ResultsWorld.with { world in
            world.setRecord(.ended(attempt: 0, path: nil))
            let output = try #require(try await world.output())
            #expect(try await output.collect() == [.over(.succeeded)])
        }
    }

    @Test func outputThatIsGoneIsAnErrorThatNamesItsPlace() async throws {
        try await ResultsWorld.with { world in
            world.setRecord(.ended(attempt: 1, path: "2026-11-23/x/1"))
            let output = try #require(try await world.output())
            let error = await #expect(throws: ResultsError.self) { try await output.collect() }
            #expect(error?.message.contains("2026-11-23/x/1") == true)
        }
    }

    @Test func anUnknownExecutionHasNone() async throws {
        try await ResultsWorld.with { world in
            let output = try await world.output()
            #expect(output == nil)
        }
    }
}

extension ResultDocument.StreamSummary {
    /// Of a hundred bytes eight are kept.
    fileprivate static let truncated = Self(
        bytes: ByteCount(100),
        storedBytes: ByteCount(8),
        preview: ""
    )
}
