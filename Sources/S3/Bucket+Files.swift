internal import Curl
internal import FoundationEssentials
public import Hashing

extension Bucket {
    /// From how many bytes on a file is put in parts.
    public static let partsFrom = 64 << 20
    /// How many bytes a part has; more where there would be more parts than a store takes.
    private static let partSize = 16 << 20
    private static let partLimit = 10_000

    /// Puts a file, over an object that is there, without ever holding more of it than libcurl sends at once.
    ///
    /// - Parameters:
    ///   - key: Its place.
    ///   - descriptor: The open file, which is closed by and by.
    ///   - size: How long it is.
    ///   - digest: Tells the SHA-256 of a range of it.
    /// - Throws: ``S3Error``, and what `digest` throws.
    public func put(
        _ key: String,
        takingOwnershipOf descriptor: CInt,
        size: Int,
        digest: (Range<Int>) async throws -> Digest
    ) async throws {
        let file = OpenFile(takingOwnershipOf: descriptor)
        guard size >= Self.partsFrom else {
            var order = Order(.put, key)
            order.file = FilePart(of: file, from: 0, count: size)
            order.payload = try await digest(0..<size)
            order.headers = newObject.merging(Self.checksum(order.payload)) { $1 }
            try await send(order)
            return
        }
        var start = Order(.post, key)
        start.query = ["uploads": ""]
        start.headers = newObject.merging(["x-amz-checksum-algorithm": "SHA256"]) { $1 }
        guard let upload = XMLText(try await send(start).body)["UploadId"] else {
            throw S3Error("the object store does not say how parts are put")
        }
        do {
            let parts = try await putParts(of: file, size: size, key: key, upload: upload, digest)
            try await complete(key, upload: upload, parts)
        } catch {
            // The store keeps, and charges for, the parts of what is neither completed nor given up.
            var end = Order(.delete, key)
            end.query = ["uploadId": upload]
            _ = try? await send(end)
            throw error
        }
    }

    /// Puts the parts one after the other, and returns what the store has to be told of them in the end.
    private func putParts(
        of file: OpenFile,
        size: Int,
        key: String,
        upload: String,
        _ digest: (Range<Int>) async throws -> Digest
    ) async throws -> String {
        let length = max(Self.partSize, (size + Self.partLimit - 1) / Self.partLimit)
        var parts = ""
        for (index, start) in stride(from: 0, to: size, by: length).enumerated() {
            let range = start..<min(start + length, size)
            var order = Order(.put, key)
            order.query = ["partNumber": "\(index + 1)", "uploadId": upload]
            order.file = FilePart(of: file, from: range.lowerBound, count: range.count)
            order.payload = try await digest(range)
            order.headers = Self.checksum(order.payload)
            guard let tag = try await send(order).headers["ETag"] else {
                throw S3Error("the object store does not say what it has of a part")
            }
            let checksum = Data(order.payload.bytes).base64EncodedString()
            parts +=
                "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(tag)</ETag>"
                + "<ChecksumSHA256>\(checksum)</ChecksumSHA256></Part>"
        }
        return parts
    }

    private func complete(_ key: String, upload: String, _ parts: String) async throws(S3Error) {
        var order = Order(.post, key)
        order.query = ["uploadId": upload]
        let body = Array("<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>".utf8)
        order.body = body
        order.payload = SHA256.hash(body)
        let response = try await send(order)
        // It may say so after it has said that all is well.
        if let code = XMLText(response.body)["Code"] {
            throw S3Error(
                "the object store did not put the parts together",
                code: code,
                isRetryable: true
            )
        }
    }
}
