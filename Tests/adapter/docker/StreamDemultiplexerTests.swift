import Testing

@testable import SandmillDocker

struct StreamDemultiplexerTests {
    private let stream: [UInt8] =
        [1, 0, 0, 0, 0, 0, 0, 3] + Array("abc".utf8)
        + [2, 0, 0, 0, 0, 0, 0, 2] + Array("no".utf8)
        + [1, 0, 0, 0, 0, 0, 0, 0]
        + [1, 0, 0, 0, 0, 0, 1, 1] + [UInt8](repeating: 0x64, count: 257)

    @Test func bothStreamsComeOutWherePiecesAreCutAnywhere() throws {
        let expected = Array("abc".utf8) + [UInt8](repeating: 0x64, count: 257)
        for cut in 0...stream.count {
            var demultiplexer = StreamDemultiplexer()
            let early = try demultiplexer.separate(Array(stream[..<cut]))
            let late = try demultiplexer.separate(Array(stream[cut...]))
            #expect(early.output + late.output == expected)
            #expect(early.diagnostics + late.diagnostics == Array("no".utf8))
        }
    }

    @Test(arguments: [[0, 0, 0, 0], [3, 0, 0, 0], [1, 0, 0, 1], [0x48, 0x54, 0x54, 0x50]])
    func headOfNoEngineIsRefused(start: [UInt8]) {
        var demultiplexer = StreamDemultiplexer()
        #expect(throws: StreamDemultiplexer.Malformed.self) {
            try demultiplexer.separate(start + [0, 0, 0, 1, 0x61])
        }
    }
}
