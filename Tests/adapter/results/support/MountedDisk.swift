import Foundation
import Testing

/// A file system of a test's own, which is mounted as long as the test runs.
struct MountedDisk {
    /// Where it is mounted.
    let path: String
    /// What makes its store full; nil where it is its own store.
    private let ballast: String?

    /// Runs `body` with one in memory.
    static func inMemory(
        size: String,
        files: Int = 10_000,
        _ body: (MountedDisk) async throws -> Void
    ) async throws {
        try await withDirectory { base in
            try await mountMemory(size: size, files: files, at: base)
            try await unmounting(base) {
                try await body(MountedDisk(path: base, ballast: nil))
            }
        }
    }

    /// Runs `body` with a disk that takes every write, and finds out only when it writes back whether
    /// its store has room: while that is full, what is written is lost.
    static func losingWrites(_ body: (MountedDisk) async throws -> Void) async throws {
        try await withDirectory { base in
            try await mountMemory(size: "24m", files: 100, at: base)
            try await unmounting(base) {
                let (image, path) = ("\(base)/image", "\(base)/disk")
                try await execute("truncate", "-s", "64M", image)
                let options = ["-E", "lazy_itable_init=0,nodiscard", "-b", "4096", "-N", "512"]
                try await execute(
                    "mkfs.ext4",
                    ["-q", "-F", "-O", "^has_journal"] + options + [image]
                )
                try FileManager.default.createDirectory(
                    atPath: path,
                    withIntermediateDirectories: false
                )
                try await execute("mount", "-o", "loop,errors=continue", image, path)
                try await unmounting(path) {
                    try await body(MountedDisk(path: path, ballast: "\(base)/ballast"))
                }
            }
        }
    }

    /// Leaves the store room for so many pages.
    func fillStore(leaving pages: Int = 0) throws {
        let ballast = try #require(ballast)
        try Data().write(to: URL(filePath: ballast))
        let file = try #require(FileHandle(forWritingAtPath: ballast))
        defer { try? file.close() }
        for size in [1 << 20, 4_096] {
            let zeros = Data(count: size)
            while (try? file.write(contentsOf: zeros)) != nil {}
        }
        let size = try file.seekToEnd() & ~4_095
        try file.truncate(atOffset: size - UInt64(pages * 4_096))
    }

    /// Gives the store room again.
    func emptyStore() throws {
        try FileManager.default.removeItem(atPath: try #require(ballast))
    }

    /// Takes it away from its path, while those who have something open on it keep that.
    func detach() async throws {
        try await Self.execute("umount", "--lazy", path)
    }

    /// Mounts it again with other options.
    func remount(_ options: String) async throws {
        try await Self.execute("mount", "-o", "remount,\(options)", path)
    }

    static func mountMemory(size: String, files: Int = 10_000, at path: String) async throws {
        try await execute(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "size=\(size),nr_inodes=\(files)",
            "tmpfs",
            path
        )
    }

    static func execute(_ program: String, _ arguments: String...) async throws {
        try await execute(program, arguments)
    }

    private static func execute(_ program: String, _ arguments: [String]) async throws {
        let status = try await run(program, arguments)
        try #require(
            status == 0,
            "these tests mount file systems, as root: \(program) \(arguments)"
        )
    }

    private static func run(_ program: String, _ arguments: [String]) async throws -> Int32 {
        let (exits, exit) = AsyncStream<Int32>.makeStream()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardError = FileHandle.nullDevice
        process.terminationHandler = { process in exit.yield(process.terminationStatus) }
        try process.run()
        return try #require(await exits.first { _ in true }, "the wait was cancelled")
    }

    private static func withDirectory(_ body: (String) async throws -> Void) async throws {
        let base = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: base) }
        try await body(base.path)
    }

    private static func unmounting(
        _ path: String,
        _ body: () async throws -> Void
    ) async throws {
        let ended: Result<Void, any Error>
        do { ended = .success(try await body()) } catch { ended = .failure(error) }
        // A test may have detached it.
        _ = try? await run("umount", ["--lazy", path])
        try ended.get()
    }
}
