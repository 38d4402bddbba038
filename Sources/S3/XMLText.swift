/// The elements of an answer of an object store that have only text in them, in their order.
///
/// That is all of XML that such answers have: no attribute matters, and what elements are in is told by their order.
struct XMLText {
    /// An element's name, and its text.
    var elements: [(name: String, text: String)] = []

    /// Reads what it can; of anything else than XML there are no elements.
    init(_ bytes: [UInt8]) {
        var name: Substring?
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            let tag = rest[rest.index(after: open)..<close]
            if tag.hasPrefix("/") {
                if let name, tag.dropFirst() == name {
                    elements.append((String(name), Self.text(rest[..<open])))
                }
                name = nil
            } else {
                name = tag.prefix { !$0.isWhitespace && $0 != "/" }
                if tag.hasSuffix("/"), let empty = name.take() {
                    elements.append((String(empty), ""))
                }
            }
            rest = rest[rest.index(after: close)...]
        }
    }

    /// The text of the first element of a name.
    subscript(name: String) -> String? { elements.first { $0.name == name }?.text }

    private static func text(_ escaped: Substring) -> String {
        guard escaped.contains("&") else { return String(escaped) }
        return [
            "&lt;": "<", "&gt;": ">", "&quot;": "\"", "&#34;": "\"", "&apos;": "'", "&#39;": "'",
        ]
        .reduce(String(escaped)) { $0.replacing($1.key, with: $1.value) }
        .replacing("&amp;", with: "&")
    }
}
