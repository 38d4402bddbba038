public import FoundationEssentials

/// Who waits for which end, and by which queue it comes.
///
/// 1. A place is there from before its execution is submitted, so no end is missed.
/// 2. Each place gets at most one end, and is woken at most once.
/// 3. An end is pushed to a place whose queue is the one that is consumed. Only the others are
///    looked up.
struct CompletionWaiters {
    /// Somebody's place on the board.
    typealias Place = Int

    private struct Entry {
        let execution: UUID
        var queue: String?
        var end: CompletedExecution?
        var waiter: CheckedContinuation<CompletedExecution?, Never>?
    }

    /// The queue that is consumed now.
    var queue: String?
    private var entries: [Place: Entry] = [:]
    private var places: [UUID: Set<Place>] = [:]
    private var lastPlace = 0

    /// How many have a place.
    var count: Int { entries.count }

    /// Takes a place for an execution that is to be submitted with the queue of now.
    mutating func takePlace(for execution: UUID) -> Place {
        lastPlace += 1
        entries[lastPlace] = Entry(execution: execution, queue: queue)
        places[execution, default: []].insert(lastPlace)
        return lastPlace
    }

    /// Says that the end will not be pushed, as that of an execution that was submitted before.
    mutating func expectNoPush(to place: Place) {
        entries[place]?.queue = nil
    }

    /// Whether somebody waits for an execution.
    func wants(_ execution: UUID) -> Bool { places[execution] != nil }

    /// Lets `waiter` wait at a place; the end comes at once where it is known.
    mutating func wait(
        at place: Place,
        _ waiter: CheckedContinuation<CompletedExecution?, Never>
    ) {
        guard let entry = entries[place], entry.end == nil else {
            waiter.resume(returning: entries[place]?.end)
            return
        }
        entries[place]?.waiter = waiter
    }

    /// Tells an end to all who wait for it.
    mutating func tell(_ end: CompletedExecution) {
        for place in places[end.id] ?? [] {
            entries[place]?.end = end
            entries[place]?.waiter.take()?.resume(returning: end)
        }
    }

    /// Gives a place up; whoever waits there gets nothing.
    mutating func giveUp(_ place: Place) {
        guard let entry = entries.removeValue(forKey: place) else { return }
        entry.waiter?.resume(returning: nil)
        places[entry.execution]?.remove(place)
        if places[entry.execution]?.isEmpty == true { places[entry.execution] = nil }
    }

    /// The executions whose ends will not be pushed.
    var unpushed: Set<UUID> {
        Set(
            entries.values
                .filter { $0.end == nil && ($0.queue == nil || $0.queue != queue) }
                .map(\.execution)
        )
    }
}

/// The end of an execution.
public struct CompletedExecution: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Its result document, JSON on one line.
    public var document: String
}
