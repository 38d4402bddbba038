/// What becomes of the program that a run builds; nothing to those that are not built.
public enum BuildUse: Sendable {
    /// It is built, run, and gone.
    case once
    /// It is built, run, and kept for the next run, until ``Sandbox/forgetProgram()``.
    case keep
    /// It was kept, is run, and stays.
    case reuse
}
