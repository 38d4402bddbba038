internal import HTTPTypes
internal import Hummingbird
internal import SandmillService

/// A file of an execution that ended, as an answer: whole or a range, in pieces.
///
/// A program wrote it, so no browser may take it for anything that it would run.
struct FileContent {
    let file: ResultFile
    /// The directory of the attempt.
    let path: String
    let size: Int
    /// What no other content has, quoted.
    let entityTag: String
    /// What a browser saves it as.
    let name: String
    let files: any ResultFiles

    /// The answer to a request for it.
    func response(to request: Request) async throws -> Response {
        var headers: HTTPFields = [
            .contentType: "application/octet-stream",
            .contentDisposition: disposition,
            .acceptRanges: "bytes",
            .eTag: entityTag,
            .cacheControl: "private, max-age=31536000, immutable",
            .contentSecurityPolicy: "default-src 'none'; sandbox",
        ]
        if let field = request.headers[.ifNoneMatch], Self.tags(field, have: entityTag) {
            return Response(status: .notModified, headers: headers)
        }
        let link = try await files.link(to: file, at: path, disposition: disposition)
        if let link, request.method == .get, size > 0 {
            // The link ends long before the file changes.
            headers[.cacheControl] = "no-store"
            headers[.location] = link
            headers[.contentType] = nil
            return Response(status: .temporaryRedirect, headers: headers)
        }
        switch range(of: request) {
        case .whole:
            return Response(status: .ok, headers: headers, body: body(0..<size))
        case .part(let range):
            let last = range.upperBound - 1
            headers[.contentRange] = "bytes \(range.lowerBound)-\(last)/\(size)"
            return Response(status: .partialContent, headers: headers, body: body(range))
        case .unsatisfiable:
            throw Problem(
                .rangeNotSatisfiable,
                "there are \(size) bytes",
                headers: [.contentRange: "bytes */\(size)"]
            )
        }
    }

    /// A range counts only for the content that the client has the rest of.
    private func range(of request: Request) -> ByteRange {
        let fields = request.headers[values: .range]
        guard request.method == .get, fields.count == 1 else { return .whole }
        if let tag = request.headers[.ifRange], tag != entityTag { return .whole }
        return ByteRange(fields[0], size: size)
    }

    private func body(_ range: Range<Int>) -> ResponseBody {
        if range.isEmpty { return ResponseBody() }
        let (files, file, path) = (files, file, path)
        return ResponseBody(contentLength: range.count) { writer in
            var rest = range
            while !rest.isEmpty {
                let bytes = try await files.read(
                    file,
                    at: path,
                    from: rest.lowerBound,
                    limit: min(rest.count, files.piece)
                )
                guard let bytes, !bytes.isEmpty else {
                    throw ResultsError("a file at \"\(path)\" has become shorter")
                }
                try await writer.write(ByteBuffer(bytes: bytes))
                rest = rest.lowerBound + bytes.count..<rest.upperBound
            }
            try await writer.finish(nil)
        }
    }

    /// `attachment`, with the name in the extended notation of RFC 8187 where it is not plain.
    private var disposition: String {
        let isPlain = name.utf8.allSatisfy {
            (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain { return "attachment; filename=\"\(name)\"" }
        let digits = Array("0123456789ABCDEF")
        let encoded = name.utf8.map { byte -> String in
            let scalar = Unicode.Scalar(byte)
            let isUnreserved =
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar) || "-._~".unicodeScalars.contains(scalar)
            return isUnreserved
                ? String(Character(scalar)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }
        return "attachment; filename*=UTF-8''\(encoded.joined())"
    }

    private static func tags(_ field: String, have tag: String) -> Bool {
        field == "*"
            || field.split(separator: ",").contains { candidate in
                let trimmed = candidate.drop { $0 == " " }
                return (trimmed.hasPrefix("W/") ? trimmed.dropFirst(2) : trimmed) == tag
            }
    }
}
