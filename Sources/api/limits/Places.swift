internal import Hummingbird
internal import Synchronization

/// A bounded number of places, each taken until the last who holds it lets it go.
final class Places: Sendable {
    /// One place.
    final class Place: Sendable {
        private let places: Places

        fileprivate init(_ places: Places) {
            self.places = places
        }

        deinit {
            places.taken.subtract(1, ordering: .relaxed)
        }
    }

    private let limit: Int
    private let what: String
    private let taken = Atomic(0)

    /// Has `limit` places, for `what`, which a problem names.
    init(_ limit: Int, for what: String) {
        self.limit = limit
        self.what = what
    }

    /// How many are taken.
    var takenCount: Int { taken.load(ordering: .relaxed) }

    /// Takes a place.
    ///
    /// - Throws: ``Problem`` when there is none.
    func take() throws(Problem) -> Place {
        guard taken.add(1, ordering: .relaxed).newValue <= limit else {
            taken.subtract(1, ordering: .relaxed)
            throw Problem(
                .overloaded,
                "there are \(limit) \(what) already",
                headers: [.retryAfter: "1"]
            )
        }
        return Place(self)
    }
}
