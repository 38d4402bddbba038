import AMQP
import Testing

@Suite(.timeLimit(.minutes(5))) struct FieldTableTests {
    @Test func everyKindOfValueComesBackAsItWasSent() async throws {
        let headers: FieldTable = [
            "void": .void, "yes": true, "no": false, "least": .int(.min), "most": .int(.max),
            "double": .double(-0.1), "time": .timestamp(1_700_000_000), "text": "naïve ☂",
            "empty": "", "bytes": .bytes([0, 255, 10]), "no bytes": .bytes([]),
            "list": .array([1, "two", .array([]), .table([:])]),
            "table": .table(["inner": .table(["deep": .array([.void])])]), "": "no name",
        ]
        #expect(try await received(headers) == headers)
    }

    @Test func aLargeTableComesBackWhole() async throws {
        let headers = FieldTable(
            uniqueKeysWithValues: (0..<3_000).map { ("key \($0)", .string("value \($0)")) }
        )
        #expect(try await received(headers) == headers)
    }

    @Test func oddHeadersOfAStrangerAreRepresented() async throws {
        let headers = try await received(
            RawTable()
                .entry("b", [0x62, 0xFF])
                .entry("B", [0x42, 0xFF])
                .entry("s", [0x73, 0xFF, 0xFE])
                .entry("u", [0x75, 0xFF, 0xFE])
                .entry("I", [0x49, 0xFF, 0xFF, 0xFF, 0xFD])
                .entry("i", [0x69, 0xFF, 0xFF, 0xFF, 0xFF])
                .entry("f", [0x66, 0x3F, 0xC0, 0, 0])
                .entry("D", [0x44, 2, 0, 0, 1, 0x3A])
                .entry("S", [0x53, 0, 0, 0, 2, 0xC3, 0x28])
                .entry("t", [0x74, 7])
                .entry("twice", [0x74, 0])
                .entry("twice", [0x74, 1])
        )
        let expected: FieldTable = [
            "b": -1, "B": 255, "s": -2, "u": 65_534, "I": -3, "i": .int(Int64(UInt32.max)),
            "f": .double(1.5), "D": .double(3.14), "S": .bytes([0xC3, 0x28]), "t": true,
            "twice": true,
        ]
        #expect(headers == expected)
    }

    /// It can be sent on, so a short string has 255 bytes at most.
    @Test func textThatIsNotUTF8GrowsNoLonger() async throws {
        let name = Array("é☂a".utf8) + [UInt8](repeating: 0xFF, count: 249)
        let headers = try await received(RawTable().entry(name, [0x74, 1]))
        #expect(headers == ["?????a" + String(repeating: "?", count: 249): true])
    }

    /// As deep as a frame lets it be; neither the library nor this side may run out of stack.
    @Test func headersNestedWithoutEndAreCutOff() async throws {
        let depth = 26_000
        var bytes: [UInt8] = []
        for level in 0..<depth {
            let remaining = (depth - level - 1) * 5
            bytes += [0x41] + RawTable.length(remaining)
        }
        let headers = try await received(RawTable().entry("deep", bytes))
        var value = headers["deep"]
        var levels = 0
        while case .array(let values) = value {
            value = values.first
            levels += 1
        }
        #expect(value == .void)
        #expect(1...64 ~= levels)
    }

    private func received(_ headers: FieldTable) async throws -> FieldTable {
        try await received(after: { queue in
            var message = Message(to: queue)
            message.properties.headers = headers
            let connection = try await Broker.connection()
            let outcome = try await connection.openPublisher().publish(message)
            #expect(outcome == .confirmed)
            await connection.close()
        })
    }

    private func received(_ headers: RawTable) async throws -> FieldTable {
        try await received(after: { queue in
            let client = try RawClient(try Broker.endpoint())
            try client.publish(to: queue, headers: headers)
            client.close()
        })
    }

    private func received(
        after publish: (_ queue: String) async throws -> Void
    ) async throws -> FieldTable {
        var headers: FieldTable?
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            try await publish(queue)
            let consumer = try await channel.consume(queue: queue, prefetch: 1)
            headers = try await consumer.deliveries.prefix(1)[0].properties.headers
        }
        return try #require(headers)
    }
}
