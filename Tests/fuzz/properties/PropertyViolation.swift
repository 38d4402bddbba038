/// A hostile input found something that does not hold.
struct PropertyViolation: Error, CustomStringConvertible {
    /// What should hold.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Holds a property to its word.
func require(
    _ holds: Bool,
    _ property: @autoclosure () -> String
) throws(PropertyViolation) {
    guard holds else { throw PropertyViolation(property()) }
}
