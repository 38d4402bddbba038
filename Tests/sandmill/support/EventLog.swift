import Foundation
import Testing

/// Every message of the events exchange, and of a queue for replies, as a client in Python gets it.
actor EventLog {
    /// A delivered message.
    struct Message: Sendable {
        /// Where it was published; empty for one that went to the queue itself.
        let exchange: String
        let routingKey: String
        let properties: JSON
        let event: JSON

        /// Whether it announces that a request was refused.
        var isRefusal: Bool { event["type"] == "dev.sandmill.request.refused.v1" }

        init(_ json: JSON) throws {
            exchange = try #require(json["exchange"].string)
            routingKey = try #require(json["routing_key"].string)
            properties = json["properties"]
            event = try JSON(try #require(json["body"].string))
        }
    }

    /// Everything so far, in the order of its arrival.
    private(set) var messages: [Message] = []
    /// The queue of this log, for `reply_to`.
    private(set) var queue = ""
    private var program: Program?

    /// Begins to receive; the exchange must be there.
    func subscribe(to exchange: String, of broker: String) async throws {
        let program = try Program.client(
            "subscribe",
            broker,
            exchange,
            "execution.#",
            "batch.#",
            "request.#"
        )
        queue = try await within(.seconds(20), "the subscription") {
            try #require(try await program.answer()["queue"].string)
        }
        self.program = program
    }

    /// Waits for the first message, known or to come, that is so.
    func message(
        within limit: Duration = .seconds(40),
        where isWanted: @escaping @Sendable (Message) -> Bool
    ) async throws -> Message {
        if let known = messages.first(where: isWanted) { return known }
        while true {
            let answer = try await receive(within: limit)
            let message = try Message(answer)
            messages.append(message)
            if isWanted(message) { return message }
        }
    }

    /// Waits for the completion event of an execution.
    func finished(_ id: UUID, within limit: Duration = .seconds(40)) async throws -> JSON {
        let subject = JSON.string(id.uuidString.lowercased())
        return try await message(within: limit) {
            $0.event["subject"] == subject && !$0.isRefusal
        }
        .event
    }

    /// Waits for the event of the exchange that says that a message with an id, of any kind, was refused.
    func refused(_ id: String, within limit: Duration = .seconds(40)) async throws -> Message {
        try await message(within: limit) {
            $0.isRefusal && !$0.exchange.isEmpty && $0.event["subject"] == .string(id)
        }
    }

    private func receive(within limit: Duration) async throws -> JSON {
        let program = try #require(program, "nothing is subscribed to")
        return try await SandmillTests.within(limit, "an event") { try await program.answer() }
    }
}
