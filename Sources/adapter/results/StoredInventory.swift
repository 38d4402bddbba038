internal import FoundationEssentials
internal import S3
public import SandmillEntity
public import SandmillService

/// What has been published to a bucket, with what waits for that below the root of this host.
public struct StoredInventory: ResultsListing {
    private let local: ResultsInventory?
    private let bucket: ResultsBucket

    /// Looks at both; `local` is nil where this host has no directory.
    public init(local: ResultsInventory?, bucket: ResultsBucket) {
        self.local = local
        self.bucket = bucket
    }

    /// Removes an attempt from both.
    ///
    /// Whoever uploads it meanwhile asks afterwards whether it is wanted.
    public func remove(_ path: String) async throws(ResultsError) {
        try ResultsInventory.check(path)
        try await bucket.remove(path)
        try await local?.remove(path)
    }

    /// The days that have results in the bucket, the oldest first.
    public func days() async throws(ResultsError) -> [String] {
        try await bucket.directories(below: "").filter { !$0.hasPrefix(".") }.sorted()
    }

    /// What is in the bucket of a day.
    public func executions(on day: String) async throws(ResultsError) -> [String] {
        try await bucket.directories(below: "\(day)/").sorted()
    }

    /// The attempts of an execution that are in the bucket, and for how long.
    public func attempts(
        of execution: String,
        on day: String
    ) async throws(ResultsError) -> [FoundResult] {
        let start = "\(day)/\(execution)/"
        var times: [String: Date] = [:]
        for object in try await bucket.objects(below: start) {
            guard let attempt = object.key.dropFirst(start.count).split(separator: "/").first else {
                continue
            }
            let path = start + attempt
            times[path] = max(times[path] ?? .distantPast, object.modified)
        }
        let now = Date()
        return times.sorted { $0.key < $1.key }
            .map { path, time in
                FoundResult(path: path, age: .seconds(max(0, now.timeIntervalSince(time))))
            }
    }

    /// What the workers of this host gather.
    public func staged() async throws(ResultsError) -> [FoundResult] {
        try await local?.staged() ?? []
    }

    /// Removes what a worker of this host has gathered.
    public func removeStaged(_ path: String) async throws(ResultsError) {
        try await local?.removeStaged(path)
    }

    /// The files of an attempt: in the bucket, or else below the root.
    public func files(in path: String) async throws(ResultsError) -> [String: ByteCount]? {
        try ResultsInventory.check(path)
        let objects = try await bucket.objects(below: "\(path)/")
        guard !objects.isEmpty else { return try await local?.files(in: path) }
        let files = objects.map { (String($0.key.dropFirst(path.count + 1)), ByteCount($0.size)) }
        return Dictionary(files) { $1 }
    }

    /// Whether an attempt is in the bucket.
    public func has(_ path: String) async throws(ResultsError) -> Bool {
        try ResultsInventory.check(path)
        return try await !bucket.objects(below: "\(path)/").isEmpty
    }
}
