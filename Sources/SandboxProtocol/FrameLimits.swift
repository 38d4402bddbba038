/// The bounds that both ends of a sandbox's stream keep to, whatever the other end sends.
public enum FrameLimits {
    /// The version both ends must share; the agent names it in its first frame.
    public static let protocolVersion: UInt32 = 5

    /// The most bytes a frame's payload may have, its type byte included.
    public static let payload = 1 << 20

    /// The most bytes of content that a sender puts into one frame.
    public static let chunk = 64 << 10

    /// The most bytes a path may have.
    public static let path = 4_096

    /// The most bytes that a run's arguments and environment may have together, the entrypoint and a
    /// byte behind each included.
    public static let arguments = 128 << 10

    /// The most bytes of what a compiler that succeeded has said that are told.
    public static let buildOutput = 4 << 10

    /// The most files that are not kept of which a run tells.
    public static let skipped = 1_000

    /// The most bytes of all paths together of which a run tells, so that its document stays of a
    /// size that every store and broker takes.
    public static let paths = 256 << 10

    /// The most elements a list in a frame may have.
    public static let elements = 10_000
}
