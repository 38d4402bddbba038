internal import FoundationEssentials
internal import SandmillEntity

/// What the record of an ended execution tells of its output.
struct OutputEnd {
    /// What a stream lost: so many bytes, behind so many that are kept.
    struct Gap: Equatable {
        let size: ByteCount
        let offset: Int

        /// Half of what is kept is the stream's head, the larger half.
        fileprivate init?(_ stream: ResultDocument.StreamSummary) {
            guard stream.truncated else { return nil }
            size = stream.bytes - stream.storedBytes
            let stored = Int(stream.storedBytes.bytes)
            offset = stored - stored / 2
        }
    }

    private struct Document: Decodable {
        enum CodingKeys: String, CodingKey {
            case resultsPath = "results_path"
            case stdout
            case stderr
        }

        let resultsPath: String?
        let stdout: ResultDocument.StreamSummary
        let stderr: ResultDocument.StreamSummary
    }

    private let document: Document

    /// Reads the result document.
    init(_ record: ExecutionRecord) throws(StoreError) {
        do {
            let result = Data((record.result ?? "").utf8)
            document = try JSONDecoder().decode(Document.self, from: result)
        } catch {
            throw StoreError(.schemaMismatch, "a result document of another version")
        }
    }

    /// Where the output is; nil when nothing ran.
    var place: OutputLocation? { document.resultsPath.map { .published(path: $0) } }

    /// What a stream lost; nil when all of it is kept.
    func gap(in stream: SandboxOutput.Stream) -> Gap? {
        switch stream {
        case .stdout: Gap(document.stdout)
        case .stderr: Gap(document.stderr)
        }
    }
}
