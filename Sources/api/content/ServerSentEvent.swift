internal import FoundationEssentials
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// An event as browsers read it (HTML Living Standard, section 9.2); its data is JSON on one line.
struct ServerSentEvent: Equatable {
    /// The id of the last.
    static let endID = "end"

    private let name: String
    /// What a client that comes again says it has.
    private let id: String?
    private let data: String

    private init(_ name: String, id: String? = nil, _ data: some Encodable) {
        self.name = name
        self.id = id
        self.data = String(decoding: DocumentBody.encode(data), as: UTF8.self)
    }

    /// What was read of an output.
    init(_ piece: MarkedOutput) {
        let id = piece.mark?.description
        switch piece.output {
        case .bytes(let stream, let bytes):
            self.init("\(stream)", id: id, Bytes(bytes))
        case .dropped(let stream, let count, let offset):
            self.init(
                "dropped",
                id: id,
                Dropped(stream: "\(stream)", bytes: count.bytes, offset: offset.bytes)
            )
        case .restarted(let attempt):
            self.init("restarted", id: id, ["attempt": attempt])
        case .over(let state):
            self = .end(state)
        }
    }

    /// That there is no more.
    static func end(_ state: ExecutionState) -> ServerSentEvent {
        ServerSentEvent("end", id: endID, ["state": state])
    }

    /// A screen of the page that has become another.
    static func fragment(_ html: String) -> ServerSentEvent { ServerSentEvent("fragment", html) }

    /// That a screen of the page will not change any more.
    static let over = ServerSentEvent("over", "")

    /// Why no more can be told.
    static func problem(_ problem: Problem) -> ServerSentEvent {
        ServerSentEvent("problem", ["detail": problem.detail, "kind": problem.kind.rawValue])
    }

    /// A line that readers pass over.
    static let heartbeat = ByteBuffer(string: ": still here\n\n")

    /// The event's text.
    var text: String {
        "event: \(name)\n\(id.map { "id: \($0)\n" } ?? "")data: \(data)\n\n"
    }

    /// The event's bytes.
    var buffer: ByteBuffer { ByteBuffer(string: text) }

    /// Bytes as text where they are some, else in base64 (RFC 4648, section 4).
    private struct Bytes: Encodable {
        let text: String?
        let base64: String?

        init(_ bytes: [UInt8]) {
            text = String(validating: bytes, as: UTF8.self)
            base64 = text == nil ? Data(bytes).base64EncodedString() : nil
        }
    }

    private struct Dropped: Encodable {
        let stream: String
        let bytes: Int64
        let offset: Int64
    }
}
