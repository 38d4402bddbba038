import Foundation
import Testing

extension Installation {
    /// The content of a file below the results root.
    func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: results.appending(path: path))
    }

    /// A JSON file below the results root.
    func json(_ path: String) throws -> JSON {
        try JSON(String(decoding: try bytes(path), as: UTF8.self))
    }

    /// The permission bits of a file below the results root.
    func permissions(_ path: String) throws -> Int {
        let file = results.appending(path: path).path()
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        return try #require((attributes[.posixPermissions] as? NSNumber)?.intValue)
    }

    /// The SHA-256 of a file below the results root, in hexadecimal.
    func digest(_ path: String) async throws -> String {
        let program = try Program(
            URL(filePath: "/usr/bin/env"),
            ["sha256sum", path],
            in: results
        )
        let line = try #require(await program.output.next())
        return String(line.prefix(64))
    }
}
