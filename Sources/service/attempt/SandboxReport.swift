public import SandmillEntity

/// What a run leaves beside its output.
public struct SandboxReport: Equatable, Sendable {
    /// How the program ended, or the compiler if that made none.
    public var exit: ProgramExit
    /// How the compiler ended; nil where nothing is built.
    public var build: ProgramExit?
    /// The beginning of what the compiler said, if it made a program; else that is the output.
    public var buildOutput: [UInt8]
    /// Whether there was a program to start.
    public var isBuilt: Bool
    /// Those of the program's ``Program/outputs`` that matched nothing.
    public var missing: [String]
    /// Whether the agent proved that nothing of the program is left, but what was to be kept of it;
    /// else the sandbox must go.
    public var isClean: Bool

    /// Puts a report together.
    public init(
        exit: ProgramExit,
        build: ProgramExit? = nil,
        buildOutput: [UInt8] = [],
        isBuilt: Bool = true,
        missing: [String] = [],
        isClean: Bool
    ) {
        self.exit = exit
        self.build = build
        self.buildOutput = buildOutput
        self.isBuilt = isBuilt
        self.missing = missing
        self.isClean = isClean
    }
}
