import TestSupport
import Testing

/// The inputs that `ops/fuzz` has found, and others near them.
@Suite(.timeLimit(.minutes(5)))
struct CorpusTests {
    @Test(arguments: FuzzedDecoder.allCases)
    func everyInputOfTheCorpusKeepsTheProperties(_ decoder: FuzzedDecoder) throws {
        let corpus = try Corpus(of: decoder)
        try #require(corpus.inputs.count > 30)
        for (name, bytes) in corpus.inputs {
            #expect(throws: Never.self, "\(name)") { try decoder.check(bytes) }
        }
    }

    @Test(arguments: FuzzedDecoder.allCases, 1...4 as ClosedRange<UInt64>)
    func everyMutantOfTheCorpusKeepsTheProperties(_ decoder: FuzzedDecoder, seed: UInt64) throws {
        let corpus = try Corpus(of: decoder)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let input = corpus.mutant(using: &random)
            do {
                try decoder.check(input)
            } catch {
                Issue.record("\(error): \(input)")
                return
            }
        }
    }

    @Test(arguments: FuzzedDecoder.allCases)
    func theCorpusIsSmall(_ decoder: FuzzedDecoder) throws {
        let inputs = try Corpus(of: decoder).inputs
        #expect(inputs.count <= 210)
        #expect(inputs.allSatisfy { $0.bytes.count <= 4_096 })
    }
}
