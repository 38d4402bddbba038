public import FoundationEssentials
internal import SandmillEntity

/// Which page of a list is wanted.
public struct ListPageRequest: Equatable, Sendable {
    /// How long a page is when nobody says.
    public static let usualLimit = 100
    /// The longest page.
    public static let maximumLimit = 1_000
    /// What the parameters are called.
    public static let names = ["limit", "cursor"]

    /// The most that is on it, from 1 to ``maximumLimit``.
    public var limit: Int
    /// What it comes after; nil for the first page.
    public var cursor: ListCursor?

    /// Asks for a page.
    public init(limit: Int = usualLimit, after cursor: ListCursor? = nil) {
        precondition((1...Self.maximumLimit).contains(limit), "a page has its bounds")
        self.limit = limit
        self.cursor = cursor
    }

    /// Takes `limit` and `cursor` out of parameters, and leaves the others.
    public init(takenFrom parameters: inout [ListParameter]) throws(ListRefusal) {
        let reader = try ListReader(
            parameters.filter { Self.names.contains($0.name) },
            names: Self.names,
            now: Date()
        )
        parameters.removeAll { Self.names.contains($0.name) }
        limit = Self.usualLimit
        if let text = try reader.text("limit") {
            guard let limit = Int(text), (1...Self.maximumLimit).contains(limit), text.first != "+"
            else {
                throw ListRefusal("limit", "is not a number from 1 to \(Self.maximumLimit)")
            }
            self.limit = limit
        }
        if let text = try reader.text("cursor") {
            guard let cursor = ListCursor(text) else {
                throw ListRefusal("cursor", "is not what a page said comes next")
            }
            self.cursor = cursor
        }
    }
}

/// A page of a list, newest first.
public struct ListPage<Item: Sendable>: Sendable {
    /// What is on it.
    public var items: [Item]
    /// What the next page comes after; nil when this is the last.
    public var next: ListCursor?

    /// Puts a page together.
    public init(items: [Item], next: ListCursor? = nil) {
        self.items = items
        self.next = next
    }
}

extension ListPage: Equatable where Item: Equatable {}

/// Where a page of a list ends: a place in the order by time and id, so that what comes meanwhile moves
/// nothing from one page to another.
public struct ListCursor: Equatable, Sendable {
    /// The time of the last item in microseconds since 1970; nought in a list that goes by numbers.
    public var microseconds: Int64
    /// The last item.
    public var id: UUID

    /// Names a place.
    public init(microseconds: Int64, id: UUID) {
        self.microseconds = microseconds
        self.id = id
    }

    /// The place of an item of a list that goes by numbers.
    public init(number: Int64) {
        self.init(microseconds: number, id: Self.noID)
    }

    /// The text that clients have, which need not understand it.
    public var text: String {
        Data("\(microseconds) \(id.text)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Reads the text; nil for any other.
    public init?(_ text: String) {
        let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard text.utf8.count < 100, let data = Data(base64Encoded: base64 + padding),
            let words = String(validating: data, as: UTF8.self)?.split(separator: " "),
            words.count == 2, let microseconds = Int64(words[0]),
            let id = UUID(text: String(words[1]))
        else { return nil }
        self.init(microseconds: microseconds, id: id)
    }

    private static let noID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
