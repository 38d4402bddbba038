import FoundationEssentials
import SandmillEntity

@testable import SandmillService

/// What our own readers make of a document.
struct Reader {
    /// What is said of one that is refused.
    struct Refusal: Equatable {
        let pointer: String
        let message: String
    }

    /// The id of the execution, or of the batch.
    static let id = "0e8f2c64-0000-7000-8000-0000000000ff"

    private static let properties = MessageProperties(messageID: id)

    /// A pool that runs everything, with the limits of the sample configuration.
    private static let decoder = SubmissionDecoder(
        pool: SubmissionDecoder.Pool(
            name: "python",
            runtimes: [.python, .sh, .node, .c, .cpp],
            limits: LimitPolicy(
                defaults: limits,
                maxima: limits,
                killsOnExcessOutput: false
            ),
            maximumRetention: .days(90)
        )
    )

    private static let limits = Limits(
        wall: .seconds(300),
        cpu: .seconds(300),
        memory: .mebibytes(1_024),
        processes: 128,
        stdout: .mebibytes(16),
        stderr: .mebibytes(16),
        output: .mebibytes(256),
        outputFiles: 1_000
    )

    /// Why a request is refused; nil when it is accepted.
    static func refusal(ofRequest text: String) -> Refusal? {
        do throws(RequestRefusal) {
            _ = try decoder.decode(
                RequestMessage(properties: properties, body: Array(text.utf8)),
                level: .normal
            )
            return nil
        } catch {
            return Refusal(pointer: error.pointer ?? "", message: error.message)
        }
    }

    /// Why a batch, or the first of its members that is, is refused; nil when all are accepted.
    static func refusal(ofBatch text: String) -> Refusal? {
        do throws(RequestRefusal) {
            let admission = try BatchDecoder(decoders: ["python": decoder]).decode(
                RequestMessage(properties: properties, body: Array(text.utf8)),
                from: "batches",
                worker: "worker-a"
            )
            return admission.refused.first.map { Refusal(pointer: "", message: $0.reason) }
        } catch {
            return Refusal(pointer: error.pointer ?? "", message: error.message)
        }
    }
}
