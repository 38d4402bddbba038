import Hashing
import Testing

@testable import AMQP

@Suite struct ContentAssemblerTests {
    private let head = ContentAssembler.Head.returned(
        ReturnHead(code: 312, text: "NO_ROUTE", exchange: "", routingKey: "q")
    )

    @Test func aBodyInSeveralFramesIsPutTogether() throws {
        var assembler = ContentAssembler(bodyLimit: 100)
        try assembler.begin(head)
        #expect(try assembler.header(bodySize: 5, MessageProperties())?.body == nil)
        #expect(try assembler.body([1, 2, 3])?.body == nil)
        #expect(try assembler.body([4, 5])?.body == .complete([1, 2, 3, 4, 5]))
    }

    @Test func aMessageWithoutABodyIsCompleteWithItsHeader() throws {
        var assembler = ContentAssembler(bodyLimit: 100)
        for _ in 0..<2 {
            try assembler.begin(head)
            #expect(try assembler.header(bodySize: 0, MessageProperties())?.body == .complete([]))
        }
    }

    @Test func aBodyAboveTheLimitIsCountedAndDigestedAndItsBeginningKept() throws {
        var assembler = ContentAssembler(bodyLimit: 10_000)
        for _ in 0..<2 {
            try assembler.begin(head)
            #expect(try assembler.header(bodySize: 12_000, MessageProperties())?.body == nil)
            for _ in 0..<3 {
                #expect(try assembler.body(Array(repeating: 7, count: 3_000))?.body == nil)
            }
            let content = try assembler.body(Array(repeating: 8, count: 3_000))
            let body = Array(repeating: UInt8(7), count: 9_000) + Array(repeating: 8, count: 3_000)
            #expect(
                content?.body
                    == .oversized(
                        size: 12_000,
                        prefix: Array(body.prefix(4_096)),
                        sha256: SHA256.hash(body)
                    )
            )
        }
    }

    @Test func noMemoryIsReservedForWhatAHeaderPromises() throws {
        var assembler = ContentAssembler(bodyLimit: 100)
        try assembler.begin(head)
        #expect(try assembler.header(bodySize: .max, MessageProperties())?.body == nil)
        #expect(try assembler.body([1])?.body == nil)
    }

    @Test func aFrameOutOfOrderIsAnError() async throws {
        var assembler = ContentAssembler(bodyLimit: 100)
        _ = try await failure { try assembler.body([1]) }
        _ = try await failure { try assembler.header(bodySize: 1, MessageProperties()) }
        try assembler.begin(head)
        _ = try await failure { try assembler.begin(head) }
        _ = try assembler.header(bodySize: 1, MessageProperties())
        let error = try await failure { try assembler.body([1, 2]) }
        #expect(error.code == .connectionLost)
    }
}
