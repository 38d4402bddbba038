public import Testing

/// One thing that everything which implements a port has to do, whatever it is made of.
///
/// Each check gets a subject in which there is nothing.
public struct Conformance<Subject>: Sendable, CustomTestStringConvertible {
    /// What is checked.
    public let testDescription: String
    /// Checks it.
    public let check: @Sendable (Subject) async throws -> Void

    init(_ description: String, _ check: @escaping @Sendable (Subject) async throws -> Void) {
        testDescription = description
        self.check = check
    }
}
