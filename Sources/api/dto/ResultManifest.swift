internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// What a result document tells of the files of an execution.
struct ResultManifest: Decodable {
    /// The directory of the attempt; nil where nothing ran.
    let resultsPath: String?
    let attempt: Int
    let files: [OutputFile]

    /// Reads the document of an execution that ended.
    init(_ record: ExecutionRecord, _ document: String) throws {
        do {
            self = try JSONDecoder().decode(ResultManifest.self, from: Data(document.utf8))
        } catch {
            throw StoreError(.schemaMismatch, "a result document of another version")
        }
    }

    /// The file that the document calls so, byte by byte.
    func file(called path: String) -> OutputFile? {
        files.first { $0.path.utf8.elementsEqual(path.utf8) }
    }

    private enum CodingKeys: String, CodingKey {
        case resultsPath = "results_path"
        case attempt
        case files
    }
}
