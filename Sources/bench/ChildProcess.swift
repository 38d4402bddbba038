import Foundation

/// What the benchmark could not measure, in words for people.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Runs a program to its end; its standard output goes to `output`.
///
/// - Throws: ``BenchError`` for one that fails.
func runProcess(
    _ path: String,
    _ arguments: [String],
    output: FileHandle = .nullDevice
) async throws {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardOutput = output
    let (exits, exit) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = { process in
        exit.yield(process.terminationStatus)
        exit.finish()
    }
    try process.run()
    for await status in exits where status != 0 {
        throw BenchError("\(path) exited with code \(status)")
    }
}
