import TestSupport

extension Corpus {
    /// An input that differs from one of the corpus in a few places.
    func mutant(using random: inout SeededGenerator) -> [UInt8] {
        var input = inputs.randomElement(using: &random)?.bytes ?? []
        for _ in 0..<Int.random(in: 1...6, using: &random) { mutate(&input, using: &random) }
        return input
    }

    private func mutate(_ input: inout [UInt8], using random: inout SeededGenerator) {
        let index = Int.random(in: 0...input.count, using: &random)
        let end = min(index + Int.random(in: 1...16, using: &random), input.count)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: input.replaceSubrange(index..<end, with: [.random(in: 0...255, using: &random)])
        case 1: input.removeSubrange(index..<end)
        case 2: input.insert(contentsOf: input[index..<end], at: index)
        case 3: input.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: index)
        case 4:
            input.replaceSubrange(index..<end, with: tokens.randomElement(using: &random) ?? [])
        case 5:
            for index in index..<end {
                input[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        default:
            let other = inputs.randomElement(using: &random)?.bytes ?? []
            let start = Int.random(in: 0...other.count, using: &random)
            input.replaceSubrange(index..., with: other[start...])
        }
    }
}
