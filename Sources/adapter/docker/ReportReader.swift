internal import Curl
internal import Logging
internal import SandboxProtocol
internal import SandmillService

/// Reads the agent's reports from the attached stream; everything in it is hostile.
final class ReportReader {
    /// How much of the agent's diagnostics is logged, in bytes.
    private static let diagnosticsLimit = 4_096

    private let stream: UpgradedStream
    private let logger: Logger
    private var demultiplexer = StreamDemultiplexer()
    private var decoder = FrameDecoder()
    private var diagnostics: [UInt8] = []

    init(_ stream: UpgradedStream, logger: Logger) {
        self.stream = stream
        self.logger = logger
    }

    /// The last that the agent has said, for whoever reads of its end.
    var lastDiagnostics: String {
        String(decoding: diagnostics.suffix(1_000), as: UTF8.self)
    }

    /// Waits for the next report.
    func next() async throws(SandboxError) -> Report {
        while true {
            do throws(FrameError) {
                if let frame = try decoder.next() { return try Report(frame) }
            } catch {
                throw SandboxError(.sandboxLost, "the sandbox sent no frame of ours: \(error)")
            }
            try await readMore()
        }
    }

    private func readMore() async throws(SandboxError) {
        let bytes: [UInt8]?
        do throws(CurlError) {
            bytes = try await stream.read()
        } catch {
            throw SandboxError(.sandboxLost, "the sandbox's stream broke: \(error.summary)")
        }
        guard let bytes else { throw SandboxError(.sandboxLost, "the sandbox has ended") }
        do throws(StreamDemultiplexer.Malformed) {
            let (output, diagnostics) = try demultiplexer.separate(bytes)
            decoder.append(output)
            log(diagnostics)
        } catch {
            throw SandboxError(.sandboxLost, "the engine's stream has a malformed head")
        }
    }

    private func log(_ bytes: [UInt8]) {
        let piece = bytes.prefix(Self.diagnosticsLimit - diagnostics.count)
        guard !piece.isEmpty else { return }
        diagnostics += piece
        logger.warning(
            "The agent of a sandbox says something.",
            metadata: [
                LogKey.reason: "\(String(decoding: piece, as: UTF8.self).debugDescription)"
            ]
        )
    }
}
