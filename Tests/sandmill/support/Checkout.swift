import Foundation

/// What the tests read of the sources that they were built from.
enum Checkout {
    /// Its root.
    static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized

    /// The documents for people and machines.
    static let config = root.appending(path: "config")

    /// A file as text.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
