import TestSupport
import Testing

@testable import AMQP

@Suite struct ConfirmWindowTests {
    @Test func confirmationsMayComeInAnyOrder() {
        var window = ConfirmWindow<String>(capacity: 4)
        for entry in ["a", "b", "c"] { window.append(entry) }
        #expect(window.settle(3, multiple: false) == ["c"])
        #expect(window.settle(1, multiple: false) == ["a"])
        #expect(window.settle(2, multiple: false) == ["b"])
        #expect(window.isEmpty)
    }

    @Test func oneConfirmationMaySettleAllUpToIt() {
        var window = ConfirmWindow<String>(capacity: 4)
        for entry in ["a", "b", "c", "d"] { window.append(entry) }
        #expect(window.settle(2, multiple: false) == ["b"])
        #expect(window.settle(3, multiple: true) == ["a", "c"])
        #expect(window.settle(0, multiple: true) == ["d"])
    }

    @Test func aRepeatedOrUnknownConfirmationSettlesNothing() {
        var window = ConfirmWindow<String>(capacity: 4)
        window.append("a")
        #expect(window.settle(1, multiple: false) == ["a"])
        #expect(window.settle(1, multiple: false) == [])
        #expect(window.settle(1, multiple: true) == [])
        #expect(window.settle(2, multiple: true) == [])
        #expect(window.settle(0, multiple: true) == [])
    }

    @Test func theWindowIsFullUntilTheOldestIsSettled() {
        var window = ConfirmWindow<String>(capacity: 2)
        window.append("a")
        window.append("b")
        #expect(window.isFull)
        _ = window.settle(2, multiple: false)
        #expect(window.isFull)
        _ = window.settle(1, multiple: false)
        #expect(!window.isFull)
    }

    @Test func onlyTheFirstMatchIsChanged() {
        var window = ConfirmWindow<String>(capacity: 4)
        for entry in ["a", "b", "b"] { window.append(entry) }
        window.updateFirst { entry in
            guard entry == "b" else { return false }
            entry = "B"
            return true
        }
        #expect(window.settleAll() == ["a", "B", "b"])
        #expect(window.settleAll() == [])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func everyMessageIsSettledOnceUnderAnyOrder(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var window = ConfirmWindow<UInt64>(capacity: 16)
        var sent: UInt64 = 0
        var open: Set<UInt64> = []
        for _ in 0..<2_000 {
            if !window.isFull, Bool.random(using: &generator) {
                sent += 1
                window.append(sent)
                open.insert(sent)
            } else if let number = open.randomElement(using: &generator) {
                let multiple = Int.random(in: 0..<8, using: &generator) == 0
                let expected = multiple ? open.filter { $0 <= number } : [number]
                #expect(window.settle(number, multiple: multiple) == expected.sorted())
                open.subtract(expected)
            }
            #expect(window.isEmpty == open.isEmpty)
        }
        #expect(window.settleAll() == open.sorted())
    }
}
