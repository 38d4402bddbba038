import FaultyProxy
import FoundationEssentials
import Logging
import PrivateBucket
import S3
import SandmillEntity
import SandmillService
import ServiceLifecycle
import ServiceLifecycleTestKit
import Synchronization
import TestSupport
import Testing

@testable import SandmillResults

/// Results that go to a bucket of a real server.
@Suite(.timeLimit(.minutes(5))) struct UploadedResultsTests {
    /// A results directory, a bucket behind a proxy, and the records.
    private struct Place: Sendable {
        let world: ResultsWorld
        let store: PrivateBucket
        let proxy: FaultyProxy
        let records = Records()

        var bucket: ResultsBucket { bucket(port: proxy.port) }

        func bucket(port: Int) -> ResultsBucket {
            ResultsBucket(
                Bucket.Settings(
                    endpoint: "http://127.0.0.1:\(port)",
                    region: "eu-central-1",
                    name: store.name,
                    prefix: "p/",
                    credentials: Credentials(accessKey: "access", secretKey: "secret"),
                    usesPathStyle: true
                )
            )
        }

        func results(
            _ moment: UploadedResults.Moment,
            bound: ByteCount = .mebibytes(1)
        ) throws -> UploadedResults {
            UploadedResults(
                try ResultsDirectory(
                    root: world.root.path,
                    worker: "w",
                    pathLimit: bucket.pathLimit
                ),
                root: world.root.path,
                to: bucket,
                moment,
                bound: bound,
                records: records,
                worker: "w",
                logger: .silent
            )
        }

        /// What the directory has of attempts.
        func local() async throws -> [String] {
            let inventory = ResultsInventory(root: world.root.path)
            return try await inventory.attempts().map(\.found.path)
        }

        /// The names of the files in the bucket of an attempt.
        func files(of path: String) throws -> Set<String> {
            let keys = try store.objects().keys.filter { $0.hasPrefix("p/\(path)/") }
            return Set(keys.map { String($0.dropFirst(path.utf8.count + 3)) })
        }
    }

    private static func with(_ body: (Place) async throws -> Void) async throws {
        try await ResultsWorld.with { world in
            let store = try PrivateBucket()
            let place = Place(world: world, store: store, proxy: FaultyProxy(before: store.port))
            defer { place.proxy.stop() }
            try await body(place)
        }
    }

    /// Publishes what a program has left; it is delivered by the caller.
    private static func publish(
        _ results: UploadedResults,
        execution: UUID = UUID(),
        file: [UInt8] = Array("a=b \u{e9}\n".utf8),
        content: [UInt8] = Array("content".utf8)
    ) async throws -> FinishedResult {
        let draft = results.begin(execution: execution, attempt: 1, day: Date())
        try await draft.receive(.stream(.stdout, Array("out".utf8)))
        let path = try #require(OutputPath(file))
        try await draft.receive(.file(path, size: ByteCount(content.count)))
        try await draft.receive(.content(content))
        let finished = await draft.finish(document: Array("{}".utf8))
        for outcome in await results.publish([finished]) { try outcome.get() }
        return finished
    }

    private static let names: Set<String> = [
        "stdout", "stderr", "result.json", "files/a=b \u{e9}\\x0a",
    ]

    @Test func aResultIsInTheBucketBeforeItIsDeliveredAndLeavesTheDirectory() async throws {
        try await Self.with { place in
            let results = try place.results(.before)
            try await results.checkWritable()
            let finished = try await Self.publish(results)
            #expect(try place.files(of: finished.path).isEmpty)
            #expect(try await results.deliver(finished))
            #expect(try place.files(of: finished.path) == Self.names)
            let key = "p/\(finished.path)/files/a=b \u{e9}\\x0a"
            #expect(try place.store.content(of: key) == Data("content".utf8))
            #expect(try await place.local().isEmpty)
        }
    }

    @Test func whileTheBucketIsAwayNothingIsDeliveredAndLaterItIs() async throws {
        try await Self.with { place in
            let results = try place.results(.before)
            place.proxy.mode = .refusing
            let lost = try await Self.publish(results)
            let error = await #expect(throws: ResultsError.self) {
                _ = try await results.deliver(lost)
            }
            #expect(error?.message.contains(place.store.name) == true)
            #expect(error?.isOfResult == false)
            await #expect(throws: ResultsError.self) { try await results.checkWritable() }
            place.proxy.mode = .forwarding
            try await results.checkWritable()
            let next = try await Self.publish(results)
            #expect(try await results.deliver(next))
            // What was not delivered is nobody's.
            try await Self.running(results) {
                try await Self.until { try await place.local().isEmpty }
            }
            #expect(try place.files(of: lost.path).isEmpty)
            #expect(try place.files(of: next.path) == Self.names)
        }
    }

    @Test func aResultThatFollowsIsDeliveredAtOnceAndUploadedByAndBy() async throws {
        try await Self.with { place in
            let results = try place.results(.behind, bound: .kibibytes(8))
            place.proxy.mode = .refusing
            let first = try await Self.publish(results)
            place.records.needed.withLock { $0 = [first.path] }
            #expect(try await results.deliver(first))
            try await results.checkWritable()
            #expect(await results.spooled == first.size)
            let large = try await Self.publish(
                results,
                content: [UInt8](repeating: 1, count: 8 << 10)
            )
            _ = place.records.needed.withLock { $0.insert(large.path) }
            #expect(try await results.deliver(large) == false)
            let error = await #expect(throws: ResultsError.self) {
                try await results.checkWritable()
            }
            #expect(error?.message.contains("results.upload.spool") == true)
            #expect(try await place.local().count == 2)
            try await Self.running(results) {
                place.proxy.mode = .forwarding
                try await Self.until { await results.spooled == .zero }
            }
            try await results.checkWritable()
            #expect(try await place.local().isEmpty)
            #expect(try place.files(of: first.path) == Self.names)
            #expect(try place.files(of: large.path) == Self.names)
        }
    }

    @Test func whatADeadWorkerHasLeftIsUploadedByWhoeverFindsIt() async throws {
        try await Self.with { place in
            let finished = try await Self.publish(try place.results(.behind))
            place.records.needed.withLock { $0 = [finished.path] }
            let successor = try place.results(.behind, bound: ByteCount(1 as Int64))
            // It counts before anything is taken in.
            await #expect(throws: ResultsError.self) { try await successor.checkWritable() }
            try await Self.running(successor) {
                try await Self.until { try await place.local().isEmpty }
            }
            try await successor.checkWritable()
            #expect(try place.files(of: finished.path) == Self.names)
        }
    }

    /// Its record may be removed, and what is in the bucket with it, while it is still on its way there.
    @Test func whatIsRemovedWhileItWaitsDoesNotStayInTheBucket() async throws {
        try await Self.with { place in
            let results = try place.results(.behind)
            let (kept, removed) = (try await Self.publish(results), try await Self.publish(results))
            place.records.needed.withLock { $0 = [kept.path] }
            for finished in [kept, removed] { #expect(try await results.deliver(finished)) }
            try await Self.running(results) {
                try await Self.until { await results.spooled == .zero }
            }
            #expect(try place.files(of: kept.path) == Self.names)
            #expect(try place.files(of: removed.path).isEmpty)
        }
    }

    /// While the records cannot be read nothing is removed anywhere.
    @Test func whatCannotBeLookedUpStaysInTheDirectory() async throws {
        try await Self.with { place in
            let results = try place.results(.behind)
            let finished = try await Self.publish(results)
            place.records.needed.withLock { $0 = [finished.path] }
            place.records.isAway.withLock { $0 = true }
            #expect(try await results.deliver(finished))
            try await Self.running(results) {
                try await Self.until { place.records.questions.withLock { $0 > 1 } }
                #expect(try await place.local() == [finished.path])
                place.records.isAway.withLock { $0 = false }
                try await Self.until { try await place.local().isEmpty }
            }
            #expect(try place.files(of: finished.path) == Self.names)
        }
    }

    @Test func aPathThatNoKeyHoldsIsNotKept() async throws {
        try await Self.with { place in
            let results = try place.results(.before)
            let draft = results.begin(execution: UUID(), attempt: 1, day: Date())
            let room =
                Bucket.keyLimit - "p/".utf8.count - draft.path.utf8.count - "/files/".utf8.count
            // A control character takes four bytes of a key.
            let deep = Array(
                String(repeating: "\(String(repeating: "a", count: 200))/", count: 9).utf8
            )
            let names = [
                Array(deep.prefix(room)), Array(deep.prefix(room + 1)), [1] + deep.prefix(room - 3),
            ]
            for name in names {
                let path = try #require(OutputPath(name))
                try await draft.receive(.file(path, size: .zero))
            }
            let summary = await draft.summary()
            #expect(summary.files.map(\.path) == [String(decoding: names[0], as: UTF8.self)])
            #expect(summary.skipped.map(\.reason) == [.pathTooLong, .pathTooLong])
            let finished = await draft.finish(document: Array("{}".utf8))
            for outcome in await results.publish([finished]) { try outcome.get() }
            #expect(try await results.deliver(finished))
            #expect(try place.files(of: finished.path).count == 4)
        }
    }

    // MARK: - Readers

    @Test func whatIsHereIsReadHereAndTheRestFromTheBucket() async throws {
        try await Self.with { place in
            let results = try place.results(.behind)
            let finished = try await Self.publish(results)
            place.records.needed.withLock { $0 = [finished.path] }
            let name = try #require(OutputPath(Array("a=b \u{e9}\n".utf8)))
            func read(_ files: StoredFiles) async throws -> [UInt8]? {
                try await files.read(.output(name), at: finished.path, from: 2, limit: 3)
            }
            func files(local: Bool, redirects: Bool = false) throws -> StoredFiles {
                StoredFiles(
                    local: local ? try OutputFiles(root: place.world.root.path) : nil,
                    bucket: place.bucket,
                    mayBeSpooled: true,
                    linkLifetime: redirects ? .seconds(60) : nil
                )
            }
            func link(_ files: StoredFiles) async throws -> String? {
                try await files.link(
                    to: .output(name),
                    at: finished.path,
                    disposition: "attachment"
                )
            }
            let (here, elsewhere) = (
                try files(local: true, redirects: true), try files(local: false)
            )
            #expect(try await read(here) == Array("nte".utf8))
            #expect(try await link(here) == nil)
            await #expect(throws: ResultsError.self) {
                _ = try await elsewhere.size(of: .output(name), at: finished.path)
            }
            #expect(try await results.deliver(finished))
            try await Self.running(results) {
                try await Self.until { await results.spooled == .zero }
            }
            for files in [here, elsewhere] {
                #expect(try await files.size(of: .output(name), at: finished.path)?.bytes == 7)
                #expect(try await read(files) == Array("nte".utf8))
                let place = OutputLocation.published(path: finished.path)
                #expect(
                    try await files.read(.stdout, at: place, from: 0, limit: 9) == Array("out".utf8)
                )
            }
            #expect(try await link(elsewhere) == nil)
            #expect(
                try await link(here)?.contains("response-content-disposition=attachment") == true
            )
            await #expect(throws: ResultsError.self) {
                _ = try await elsewhere.read(.stream(.stdout), at: "../x", from: 0, limit: 1)
            }
        }
    }

    @Test func whatIsInTheBucketIsListedByDayAndRemovedWhole() async throws {
        try await Self.with { place in
            let results = try place.results(.before)
            let execution = UUID()
            let finished = try await Self.publish(results, execution: execution)
            #expect(try await results.deliver(finished))
            try await place.bucket.checkUsable(by: "w")
            let other = try await Self.publish(results)
            #expect(try await results.deliver(other))
            let inventory = StoredInventory(
                local: ResultsInventory(root: place.world.root.path),
                bucket: place.bucket
            )
            let day = String(finished.path.prefix(10))
            #expect(try await inventory.days() == [day])
            #expect(try await inventory.executions(on: day).contains(execution.text))
            let found = try await inventory.attempts(of: execution.text, on: day)
            #expect(found.map(\.path) == [finished.path])
            #expect(try #require(found.first).age < .seconds(600))
            let files = try #require(try await inventory.files(in: finished.path))
            #expect(Set(files.keys) == Self.names)
            #expect(files["stdout"]?.bytes == 3)
            #expect(try await inventory.has(finished.path))
            for path in ["", "a", "../a/1", "a/../../b"] {
                await #expect(throws: ResultsError.self) { try await inventory.remove(path) }
            }
            try await inventory.remove(finished.path)
            #expect(try place.files(of: finished.path).isEmpty)
            #expect(try await !inventory.has(finished.path))
            #expect(try await inventory.files(in: finished.path) == nil)
            #expect(try place.files(of: other.path) == Self.names)
        }
    }

    // MARK: -

    private static func running(
        _ results: UploadedResults,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await testGracefulShutdown { trigger in
            async let run: Void = results.run()
            do {
                try await body()
            } catch {
                trigger.triggerGracefulShutdown()
                try await run
                throw error
            }
            trigger.triggerGracefulShutdown()
            try await run
        }
    }

    private static func until(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
    }
}

/// Which results anybody needs.
private final class Records: ResultRecords {
    let needed = Mutex<Set<String>>([])
    let isAway = Mutex(false)
    let questions = Mutex(0)

    func needless(_ results: [RecordedPath]) async throws(StoreError) -> Set<RecordedPath> {
        questions.withLock { $0 += 1 }
        if isAway.withLock({ $0 }) { throw StoreError(.unavailable, "the store is away") }
        let needed = needed.withLock { $0 }
        return Set(results.filter { !needed.contains($0.path) })
    }

    func unknown(_ results: [RecordedPath]) async throws(StoreError) -> Set<RecordedPath> { [] }
    func abandoned(_ drafts: [StagedDraft]) async throws(StoreError) -> Set<StagedDraft> { [] }
    func results(after id: UUID?, limit: Int) async throws(StoreError) -> [RecordedPath] { [] }
    func files(
        of results: [RecordedPath]
    ) async throws(StoreError) -> [RecordedPath: [String: ByteCount?]] { [:] }
    func forget(_ results: [RecordedPath]) async throws(StoreError) -> Int { 0 }
}
