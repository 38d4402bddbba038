import FaultyProxy
import Foundation
import Glibc
import Hashing
import PrivateBucket
import Testing

@testable import S3

/// A bucket of a real server, which a client that is not ours looks into.
@Suite(.timeLimit(.minutes(5))) struct BucketTests {
    @Test func whatIsPutIsThereUnderItsKeyWithItsChecksum() async throws {
        let store = try PrivateBucket()
        // The server knows no path with a line break; no key of ours has one.
        let keys = SignerTests.keys.filter { !$0.utf8.contains(UInt8(ascii: "\n")) }
        for key in keys {
            let content = Array("the content of \(key)".utf8)
            try await store.bucket.put(key, content)
            #expect(try store.content(of: key) == Data(content), "\(key.debugDescription)")
            #expect(try await store.bucket.size(of: key) == content.count)
            #expect(try await store.bucket.read(key, from: 4, limit: 7) == Array("content".utf8))
            let checksum = Data(SHA256.hash(content).bytes).base64EncodedString()
            #expect(try store.head(key)["ChecksumSHA256"] == checksum)
        }
        let listed = try await store.bucket.objects(below: "")
        // To Swift, texts that differ only in how their accents are written are the same.
        #expect(Set(listed.map { Array($0.key.utf8) }) == Set(keys.map { Array($0.utf8) }))
        #expect(listed.allSatisfy { $0.size == "the content of \($0.key)".utf8.count })
        for object in listed {
            #expect(abs(object.modified.timeIntervalSinceNow) < 3_600)
            try await store.bucket.delete(object.key)
        }
        #expect(try store.objects().isEmpty)
    }

    @Test func whatIsEmptyOrNotThereIsTold() async throws {
        let bucket = try PrivateBucket().bucket
        try await bucket.put("empty", [])
        #expect(try await bucket.size(of: "empty") == 0)
        #expect(try await bucket.read("empty", from: 0, limit: 10) == [])
        #expect(try await bucket.size(of: "none") == nil)
        #expect(try await bucket.read("none", from: 0, limit: 10) == nil)
        try await bucket.delete("none")
        try await bucket.put("short", [1, 2, 3])
        #expect(try await bucket.read("short", from: 2, limit: 10) == [3])
        #expect(try await bucket.read("short", from: 3, limit: 10) == [])
    }

    @Test func aBucketThatIsNotThereIsNotAnEmptyOne() async throws {
        var settings = SignerTests.settings("none", port: try PrivateBucket().port)
        settings.name = "no-such-\(UUID().uuidString.lowercased())"
        let bucket = Bucket(settings)
        for call in [
            { _ = try await bucket.size(of: "a") },
            { _ = try await bucket.read("a", from: 0, limit: 1) },
            { try await bucket.put("a", []) }, { _ = try await bucket.objects(below: "") },
            { try await bucket.delete("a") },
        ] as [() async throws -> Void] {
            let error = await #expect(throws: S3Error.self) { try await call() }
            #expect(error?.code == "NoSuchBucket")
        }
    }

    @Test func keysAreBelowThePrefixAndListedWithoutIt() async throws {
        let store = try PrivateBucket()
        var settings = SignerTests.settings(store.name, port: store.port)
        settings.prefix = "some/where-"
        settings.encryption = .aes256
        let bucket = Bucket(settings)
        for key in ["a/1/x", "a/1/y/z", "a/2", "b/1/x", "c"] { try await bucket.put(key, [0]) }
        try store.put("another", Data())
        #expect(try store.objects().keys.contains("some/where-a/1/x"))
        #expect(try store.head("some/where-c")["ServerSideEncryption"] == "AES256")
        #expect(try await bucket.objects(below: "a/1/").map(\.key) == ["a/1/x", "a/1/y/z"])
        #expect(try await bucket.directories(below: "") == ["a", "b"])
        #expect(try await bucket.directories(below: "a/") == ["1"])
    }

    @Test func aListIsReadToItsEnd() async throws {
        let store = try PrivateBucket()
        let bucket = store.bucket
        // A page has 1,000.
        await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for number in stride(from: worker, to: 1_100, by: 8) {
                        try await bucket.put("many/\(number)", [])
                    }
                }
            }
        }
        #expect(try await bucket.objects(below: "many/").count == 1_100)
    }

    @Test func aLinkGivesTheFileForSavingAndNotForShowing() async throws {
        let store = try PrivateBucket()
        try await store.bucket.put("a=b+c.html", Array("<script>".utf8))
        let link = store.bucket.link(
            to: "a=b+c.html",
            for: .seconds(60),
            fields: [
                "content-type": "application/octet-stream",
                "content-disposition": "attachment; filename=\"a=b+c.html\"",
            ]
        )
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/curl")
        process.arguments = ["-sS", "-i", link]
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        #expect(text.lowercased().contains("content-type: application/octet-stream"))
        #expect(text.contains("attachment; filename=\"a=b+c.html\""))
        #expect(text.hasSuffix("<script>"))
    }

    // MARK: - Files

    @Test func aLargeFileIsPutInPartsThatAreCheckedEach() async throws {
        let store = try PrivateBucket()
        let file = try LargeFile(size: Bucket.partsFrom + 5)
        let ranges = Ranges()
        try await store.bucket.put("large", from: file) { range in
            await ranges.add(range)
            return try file.digest(range)
        }
        #expect(await ranges.all.map(\.count) == [16 << 20, 16 << 20, 16 << 20, 16 << 20, 5])
        #expect(try store.objects() == ["large": file.size])
        let middle = try await store.bucket.read("large", from: 40 << 20, limit: 1 << 20)
        #expect(middle == Array(try file.bytes((40 << 20)..<(41 << 20))))
        #expect(try await store.bucket.read("large", from: file.size - 5, limit: 100)?.count == 5)
        #expect(try store.head("large")["ChecksumSHA256"] != nil)
        #expect(try store.unfinished() == 0)
    }

    @Test func whatFailsAmongItsPartsIsGivenUp() async throws {
        let store = try PrivateBucket()
        let file = try LargeFile(size: Bucket.partsFrom)
        await #expect(throws: CancellationError.self) {
            try await store.bucket.put("large", from: file) { range in
                if range.lowerBound >= 32 << 20 { throw CancellationError() }
                return try file.digest(range)
            }
        }
        #expect(try store.objects().isEmpty)
        #expect(try store.unfinished() == 0)
    }

    @Test func whatIsTornIsNotThereAndIsPutAgain() async throws {
        let store = try PrivateBucket()
        let proxy = FaultyProxy(before: store.port)
        defer { proxy.stop() }
        let bucket = Bucket(SignerTests.settings(store.name, port: proxy.port))
        let file = try LargeFile(size: 4 << 20)
        proxy.freeze(at: file.mark, from: .client, dropping: true)
        async let put: Void = bucket.put("torn", from: file) { try file.digest($0) }
        while proxy.mode != .frozen { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try store.objects().isEmpty)
        proxy.mode = .forwarding
        proxy.cut()
        try await put
        #expect(try store.content(of: "torn") == file.bytes(0..<file.size))
    }

    @Test func aStoreThatIsAwayIsTriedAgainAndThenNamed() async throws {
        let store = try PrivateBucket()
        let proxy = FaultyProxy(before: store.port)
        defer { proxy.stop() }
        let bucket = Bucket(SignerTests.settings(store.name, port: proxy.port))
        proxy.mode = .refusing
        let error = await #expect(throws: S3Error.self) { try await bucket.put("a", [1]) }
        #expect(error?.isRetryable == true)
        #expect(error?.message.contains("object store") == true)
        proxy.mode = .forwarding
        try await bucket.put("a", [1])
        #expect(try store.objects() == ["a": 1])
    }
}

