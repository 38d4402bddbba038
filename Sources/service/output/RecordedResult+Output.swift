internal import FoundationEssentials
public import SandmillEntity

extension RecordedResult {
    /// Reads the result of an execution that ended.
    ///
    /// - Throws: ``StoreError`` for a record without one that can be read.
    public init(_ record: ExecutionRecord) throws(StoreError) {
        do {
            try self.init(document: (record.result ?? "").utf8)
        } catch {
            throw StoreError(.schemaMismatch, "a result document of another version")
        }
    }

    /// Where the output is; nil when nothing ran.
    var place: OutputLocation? { resultsPath.map { .published(path: $0) } }

    /// What a stream lost; nil when all of it is kept.
    func gap(in stream: SandboxOutput.Stream) -> OutputGap? {
        switch stream {
        case .stdout: OutputGap(ending.stdout)
        case .stderr: OutputGap(ending.stderr)
        }
    }
}

/// What a stream lost: so many bytes, behind so many that are kept.
struct OutputGap: Equatable {
    let size: ByteCount
    let offset: Int

    /// Half of what is kept is the stream's head, the larger half.
    init?(_ stream: RecordedResult.Stream?) {
        guard let bytes = stream?.bytes, let kept = stream?.storedBytes, bytes > kept else {
            return nil
        }
        size = bytes - kept
        offset = Int(kept.bytes) - Int(kept.bytes) / 2
    }
}
