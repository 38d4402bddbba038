internal import CSandboxAgent
internal import Glibc
internal import SandboxProtocol

/// Finds the files a program has made and reports those to keep, in the order of their paths.
///
/// It runs when no process of the program is left, so nothing changes under it; it follows no link.
struct OutputCollector {
    private static let depthLimit = 64
    private static let entryLimit = 200_000

    private let channel: FrameChannel
    private let inputs: [[UInt8]: FileMark]
    /// What is asked for; nil for every file that was created or changed.
    private let pattern: GlobPattern?
    /// Of each pattern, the index of what is asked for.
    private let askedFor: [Int]
    /// Whether something was found of each that is asked for.
    private var isFound: [Bool]
    private var bytesLeft: UInt64
    private var filesLeft: UInt32
    private var entriesLeft = entryLimit
    /// One less than may be told of: the last says that there are more.
    private var skippedLeft = FrameLimits.skipped - 1
    private var pathBytesLeft = FrameLimits.paths - FrameLimits.path
    private var saysThereAreMore = false

    /// Keeps what `run` asks for; `inputs` are the files it was given.
    init(_ run: Run, inputs: [[UInt8]: FileMark], reportingTo channel: FrameChannel) {
        self.channel = channel
        self.inputs = inputs
        var patterns: [String] = []
        var askedFor: [Int] = []
        for (index, alternatives) in run.outputs.enumerated() {
            // What is a directory stands for all below it.
            for pattern in alternatives.flatMap({ [$0, "\($0)/**"] }) {
                patterns.append(pattern)
                askedFor.append(index)
            }
        }
        pattern = run.outputs.isEmpty ? nil : GlobPattern(anyOf: patterns)
        self.askedFor = askedFor
        isFound = Array(repeating: false, count: run.outputs.count)
        bytesLeft = run.limits.outputBytes
        filesLeft = run.limits.outputFiles
    }

    /// Reports the files in a directory and below.
    mutating func collect(_ directory: borrowing Descriptor) throws(SystemError) {
        try collect(directory, path: [], pattern?.beginning, depth: 0)
        for (index, isFound) in isFound.enumerated() where !isFound {
            channel.sendWaiting(.missing(pattern: UInt32(index)))
        }
    }

    /// Goes on in a directory, to which the pattern has made `progress`.
    private mutating func collect(
        _ directory: borrowing Descriptor,
        path: [UInt8],
        _ progress: GlobPattern.Progress?,
        depth: Int
    ) throws(SystemError) {
        func below(_ name: [UInt8]) -> [UInt8] {
            path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
        }
        var names = try DirectoryListing(of: directory, limit: entriesLeft).names
        entriesLeft -= min(names.count, entriesLeft)
        if entriesLeft == 0, let last = names.popLast() { skip(below(last), .tooMany) }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let path = below(name)
            let progress = advance(progress, over: name)
            let cName = (name + [0]).map { CChar(bitPattern: $0) }
            var status = stat()
            try check(
                unsafe fstatat(directory.number, cName, &status, AT_SYMLINK_NOFOLLOW),
                "fstatat"
            )
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                _ = isMatch(progress)
                try descend(into: cName, of: directory, path, progress, depth + 1)
            case S_IFREG:
                guard isWanted(path, progress, status) else { continue }
                try consider(cName, of: directory, path, status)
            case S_IFLNK:
                if isWanted(path, progress, status) { skip(path, .symlink) }
            default:
                if isWanted(path, progress, status) { skip(path, .notRegular) }
            }
        }
    }

    private mutating func descend(
        into name: [CChar],
        of parent: borrowing Descriptor,
        _ path: [UInt8],
        _ progress: GlobPattern.Progress?,
        _ depth: Int
    ) throws(SystemError) {
        guard depth < Self.depthLimit else { return skip(path, .tooDeep) }
        guard path.count < FrameLimits.path else { return skip(path, .pathTooLong) }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let child = try Descriptor(
            unsafe sandbox_open_beneath(parent.number, name, flags, 0),
            "open a directory"
        )
        try collect(child, path: path, advance(progress, over: [UInt8(ascii: "/")]), depth: depth)
    }

    private func advance(
        _ progress: GlobPattern.Progress?,
        over bytes: [UInt8]
    ) -> GlobPattern.Progress? {
        progress.flatMap { pattern?.advance($0, over: bytes) }
    }

    private mutating func isWanted(
        _ path: [UInt8],
        _ progress: GlobPattern.Progress?,
        _ status: stat
    ) -> Bool {
        guard pattern != nil else { return inputs[path] != FileMark(status) }
        return isMatch(progress)
    }

    /// Whether a path that ends here is asked for, which is noted as found.
    private mutating func isMatch(_ progress: GlobPattern.Progress?) -> Bool {
        guard let pattern, let progress, pattern.isMatch(progress) else { return false }
        if isFound.contains(false) {
            for index in pattern.matching(progress) { isFound[askedFor[index]] = true }
        }
        return true
    }

    private mutating func consider(
        _ name: [CChar],
        of parent: borrowing Descriptor,
        _ path: [UInt8],
        _ status: stat
    ) throws(SystemError) {
        let size = UInt64(status.st_size)
        guard path.count <= FrameLimits.path else { return skip(path, .pathTooLong) }
        guard filesLeft > 0, path.count <= pathBytesLeft else { return skip(path, .tooMany) }
        guard size <= bytesLeft else { return skip(path, .tooLarge) }
        // A lease that a descriptor in flight holds would make the call wait (fcntl(2), F_SETLEASE).
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
        let opened = unsafe sandbox_open_beneath(parent.number, name, flags, 0)
        guard opened >= 0 else { return skip(path, .unreadable) }
        filesLeft -= 1
        bytesLeft -= size
        pathBytesLeft -= path.count
        try send(Descriptor(takingOwnershipOf: opened), path, size)
    }

    private func send(
        _ file: borrowing Descriptor,
        _ path: [UInt8],
        _ size: UInt64
    ) throws(SystemError) {
        channel.sendWaiting(.file(path: path, size: size))
        var left = size
        while left > 0 {
            let chunk = Int(min(left, UInt64(FrameLimits.chunk)))
            guard case .bytes(let bytes) = file.read(upTo: chunk) else {
                throw SystemError("a file ends before its size", code: EIO)
            }
            left -= UInt64(bytes.count)
            channel.sendWaiting(.content(bytes))
        }
    }

    private mutating func skip(_ path: [UInt8], _ reason: Report.SkipReason) {
        if path.count > FrameLimits.path, let slash = path.lastIndex(of: UInt8(ascii: "/")) {
            // A path that is cut anywhere may be none; the directory's own is short enough.
            return skip(Array(path[..<slash]), .pathTooLong)
        }
        if skippedLeft > 0, path.count <= pathBytesLeft {
            skippedLeft -= 1
            pathBytesLeft -= path.count
            channel.sendWaiting(.skipped(path: path, reason: reason))
        } else if !saysThereAreMore {
            saysThereAreMore = true
            channel.sendWaiting(.skipped(path: path, reason: .tooMany))
        }
    }
}