/// A file of a test that has a mark in its middle and no two pieces alike.
private final class LargeFile: Sendable {
    let size: Int
    let mark = Array("the mark \(UUID())".utf8)
    private let url = URL.temporaryDirectory.appending(path: "sandmill-\(UUID())")

    init(size: Int) throws {
        self.size = size
        var content = Data(count: size)
        for offset in stride(from: 0, to: size - 8, by: 4_096) {
            content.replaceSubrange(offset..<offset + 8, with: Data("\(offset + 10_000_000)".utf8))
        }
        content.replaceSubrange((size / 2 + 100)..<(size / 2 + 100 + mark.count), with: mark)
        try content.write(to: url)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func open() throws -> CInt {
        let descriptor = unsafe Glibc.open(url.path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        return descriptor
    }

    func bytes(_ range: Range<Int>) throws -> Data {
        let file = try FileHandle(forReadingFrom: url)
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(range.lowerBound))
        return try file.read(upToCount: range.count) ?? Data()
    }

    func digest(_ range: Range<Int>) throws -> Digest { SHA256.hash(try bytes(range)) }
}

private actor Ranges {
    private(set) var all: [Range<Int>] = []

    func add(_ range: Range<Int>) { all.append(range) }
}

extension Bucket {
    fileprivate func put(
        _ key: String,
        from file: LargeFile,
        digest: (Range<Int>) async throws -> Digest
    ) async throws {
        try await put(
            key,
            takingOwnershipOf: try file.open(),
            size: file.size,
            digest: digest
        )
    }
}
