import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import Testing

@testable import SandmillService

/// A message's way through a whole worker, on fakes.
@Suite("QueueWorker", .timeLimit(.minutes(5)))
struct QueueWorkerTests {
    private let id = UUID()

    @Test func aGoodRequestEndsAsARecordResultsAndAnEvent() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .sent("execution.succeeded.python.default"))
        }
        let record = try #require(await harness.store.execution(id))
        #expect(record.state == .succeeded)
        #expect(record.attempt == 1)
        let result = try #require(record.result)
        #expect(harness.results.documents["day/\(id.text)/1"] == Array(result.utf8))
    }

    @Test func itIsAcknowledgedAfterTheClaimAndBeforeItRuns() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.saw(.claimed(id), before: .acknowledged(id.text)))
        #expect(harness.journal.saw(.acknowledged(id.text), before: .ran("work")))
    }

    @Test func aDeliveryThatCannotBeClaimedIsNotAcknowledged() async throws {
        let harness = WorkerHarness()
        await harness.store.failClaiming(
            with: Array(repeating: StoreError(.internal, "an odd one"), count: 2)
        )
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .claimFailed)
        }
        #expect(harness.journal.count(of: .acknowledged(id.text), before: .claimed(id)) == 0)
    }

    @Test func aRefusedMessageThatCannotBeKeptIsNotAcknowledged() async throws {
        let harness = WorkerHarness()
        await harness.store.failKeeping(
            with: Array(repeating: StoreError(.internal, "an odd one"), count: 2)
        )
        let bad = MessageProperties(messageID: "bad")
        try await harness.run { _ in
            harness.broker.deliver(properties: bad, body: .complete(Array("nonsense".utf8)))
            await harness.journal.wait(for: .keepFailed)
        }
        let acknowledged = Journal.Entry.acknowledged("bad")
        #expect(harness.journal.count(of: acknowledged, before: .kept("invalid_request")) == 0)
    }

    @Test func theResultsAreInPlaceBeforeTheRecordIs() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        let placed = Journal.Entry.placed(results: "day/\(id.text)/1")
        #expect(harness.journal.saw(placed, before: .finished(id, .succeeded)))
    }

    @Test func theEventGoesToReplyToAsWellWithTheSameID() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, replyTo: "amq.rabbitmq.reply-to.x"))
            await harness.journal.wait(for: .sent("amq.rabbitmq.reply-to.x"))
            await harness.journal.wait(for: .sent("execution.succeeded.python.default"))
        }
        let events = harness.broker.published
        #expect(Set(events.map(\.exchange)) == [.events, .queue])
        #expect(Set(events.map(\.properties.messageID)).count == 1)
        #expect(Set(events.map(\.body)).count == 1)
    }

    @Test func aMalformedRequestIsKeptWithItsReasonAndTheGoodOneBehindItRuns() async throws {
        let harness = WorkerHarness()
        let bad = MessageProperties(messageID: "bad")
        try await harness.run { _ in
            harness.broker.deliver(properties: bad, body: .complete(Array("nonsense".utf8)))
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
            await harness.journal.wait(for: .acknowledged("bad"))
        }
        #expect(harness.journal.saw(.kept("invalid_request"), before: .acknowledged("bad")))
        #expect(await harness.store.letters.map(\.body) == [Array("nonsense".utf8)])
    }

    @Test func anOversizedRequestIsKeptByItsBeginning() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(
                properties: MessageProperties(messageID: "large"),
                body: .oversized(prefix: [1, 2], size: .mebibytes(200), sha256: "ab")
            )
            await harness.journal.wait(for: .acknowledged("large"))
        }
        let letter = try #require(await harness.store.letters.first)
        #expect(letter.errorType == "too_large")
        #expect(letter.body == [1, 2])
        #expect(letter.bodySize == .mebibytes(200))
        #expect(letter.sha256 == "ab")
    }

    @Test func whatCannotBeStoredIsKeptAndBlocksNobody() async throws {
        let harness = WorkerHarness()
        let spoiled = UUID.random()
        // It fails in its group, and then by itself.
        let unstorable = StoreError(.unstorable, "it cannot be stored")
        await harness.store.failClaiming(with: [unstorable, unstorable])
        try await harness.run { _ in
            harness.broker.deliver(.sample(spoiled))
            await harness.journal.wait(for: .acknowledged(spoiled.text))
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(await harness.store.letters.map(\.errorType) == ["invalid_request"])
    }

    @Test func anUnknownFieldWithAnUnstorableNameIsKept() async throws {
        let harness = WorkerHarness()
        let spoiled = RequestMessage.sample(id, fields: "\"a\\u0000b\": 1")
        try await harness.run { _ in
            harness.broker.deliver(spoiled)
            await harness.journal.wait(for: .acknowledged(id.text))
        }
        #expect(
            await harness.store.letters.map(\.reason) == ["/a\u{FFFD}b: there is no such field"]
        )
    }

    @Test func theSameRequestTwiceRunsOnce() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .acknowledged(id.text), times: 2)
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .ran("work")) == 1)
    }

    @Test func theSameIDWithAnotherBodyIsAConflict() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, source: "first"))
            await harness.journal.wait(for: .finished(id, .succeeded))
            harness.broker.deliver(.sample(id, source: "second"))
            await harness.journal.wait(for: .kept("id_conflict"))
            await harness.journal.wait(for: .acknowledged(id.text), times: 2)
        }
        #expect(harness.journal.count(of: .ran("second")) == 0)
    }

    /// Its queue ends that: what comes too often is a dead letter.
    @Test func whatCannotBeClaimedGoesBackToTheBroker() async throws {
        let harness = WorkerHarness()
        await harness.store.failClaiming(
            // Each time with others, and by itself.
            with: Array(repeating: StoreError(.internal, "a mistake of ours"), count: 4)
        )
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .released(id.text)) == 2)
        #expect(harness.journal.count(of: .acknowledged(id.text)) == 1)
    }

    @Test func whatIsRefusedAndCannotBeKeptGoesBackToTheBroker() async throws {
        let harness = WorkerHarness()
        await harness.store.failKeeping(
            with: Array(repeating: StoreError(.internal, "a mistake of ours"), count: 2)
        )
        try await harness.run { _ in
            harness.broker.deliver(
                properties: MessageProperties(messageID: "bad"),
                body: .complete([])
            )
            await harness.journal.wait(for: .acknowledged("bad"))
        }
        #expect(harness.journal.saw(.released("bad"), before: .kept("invalid_request")))
    }

    @Test func aWorkerThatHasNoLeaseAnyMoreLetsGoOfWhatItHasNotClaimed() async throws {
        let harness = WorkerHarness(trust: .seconds(1))
        let last = UUID()
        harness.results.isWritable = false
        try await harness.run { _ in
            let renewal = Task {
                while (try? await ContinuousClock().sleep(for: .milliseconds(10))) != nil {
                    harness.lease.renew(at: .now)
                }
            }
            harness.broker.deliver(.sample(UUID()))
            await harness.journal.wait(for: .checkedResults)
            // The worker may wait for this one when it learns of the fault; what comes then waits for its claim.
            harness.broker.deliver(.sample(last))
            harness.broker.deliver(.sample(id))
            renewal.cancel()
            await harness.journal.wait(for: .stoppedConsuming)
            #expect(harness.journal.count(of: .acknowledged(id.text)) == 0)
            harness.results.isWritable = true
            harness.lease.renew(at: .now + .seconds(600))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        // Once more where the renewal itself was late.
        #expect(harness.journal.count(of: .consuming) >= 2)
        #expect(harness.journal.count(of: .finished(id, .succeeded)) == 1)
    }

    @Test func whatHasLostAWorkerIsMarkedBeforeItsProgramStartsAndNothingElseIs() async throws {
        let harness = WorkerHarness()
        let lost = UUID()
        _ = try await harness.store.claim([.sample(.sample(lost, source: "lost"), worker: "dead")])
        _ = try await harness.store.reclaim(
            worker: "dead",
            successor: "w1",
            token: .random()
        )
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
            await harness.journal.wait(for: .finished(lost, .succeeded))
        }
        #expect(harness.journal.saw(.markedSandboxed(lost), before: .ran("lost")))
        #expect(harness.journal.count(of: .markedSandboxed(id)) == 0)
    }

    /// Only the first loss counts, of which nobody knows whether it ran.
    @Test func attemptsThatNeverRanAreNoFaults() async throws {
        let losses = Countdown(1)
        let harness = WorkerHarness { _, _ in
            if losses.strike() { throw SandboxError(.sandboxLost, "it died") }
            return .success
        }
        for _ in 0..<5 {
            _ = try await harness.store.claim([.sample(.sample(id), worker: "dead")])
            _ = try await harness.store.reclaim(
                worker: "dead",
                successor: "w1",
                token: .random()
            )
        }
        try await harness.run { _ in await harness.journal.wait(for: .finished(id, .succeeded)) }
        #expect(try await harness.store.execution(id)?.attempt == 7)
    }

    @Test func aLostSandboxIsOurFaultAndTheExecutionRunsAgain() async throws {
        let losses = Countdown(1)
        let harness = WorkerHarness { _, _ in
            if losses.strike() { throw SandboxError(.sandboxLost, "it died") }
            return .success
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .retried(id, .sandboxLost)) == 1)
        #expect(try await harness.store.execution(id)?.attempt == 2)
    }

    @Test func afterTheLastAttemptItEndsAsErrored() async throws {
        let harness = WorkerHarness { _, _ in throw SandboxError(.sandboxLost, "it died") }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .sent("execution.errored.python.default"))
        }
        let record = try #require(await harness.store.execution(id))
        #expect(record.reason == "sandbox_lost")
        #expect(record.attempt == 3)
    }

    @Test func anUncleanSandboxIsDestroyedAndTheResultStands() async throws {
        let harness = WorkerHarness { _, _ in
            SandboxReport(exit: SandboxReport.success.exit, isClean: false)
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
            await harness.journal.wait(for: .destroyed(sandbox: "s1"))
        }
    }

    @Test func aSandboxInWhichARunFailedRunsNothingMore() async throws {
        let losses = Countdown(1)
        let harness = WorkerHarness { _, _ in
            if losses.strike() { throw ResultsError("the disk is full") }
            return .success
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
            await harness.journal.wait(for: .destroyed(sandbox: "s1"))
        }
    }

    @Test func nothingIsClaimedWhileResultsCannotBeWritten() async throws {
        let harness = WorkerHarness()
        harness.results.isWritable = false
        let next = UUID()
        try await harness.run(concurrency: 1) { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .checkedResults)
            harness.broker.deliver(.sample(next, source: "next"))
            harness.results.isWritable = true
            await harness.journal.wait(for: .finished(id, .succeeded))
            await harness.journal.wait(for: .finished(next, .succeeded))
        }
        #expect(harness.journal.saw(.checkedResults, before: .claimed(next)))
        #expect(harness.journal.count(of: .retried(id, .resultsUnwritable)) == 1)
    }

    @Test func whatResultsThatCannotBeWrittenEndIsNotCounted() async throws {
        let harness = WorkerHarness(speed: 1_000)
        harness.results.failPublishing(with: Array(repeating: ResultsError("no room"), count: 7))
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .retried(id, .resultsUnwritable)) == 7)
        #expect(try await harness.store.uncountedAttempts(of: id) == 7)
    }

    @Test func aResultThatCannotBeWrittenItselfEndsAsErrored() async throws {
        let harness = WorkerHarness(speed: 1_000)
        let own = ResultsError("a name that is taken", isOfResult: true)
        let failures = [ResultsError("no room"), own, ResultsError("no room"), own, own]
        harness.results.failPublishing(with: failures)
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .errored))
        }
        #expect(try await harness.store.execution(id)?.attempt == 5)
    }

    @Test func nothingIsStartedWhileResultsCannotBeWritten() async throws {
        let (first, second) = (Gate(), Gate())
        let harness = WorkerHarness { program, _ in
            await (program.name == "first" ? first : second).pass()
            return .success
        }
        let others = (0..<3).map { _ in UUID() }
        // There is one sandbox for a tenant, and the others wait for it.
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, source: "first"))
            await harness.journal.wait(for: .ran("first"))
            for id in others { harness.broker.deliver(.sample(id, source: "other")) }
            for id in others { await harness.journal.wait(for: .claimed(id)) }
            harness.results.isWritable = false
            first.open()
            await harness.journal.wait(for: .ran("other"))
            await harness.journal.wait(for: .retried(id, .resultsUnwritable))
            second.open()
            for id in others { await harness.journal.wait(for: .retried(id, .resultsUnwritable)) }
            #expect(harness.journal.count(of: .ran("other")) == 1)
            harness.results.isWritable = true
            for id in [id] + others { await harness.journal.wait(for: .finished(id, .succeeded)) }
        }
        for id in others { #expect(try await harness.store.uncountedAttempts(of: id) >= 1) }
    }

    @Test func aWorkerThatIsToldToStopWhileResultsCannotBeWrittenEnds() async throws {
        let harness = WorkerHarness(speed: 1)
        harness.results.isWritable = false
        let next = UUID()
        try await harness.run(concurrency: 1) { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .retried(id, .resultsUnwritable))
            await harness.journal.wait(for: .checkedResults)
            harness.broker.deliver(.sample(next))
        }
        #expect(try await harness.store.execution(id)?.state == .queued)
        #expect(try await harness.store.uncountedAttempts(of: id) == 1)
        #expect(harness.engine.live.isEmpty)
    }

    @Test func anEngineThatIsAwayCostsNoAttempt() async throws {
        let (ends, end) = AsyncStream<Bool>.makeStream()
        let harness = WorkerHarness(speed: 1_000) { _, _ in
            for await isGood in ends {
                if isGood { return .success }
                break
            }
            throw SandboxError(.sandboxLost, "it is gone")
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            for round in 1...5 {
                await harness.journal.wait(for: .ran("work"), times: round)
                harness.engine.isDown = true
                end.yield(false)
                await harness.journal.wait(for: .retried(id, .sandboxLost), times: round)
                harness.engine.isDown = false
            }
            await harness.journal.wait(for: .ran("work"), times: 6)
            end.yield(true)
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(try await harness.store.uncountedAttempts(of: id) == 5)
    }

    @Test func aDeadlineThatPassedBeforeTheClaimEndsInExpired() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(
                .sample(id, fields: "\"deadline\": \"2020-01-01T00:00:00Z\"")
            )
            await harness.journal.wait(for: .sent("execution.expired.python.default"))
        }
        #expect(harness.journal.count(of: .ran("work")) == 0)
    }

    @Test func aDeadlineThatPassesWhileItWaitsForASandboxEndsInExpired() async throws {
        let harness = WorkerHarness(speed: 1)
        harness.engine.isDown = true
        // No sandbox is tried before the claim, since nothing is claimed while none can be started.
        try await harness.run(spare: 0) { _ in
            let deadline = await harness.store.now + 0.2
            let text = String(decoding: DocumentCoder.encode([deadline]), as: UTF8.self)
                .trimmingPrefix("[").prefix { $0 != "]" }
            harness.broker.deliver(.sample(id, fields: "\"deadline\": \(text)"))
            await harness.journal.wait(for: .claimed(id))
            await harness.journal.wait(for: .finished(id, .expired))
        }
        #expect(harness.journal.count(of: .ran("work")) == 0)
    }

    @Test func aRequestForLaterIsQueuedAndRunsThen() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            let notBefore = DocumentCoder.encode([await harness.store.now + 36_000])
            let text = String(decoding: notBefore.dropFirst().dropLast(), as: UTF8.self)
            harness.broker.deliver(.sample(id, fields: "\"not_before\": \(text)"))
            await harness.journal.wait(for: .acknowledged(id.text))
            await harness.store.advance(by: .seconds(36_000))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.saw(.acknowledged(id.text), before: .claimed(id)))
    }

    @Test func aGracefulShutdownFinishesWhatWasClaimedAndLeavesTheRestToOthers() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        let left = UUID()
        try await harness.run(concurrency: 1) { group in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .ran("work"))
            harness.broker.deliver(.sample(left))
            await harness.journal.wait(for: .parked(left))
            await group.triggerGracefulShutdown()
            gate.open()
        }
        #expect(try await harness.store.execution(id)?.state == .succeeded)
        #expect(try await harness.store.execution(left)?.state == .queued)
        #expect(harness.journal.count(of: .claimed(left)) == 0)
        #expect(harness.journal.count(of: .retried(id, .sandboxLost)) == 0)
        #expect(harness.engine.live.isEmpty)
    }

    @Test func whatComesWhileItIsFullWaitsInTheStoreAndRunsThen() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        let ids = (0..<20).map { _ in UUID() }
        try await harness.run(concurrency: 2) { _ in
            for id in ids { harness.broker.deliver(.sample(id)) }
            for id in ids { await harness.journal.wait(for: .acknowledged(id.text)) }
            gate.open()
            for id in ids { await harness.journal.wait(for: .finished(id, .succeeded)) }
        }
        #expect(ids.count { harness.journal.count(of: .parked($0)) == 1 } == 18)
        for id in ids { #expect(harness.journal.count(of: .claimed(id)) == 1) }
    }

    @Test func whileTheWindowOfItsLaneIsFullTheBrokerKeepsWhatComes() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        let ids = (0..<3).map { _ in UUID() }
        let other = UUID()
        try await harness.run(concurrency: 1, window: 1) { _ in
            for id in ids.dropLast() {
                harness.broker.deliver(.sample(id))
                await harness.journal.wait(for: .acknowledged(id.text))
            }
            await harness.journal.wait(for: .ran("work"))
            harness.broker.deliver(.sample(ids[2]))
            // Time enough to take it in, if that were allowed.
            let counts = harness.journal.count(of: .countedParked)
            await harness.journal.wait(for: .countedParked, times: counts + 20)
            harness.broker.deliver(.sample(other, tenant: "other"))
            await harness.journal.wait(for: .acknowledged(other.text))
            gate.open()
            for id in ids + [other] { await harness.journal.wait(for: .finished(id, .succeeded)) }
        }
        #expect(harness.journal.saw(.claimed(ids[1]), before: .acknowledged(ids[2].text)))
        #expect(harness.journal.saw(.acknowledged(other.text), before: .claimed(ids[1])))
    }

    @Test func whatHasWaitedForTheWindowForTooLongGoesBeyondIt() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        let ids = (0..<6).map { _ in UUID() }
        try await harness.run(concurrency: 1, window: 1, patience: .milliseconds(1)) { _ in
            for id in ids { harness.broker.deliver(.sample(id)) }
            for id in ids { await harness.journal.wait(for: .acknowledged(id.text)) }
            gate.open()
            for id in ids { await harness.journal.wait(for: .finished(id, .succeeded)) }
        }
    }

    @Test func whatWaitsForTooLongWhileNothingCanRunGoesIntoTheStore() async throws {
        let harness = WorkerHarness()
        harness.results.isWritable = false
        let (last, next) = (UUID(), UUID())
        try await harness.run(patience: .milliseconds(1)) { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .checkedResults)
            // The worker waits for this one when it learns of the fault.
            harness.broker.deliver(.sample(last))
            await harness.journal.wait(for: .acknowledged(last.text))
            harness.broker.deliver(.sample(next, source: "next"))
            await harness.journal.wait(for: .acknowledged(next.text))
            harness.results.isWritable = true
            await harness.journal.wait(for: .finished(next, .succeeded))
        }
        #expect(harness.journal.count(of: .parked(next)) == 1)
    }

    @Test func whatAnotherWorkerLeftInTheStoreIsTaken() async throws {
        let harness = WorkerHarness()
        var claim = try Claim.sample(.sample(id), worker: "w2")
        claim.intent = .park
        _ = try await harness.store.claim([claim])
        try await harness.run { _ in
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(try await harness.store.execution(id)?.worker == "w1")
    }

    /// What a worker runs by its record and does not hold is put back.
    @Test func whatIsClaimedOrTakenIsHeldUntilItHasEnded() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        let parked = UUID()
        var claim = try Claim.sample(.sample(parked), worker: "w2")
        claim.intent = .park
        _ = try await harness.store.claim([claim])
        let running = try await harness.run { [id] _ in
            harness.broker.deliver(.sample(id))
            for id in [id, parked] { await harness.journal.wait(for: .claimed(id)) }
            let running = try await harness.store.runningAttempts(of: "w1")
            for attempt in running {
                #expect(harness.ledger.held.contains(try #require(attempt.token)))
            }
            gate.open()
            for id in [id, parked] { await harness.journal.wait(for: .finished(id, .succeeded)) }
            return running
        }
        #expect(running.count == 2)
        for attempt in running {
            #expect(!harness.ledger.held.contains(try #require(attempt.token)))
        }
    }

    @Test func whatThePoolNoLongerTakesEndsAsErrored() async throws {
        let harness = WorkerHarness()
        var claim = try Claim.sample(.sample(id))
        claim.intent = .park
        claim.request.body = Array("{\"source\": 1}".utf8)
        _ = try await harness.store.claim([claim])
        try await harness.run { _ in
            await harness.journal.wait(for: .finished(id, .errored))
        }
        #expect(try await harness.store.execution(id)?.reason == "unknown_pool")
    }

    @Test func aWorkerThatStopsAtOnceSettlesNothing() async throws {
        let harness = WorkerHarness { _, _ in
            await Gate().pass()
            return .success
        }
        try await harness.runWithoutWorker { worker in
            let run = Task { try await worker.run() }
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .ran("work"))
            run.cancel()
            _ = await run.result
        }
        #expect(try await harness.store.execution(id)?.state == .running)
    }

    @Test func anEndThatCannotBeWrittenNowIsWrittenLater() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .ran("work"))
            let away = StoreError(.unavailable, "away")
            await harness.store.failFinishing(with: Array(repeating: away, count: 5))
            gate.open()
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .ran("work")) == 1)
        #expect(harness.journal.saw(.finishFailed, before: .finished(id, .succeeded)))
    }

    @Test func anEndThatCanNeverBeWrittenEndsAsErrored() async throws {
        let harness = WorkerHarness { _, receive in
            try await receive(.skipped(try #require(OutputPath([0x61])), .symlink))
            return .success
        }
        await harness.store.refuseDocuments(holding: "symlink")
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .errored))
        }
        #expect(try await harness.store.execution(id)?.reason == "record_unwritable")
    }

    @Test func theLastMemberOfABatchCompletesIt() async throws {
        let harness = WorkerHarness()
        let batch = "\"batch\": {\"id\": \"\(UUID().text)\", \"size\": 8}"
        try await harness.run { _ in
            for _ in 0..<8 { harness.broker.deliver(.sample(UUID(), fields: batch)) }
            await harness.journal.wait(for: .sent("batch.completed.python.default"))
        }
        #expect(harness.journal.count(of: .sent("batch.completed.python.default")) == 1)
    }

    @Test func manyExecutionsOfManyTenantsAllEndOnce() async throws {
        let harness = WorkerHarness()
        let ids = (0..<200).map { _ in UUID() }
        try await harness.run(concurrency: 16) { _ in
            for (index, id) in ids.enumerated() {
                harness.broker.deliver(.sample(id, tenant: "t\(index / 100)"))
            }
            for id in ids { await harness.journal.wait(for: .finished(id, .succeeded)) }
        }
        for id in ids { #expect(harness.journal.count(of: .finished(id, .succeeded)) == 1) }
        let configuration = SandboxPool.Configuration.sample()
        #expect(harness.engine.mostLive <= configuration.maximum + configuration.changeover)
    }

    @Test func aPreviewIsTextOfAtMostFourKibibytes() async throws {
        let harness = WorkerHarness { _, receive in
            try await receive(.stream(.stdout, Array(repeating: 0xFF, count: 5_000)))
            try await receive(.stream(.stderr, [0x61, 0, 0x62]))
            return .success
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        let result = try #require(await harness.store.execution(id)?.result)
        let document = try JSONDecoder.documents.decode(
            ResultDocument.self,
            from: Data(result.utf8)
        )
        #expect((4_094...4_096).contains(document.stdout.preview.utf8.count))
        #expect(document.stderr.preview == "a\u{FFFD}b")
    }
}

extension UUID {
    fileprivate var text: String { uuidString.lowercased() }
}

extension JSONDecoder {
    fileprivate static var documents: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            try #require(
                DocumentCoder.timestamp(try decoder.singleValueContainer().decode(String.self))
            )
        }
        return decoder
    }
}
