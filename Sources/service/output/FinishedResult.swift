public import SandmillEntity

/// A result that is to be put in place.
public struct FinishedResult: Sendable {
    /// Bytes for a file that are not in the staging area yet.
    public struct Content: Sendable {
        /// The file, relative to the result's directory.
        public let file: OutputPath
        /// Where in the file they begin; all before them is in the staging area.
        public let offset: Int
        /// The bytes.
        public var bytes: [UInt8]

        /// Describes what a file is to get.
        public init(file: OutputPath, offset: Int = 0, bytes: [UInt8]) {
            self.file = file
            self.offset = offset
            self.bytes = bytes
        }
    }

    /// A file that is to have the content of another.
    public struct Copy: Equatable, Sendable {
        /// The file whose content it is, relative to the result's directory.
        public let source: OutputPath
        /// The file that gets it.
        public let target: OutputPath

        /// Describes a copy.
        public init(of source: OutputPath, to target: OutputPath) {
            self.source = source
            self.target = target
        }
    }

    /// Its directory in the staging area.
    public let name: String
    /// Its place, relative to the root.
    public let path: String
    /// What is not in the staging area yet.
    public let contents: [Content]
    /// What is copied when all content is there.
    public let copies: [Copy]
    /// How many bytes it has in all, about.
    public let size: ByteCount
    /// How many times the store may have lost what was staged before anything of this was; nil when
    /// nothing is staged.
    public let lossesBefore: Int?

    /// Describes a result.
    public init(
        name: String,
        path: String,
        contents: [Content],
        copies: [Copy] = [],
        size: ByteCount = .zero,
        lossesBefore: Int? = nil
    ) {
        self.name = name
        self.path = path
        self.contents = contents
        self.copies = copies
        self.size = size
        self.lossesBefore = lossesBefore
    }
}
