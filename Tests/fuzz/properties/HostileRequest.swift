import FoundationEssentials
import SandmillEntity
import SandmillService

/// Hostile bytes as a request's message.
///
/// The first four lines are the properties `message_id`, `content_type` and `reply_to` and the
/// header `tenant`, of which an empty one is left out, the id becoming a good one; all behind them
/// is the body.
struct HostileRequest {
    private let message: RequestMessage

    init(_ input: [UInt8]) {
        let lines = input.split(
            separator: UInt8(ascii: "\n"),
            maxSplits: 4,
            omittingEmptySubsequences: false
        )
        let properties = lines.prefix(4).map { line in
            line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
        }
        func property(_ index: Int) -> String? {
            index < properties.count ? properties[index] : nil
        }
        message = RequestMessage(
            properties: MessageProperties(
                contentType: property(1),
                messageID: property(0) ?? "0e8f2c64-0000-7000-8000-000000000001",
                replyTo: property(2),
                headers: property(3).map { ["tenant": $0] } ?? [:]
            ),
            body: lines.count > 4 ? Array(lines[4]) : []
        )
    }

    /// Decodes it, and checks what is accepted or why it is refused.
    func check() throws(PropertyViolation) {
        let first = decode()
        switch first {
        case .success(let submission): try AcceptedSubmission(submission, of: message).check()
        case .failure(let refusal): try CheckedRefusal(refusal, of: message).check()
        }
        // A worker that takes an execution over decodes its request once more.
        if case .success = first {
            try require(decode() == first, "a request means the same whoever reads it")
        }
    }

    private func decode() -> Result<Submission, RequestRefusal> {
        do throws(RequestRefusal) {
            return .success(try SubmissionDecoder.pool.decode(message, level: .normal))
        } catch {
            return .failure(error)
        }
    }
}
