import SandmillService
import Synchronization

/// A queue of one consumer: what it has not acknowledged comes again, by the next channel or when it is
/// released.
final class FakeSource: MessageSource {
    private typealias Make = @Sendable (_ deliveries: Int, Settlement) -> Delivery

    private struct Entry {
        let name: String
        let make: Make
        var deliveries = 0
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var last = 0
        var channel = 0
        var deliver: (@Sendable (Delivery) -> Void)?
    }

    private let journal: Journal
    private let state = Mutex(State())

    init(journal: Journal) {
        self.journal = journal
    }

    /// How many it has, delivered or not.
    var count: Int { state.withLock { $0.entries.count } }

    /// Takes a message in, which `make` makes of how often it was delivered and of its settlement.
    func send(
        _ name: String,
        _ make: @escaping @Sendable (_ deliveries: Int, Settlement) -> Delivery
    ) {
        let id = state.withLock { state in
            state.last += 1
            state.entries[state.last] = Entry(name: name, make: make)
            return state.last
        }
        deliver(id)
    }

    /// Closes the channel, as the broker does; there is another at once.
    func closeChannel() {
        redeliver(by: state.withLock(\.deliver))
    }

    func run(deliver: @escaping @Sendable (Delivery) -> Void) async {
        journal.note(.consuming)
        redeliver(by: deliver)
        await Gate().pass()
        redeliver(by: nil)
        journal.note(.stoppedConsuming)
    }

    private func redeliver(by deliver: (@Sendable (Delivery) -> Void)?) {
        let ids = state.withLock { state in
            state.channel += 1
            state.deliver = deliver
            return state.entries.keys.sorted()
        }
        for id in ids { self.deliver(id) }
    }

    private func deliver(_ id: Int) {
        let (delivery, deliver) = state.withLock { state in
            guard let deliver = state.deliver, var entry = state.entries[id] else {
                return (Delivery?.none, state.deliver)
            }
            entry.deliveries += 1
            state.entries[id] = entry
            let settlement = settlement(of: id, named: entry.name, on: state.channel)
            return (entry.make(entry.deliveries, settlement), deliver)
        }
        if let delivery { deliver?(delivery) }
    }

    private func settlement(of id: Int, named name: String, on channel: Int) -> Settlement {
        Settlement(
            acknowledge: { [self] in
                let isOpen = state.withLock { state in
                    if state.channel == channel { state.entries[id] = nil }
                    return state.channel == channel
                }
                if isOpen { journal.note(.acknowledged(name)) }
            },
            release: { [self] in
                guard state.withLock({ $0.channel == channel }) else { return }
                journal.note(.released(name))
                deliver(id)
            },
            isStale: { [self] in state.withLock { $0.channel != channel || $0.deliver == nil } }
        )
    }
}

extension Settlement {
    /// That of a delivery which nobody asks for.
    static let ignored = Settlement(acknowledge: {}, release: {}, isStale: { false })
}
