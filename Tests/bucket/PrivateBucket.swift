public import Foundation
import Synchronization
import Testing

/// A bucket of a test's own, in an object store of this test run's own.
///
/// The store is moto, which ends when the test process does, however that ends. What a test sees of it, it sees through
/// boto3.
public struct PrivateBucket: Sendable {
    /// Its name.
    public let name = "test-\(UUID().uuidString.lowercased())"
    private let store: Store

    /// Makes one; the first starts the store.
    public init() throws {
        store = try Store.shared.get()
        _ = try ask("make")
    }

    /// Where the store listens on 127.0.0.1.
    public var port: Int { store.port }

    /// The keys of all objects, with their sizes.
    public func objects() throws -> [String: Int] {
        try #require(try ask("objects") as? [String: Int])
    }

    /// What an object is.
    public func content(of key: String) throws -> Data {
        let text = try #require(try ask("get", ["key": key]) as? String)
        return try #require(Data(base64Encoded: text))
    }

    /// Puts an object.
    public func put(_ key: String, _ content: Data) throws {
        _ = try ask("put", ["key": key, "body": content.base64EncodedString()])
    }

    /// What the store says of an object: `ChecksumSHA256`, `ServerSideEncryption`, `ContentLength`.
    public func head(_ key: String) throws -> [String: String] {
        let fields = try #require(try ask("head", ["key": key]) as? [String: Any])
        return fields.filter { !($0.value is NSNull) }.mapValues { "\($0)" }
    }

    /// How many objects in parts have been begun and neither completed nor given up.
    public func unfinished() throws -> Int {
        try #require(try ask("unfinished") as? Int)
    }

    /// The URL of botocore for reading an object.
    public func link(_ key: String, disposition: String) throws -> String {
        try #require(try ask("link", ["key": key, "disposition": disposition]) as? String)
    }

    /// What botocore would send for an operation: its URL, and its fields by their names in lower case.
    public func signed(
        _ operation: String,
        _ parameters: [String: Any]
    ) throws -> (url: String, headers: [String: String]) {
        let order = parameters.merging(["operation": operation, "Bucket": name]) { $1 }
        let answer = try #require(try store.ask("signed", order) as? [String: Any])
        return (
            try #require(answer["url"] as? String),
            try #require(answer["headers"] as? [String: String])
        )
    }

    private func ask(_ what: String, _ parameters: [String: Any] = [:]) throws -> Any {
        try store.ask(what, parameters.merging(["bucket": name]) { $1 })
    }
}

/// The store's process.
private final class Store: Sendable {
    static let shared = Result { try Store() }

    let port: Int
    private let process = Process()
    private let pipes: Mutex<(input: FileHandle, output: FileHandle)>

    init(filePath: String = #filePath) throws {
        let folder = URL(filePath: filePath).deletingLastPathComponent()
        let python = folder.appending(path: "../../.sandmill/python/bin/python").standardized
        try #require(
            FileManager.default.isExecutableFile(atPath: python.path),
            "these tests need the Python packages that ops/test installs"
        )
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = python
        process.arguments = [folder.appending(path: "store.py").path]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        pipes = Mutex((input.fileHandleForWriting, output.fileHandleForReading))
        let line = try Self.line(from: output.fileHandleForReading)
        let first = try JSONSerialization.jsonObject(with: line) as? [String: Int]
        port = try #require(first?["port"])
    }

    func ask(_ what: String, _ parameters: [String: Any]) throws -> Any {
        let order = try JSONSerialization.data(
            withJSONObject: parameters.merging(["do": what]) { $1 }
        )
        let line = try pipes.withLock { pipes in
            try pipes.input.write(contentsOf: order + Data("\n".utf8))
            return try Self.line(from: pipes.output)
        }
        let fields = try JSONSerialization.jsonObject(with: line) as? [String: Any]
        let answer = try #require(fields)
        try #require(answer["error"] == nil, "\(what): \(answer["error"] ?? "")")
        return answer["answer"] ?? NSNull()
    }

    private static func line(from file: FileHandle) throws -> Data {
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let data = file.availableData
            try #require(!data.isEmpty, "the object store has ended")
            line += data
        }
        return line
    }
}
