internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/execute/{id}/stdout`, `/stderr` and `/files/{path}`: what a program that ended has left.
struct OutputRoutes: Sendable {
    let finder: TenantScopedRecords
    let files: any ResultFiles

    var routes: [Route] {
        [
            Route(.get, "/execute/{id}/stdout", parameters: []) {
                try await stream(.stdout, $0, $1)
            },
            Route(.get, "/execute/{id}/stderr", parameters: []) {
                try await stream(.stderr, $0, $1)
            },
            Route(.get, "/execute/{id}/files/{path}", parameters: [], handler: file),
        ]
    }

    /// Answers with what a program wrote to a stream.
    func stream(
        _ stream: SandboxOutput.Stream,
        _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        let (record, result) = try await ended(context)
        let content = FileContent(
            file: .stream(stream),
            path: result.resultsPath ?? "",
            size: try await size(of: .stream(stream), result),
            entityTag: "\"\(record.id.text)-\(result.attempt ?? 0)-\(stream)\"",
            name: "\(stream)",
            files: files
        )
        return try await content.response(to: request)
    }

    /// Answers with a file that a program left.
    ///
    /// The path is that of the document, percent-encoded; nothing that is not there is looked for.
    func file(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let (record, result) = try await ended(context)
        let encoded = context.parameters.getCatchAll().joined(separator: "/")
        guard let path = String(percentDecoding: encoded), let entry = result.entry(path) else {
            throw Problem.unknown("file")
        }
        let stream = "\(record.id.text)-\(result.attempt ?? 0)-\(path)"
        let content = FileContent(
            file: entry.file,
            path: result.resultsPath ?? "",
            size: try await size(of: entry.file, result),
            entityTag: "\"\(entry.sha256 ?? stream)\"",
            name: path.split(separator: "/").last.map(String.init) ?? path,
            files: files
        )
        return try await content.response(to: request)
    }

    private func ended(
        _ context: GatewayContext
    ) async throws -> (ExecutionRecord, RecordedResult) {
        let record = try await finder.execution(context)
        guard record.result != nil else { throw Problem(notFinished: record) }
        return (record, try RecordedResult(record))
    }

    /// How long a file is; nought where nothing ran.
    private func size(of file: ResultFile, _ result: RecordedResult) async throws -> Int {
        guard let path = result.resultsPath else { return 0 }
        guard let size = try await files.size(of: file, at: path) else {
            throw Problem(.resultsGone, "the results directory has it no longer")
        }
        return Int(size.bytes)
    }
}
