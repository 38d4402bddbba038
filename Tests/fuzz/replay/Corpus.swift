import Foundation

/// The inputs that are kept for a decoder, and its dictionary.
struct Corpus {
    /// Every input by the name of its file, in the order of the names.
    let inputs: [(name: String, bytes: [UInt8])]
    /// What means something to the decoder.
    let tokens: [[UInt8]]

    /// Reads them.
    init(of decoder: FuzzedDecoder, filePath: String = #filePath) throws {
        let fuzz = URL(filePath: filePath).deletingLastPathComponent().appending(path: "..")
        let corpus = fuzz.appending(path: "corpus/\(decoder.rawValue)").standardized
        inputs = try FileManager.default.contentsOfDirectory(atPath: corpus.path()).sorted()
            .map { ($0, Array(try Data(contentsOf: corpus.appending(path: $0)))) }
        let dictionary = fuzz.appending(path: "dictionaries/\(decoder.rawValue).txt").standardized
        tokens = try String(contentsOf: dictionary, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("\"") }.map { Self.bytes(ofToken: $0.dropFirst().dropLast()) }
    }

    /// Reads a token, in which `\\`, `\"` and `\xAB` are escapes.
    private static func bytes(ofToken token: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(token.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            if escaped == UInt8(ascii: "x") {
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(escaped)
            }
        }
        return bytes
    }
}
