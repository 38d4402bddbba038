/// The messages of one channel that the broker has not confirmed yet, by sequence number.
///
/// The broker counts a channel's messages from 1 and confirms them in any order, one at a time or
/// all up to a number.
///
/// Invariants:
/// 1. `first` is the lowest number that is not settled; `next` is the one the next message gets.
/// 2. `next - first` never exceeds ``capacity``.
/// 3. Slot `n % capacity` holds message `n` from ``append(_:)`` until it is settled, once.
struct ConfirmWindow<Entry> {
    /// How many numbers may be between the oldest unsettled message and the newest.
    let capacity: Int

    private var slots: [Entry?]
    private var first: UInt64 = 1
    private var next: UInt64 = 1

    init(capacity: Int) {
        self.capacity = capacity
        slots = Array(repeating: nil, count: capacity)
    }

    var isEmpty: Bool { first == next }

    var isFull: Bool { next - first == capacity }

    /// Takes a message that was just written; the window must not be full.
    mutating func append(_ entry: Entry) {
        precondition(!isFull, "a confirm window was overrun")
        slots[index(next)] = entry
        next += 1
    }

    /// Settles message `number`, or every unsettled one up to it; 0 with `multiple` means all.
    ///
    /// - Returns: The entries, oldest first; none if the broker repeats itself.
    mutating func settle(_ number: UInt64, multiple: Bool) -> [Entry] {
        let last = number == 0 && multiple ? next - 1 : number
        guard first..<next ~= last else { return [] }
        let settled = (multiple ? first...last : last...last).compactMap { number in
            slots[index(number)].take()
        }
        while first < next, slots[index(first)] == nil { first += 1 }
        return settled
    }

    /// Settles everything: the channel is gone.
    mutating func settleAll() -> [Entry] {
        isEmpty ? [] : settle(0, multiple: true)
    }

    /// Changes the oldest unsettled entry for which `change` returns `true`.
    mutating func updateFirst(where change: (inout Entry) -> Bool) {
        for number in first..<next {
            guard var entry = slots[index(number)], change(&entry) else { continue }
            slots[index(number)] = entry
            return
        }
    }

    private func index(_ number: UInt64) -> Int {
        Int(number % UInt64(capacity))
    }
}
