internal import Backoff
public import FoundationEssentials
public import Logging
internal import Metrics
public import SandmillEntity
public import SandmillService
public import ServiceLifecycle

/// Results that go to a bucket once they are durable in the directory of a worker, and then leave that directory.
///
/// The directory is the spool: what is below its root has not been uploaded, or is about to be removed. So nobody
/// needs to remember anything, and what a worker that died has left is uploaded by whoever finds it.
///
/// 1. Nothing leaves the directory before the bucket has all of it.
/// 2. With ``Moment/before`` an attempt is only said to be delivered when the bucket has it.
/// 3. Once it has been put, the record is asked whether it is still wanted; what was removed meanwhile, by somebody who
///    may not have seen it in the bucket, is removed there.
/// 4. What is put twice, by two who share the directory, is the same.
public actor UploadedResults: ResultsStore, Service {
    /// When a result goes to the bucket.
    public enum Moment: String, CaseIterable, Sendable {
        /// Before its record commits.
        case before
        /// Afterwards.
        case behind

        /// How long what somebody may be at work on is left alone.
        fileprivate var patience: Duration { self == .before ? .seconds(900) : .seconds(300) }
    }

    private struct Entry {
        let path: String
        let size: ByteCount
        /// Whether it is to be removed, since its attempt has failed.
        var isDiscarded = false
        var isUploaded = false

        /// As a record has it; nil for what is nobody's.
        var recorded: RecordedPath? {
            let parts = path.split(separator: "/")
            guard parts.count == 3, let id = UUID(text: String(parts[1])) else { return nil }
            return RecordedPath(execution: id, path: path)
        }
    }

    /// How many groups are uploaded at once, and how many results each has.
    private static let (width, group) = (4, 16)
    /// How often it is looked for what others have left.
    private static let interval: Duration = .seconds(60)

    private let local: ResultsDirectory
    private let spool: ResultsInventory
    private let bucket: ResultsBucket
    private let moment: Moment
    private let bound: ByteCount
    private let records: any ResultRecords
    private let worker: String
    private let logger: Logger
    /// What waits, and what is being uploaded.
    private var waiting: [Entry] = []
    private var open: [String: ByteCount] = [:]
    private var isLookedThrough = false
    private var isClosed = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var report = FailureReport()
    private var lastFailure: String?

    /// Describes results that go to `bucket`.
    ///
    /// - Parameters:
    ///   - local: The directory of this worker.
    ///   - root: Where that is.
    ///   - bucket: Where they go.
    ///   - moment: When.
    ///   - bound: How many bytes may wait, with ``Moment/behind``, so that more can be taken in.
    ///   - records: Tell what is still wanted.
    ///   - worker: The worker's name.
    ///   - logger: Told what failed.
    public init(
        _ local: ResultsDirectory,
        root: String,
        to bucket: ResultsBucket,
        _ moment: Moment,
        bound: ByteCount,
        records: any ResultRecords,
        worker: String,
        logger: Logger
    ) {
        self.local = local
        spool = ResultsInventory(root: root)
        self.bucket = bucket
        self.moment = moment
        self.bound = bound
        self.records = records
        self.worker = worker
        self.logger = logger
    }

    /// How many bytes wait to be uploaded, or are just being uploaded.
    public var spooled: ByteCount { open.values.reduce(.zero) { $0 + $1 } }

    // MARK: - What a worker asks

    /// Begins the results of one attempt in the directory.
    public nonisolated func begin(execution: UUID, attempt: Int, day: Date) -> any ResultDraft {
        local.begin(execution: execution, attempt: attempt, day: day)
    }

    /// Puts results in their places in the directory.
    public nonisolated func publish(
        _ results: [FinishedResult]
    ) async -> [Result<Void, ResultsError>] {
        await local.publish(results)
    }

    /// Checks the directory, and the bucket or what waits for it.
    public func checkWritable(room: ByteCount) async throws(ResultsError) {
        try await local.checkWritable(room: room)
        switch moment {
        case .before: try await bucket.checkWritable(by: worker)
        case .behind:
            if !isLookedThrough { try await lookThrough() }
            guard spooled > bound else { return }
            throw ResultsError(
                "\(spooled.bytes) bytes of results wait to be uploaded, and no more than \(bound.bytes) may "
                    + "(results.upload.spool)\(lastFailure.map { ": \($0)" } ?? "")"
            )
        }
    }

    /// Puts a result into the bucket, or has it put there by and by.
    public func deliver(_ result: FinishedResult) async throws(ResultsError) -> Bool {
        if moment == .behind {
            add(Entry(path: result.path, size: result.size))
            return spooled <= bound
        }
        open[result.path] = result.size
        do throws(ResultsError) {
            guard try await upload(result.path) else {
                throw ResultsError("\"\(result.path)\" is gone from the results directory")
            }
        } catch {
            note(error)
            // Its attempt fails now, and no record will ever name it.
            waiting.append(Entry(path: result.path, size: result.size, isDiscarded: true))
            wake()
            throw error.writing(result.size)
        }
        // What cannot be removed is found by and by.
        try? await spool.remove(result.path)
        open[result.path] = nil
        return true
    }

    private func upload(_ path: String) async throws(ResultsError) -> Bool {
        let size = open[path] ?? .zero
        let isPut = try await bucket.put(path, from: spool)
        if isPut {
            Counter(label: "sandmill_results_uploaded_bytes").increment(by: Int(size.bytes))
        }
        return isPut
    }

    // MARK: - What waits

    /// Uploads what waits, until a graceful shutdown, and then what is left as long as the bucket takes it.
    public func run() async throws {
        Counter(label: "sandmill_results_uploaded_bytes").increment(by: 0)
        Counter(label: "sandmill_results_upload_failures").increment(by: 0)
        await withDiscardingTaskGroup { group in
            for _ in 0..<Self.width { group.addTask { await self.uploadWhatWaits() } }
            await cancelWhenGracefulShutdown { await self.lookThroughAgainAndAgain() }
            isClosed = true
            wake()
        }
    }

    private func lookThroughAgainAndAgain() async {
        repeat {
            do throws(ResultsError) {
                try await lookThrough()
            } catch {
                note(error)
            }
        } while (try? await ContinuousClock().sleep(for: Self.interval)) != nil
    }

    /// Adds what lies in the directory and nobody here knows of.
    private func lookThrough() async throws(ResultsError) {
        // Nobody has written by this process before the first look.
        let isFirst = !isLookedThrough && moment == .behind
        let attempts = try await spool.attempts()
        isLookedThrough = true
        for (found, size) in attempts where isFirst || found.age >= moment.patience {
            add(Entry(path: found.path, size: size))
        }
    }

    private func add(_ entry: Entry) {
        guard open[entry.path] == nil else { return }
        open[entry.path] = entry.size
        waiting.append(entry)
        wake()
    }

    private func wake() {
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    private func uploadWhatWaits() async {
        var backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(10))
        while true {
            guard !waiting.isEmpty else {
                if isClosed { return }
                await withCheckedContinuation { waiters.append($0) }
                continue
            }
            let entries = Array(waiting.prefix(Self.group))
            waiting.removeFirst(entries.count)
            let left = await settle(entries)
            waiting += left
            if left.count < entries.count {
                backoff.reset()
            } else if isClosed || Task.isCancelled {
                return
            } else {
                let wait = backoff.next()
                try? await cancelWhenGracefulShutdown {
                    try await ContinuousClock().sleep(for: wait)
                }
            }
        }
    }

    /// Uploads results, and returns what is to be tried again.
    private func settle(_ entries: [Entry]) async -> [Entry] {
        var entries = entries
        await withTaskGroup(of: (Int, Result<Void, ResultsError>).self) { group in
            for (index, entry) in entries.enumerated() where !entry.isDiscarded && !entry.isUploaded
            {
                group.addTask {
                    do throws(ResultsError) {
                        _ = try await self.upload(entry.path)
                        return (index, .success(()))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            for await (index, outcome) in group {
                switch outcome {
                case .success: entries[index].isUploaded = true
                case .failure(let error): note(error)
                }
            }
        }
        let uploaded = entries.filter(\.isUploaded).compactMap(\.recorded)
        let needless: Set<RecordedPath>
        do throws(StoreError) {
            needless = try await records.needless(uploaded)
        } catch {
            note(ResultsError("what is uploaded cannot be looked up: \(error.message)"))
            return entries
        }
        var left: [Entry] = []
        for entry in entries {
            let isUnwanted = entry.recorded.map(needless.contains) ?? false
            guard entry.isUploaded || entry.isDiscarded else {
                left.append(entry)
                continue
            }
            do throws(ResultsError) {
                if isUnwanted || entry.isDiscarded { try await bucket.remove(entry.path) }
                try await spool.remove(entry.path)
                open[entry.path] = nil
            } catch {
                note(error)
                left.append(entry)
            }
        }
        if left.isEmpty { end() }
        return left
    }

    private func note(_ error: ResultsError) {
        Counter(label: "sandmill_results_upload_failures").increment()
        lastFailure = error.message
        guard report.isDue() else { return }
        logger.error(
            "Results cannot be put into the bucket.",
            metadata: [LogKey.reason: "\(error.message)", LogKey.count: "\(open.count)"]
        )
    }

    private func end() {
        lastFailure = nil
        guard report.isFailing else { return }
        report.end()
        logger.notice("Results can be put into the bucket again.")
    }
}
