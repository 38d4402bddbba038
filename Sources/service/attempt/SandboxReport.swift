public import SandmillEntity

/// What a run leaves beside its output.
public struct SandboxReport: Equatable, Sendable {
    /// How the program ended, or the compiler if that made none.
    public var exit: ProgramExit
    /// How the compiler ended; nil where nothing is built.
    public var build: ProgramExit?
    /// Whether there was a program to start.
    public var isBuilt: Bool
    /// Whether the agent proved that nothing of the program is left, but what was to be kept of it;
    /// else the sandbox must go.
    public var isClean: Bool

    /// Puts a report together.
    public init(
        exit: ProgramExit,
        build: ProgramExit? = nil,
        isBuilt: Bool = true,
        isClean: Bool
    ) {
        self.exit = exit
        self.build = build
        self.isBuilt = isBuilt
        self.isClean = isClean
    }
}
