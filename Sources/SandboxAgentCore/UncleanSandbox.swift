/// Something of a run is left in the sandbox, or might be: it must be destroyed.
struct UncleanSandbox: Error {
    /// What is left, for the operator.
    let what: String
}
