extension String {
    /// Every byte but letters, digits and `-._~` as `%XX` (RFC 3986, section 2.3), as signatures want it.
    func percentEncoded(leaving others: StaticString = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let left = "-._~\(others)".utf8
        var encoded: [UInt8] = []
        for byte in utf8 {
            let isPlain =
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || left.contains(byte)
            encoded +=
                isPlain
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text of which this is the percent-encoding; a `+` is a space, as in the answers of object stores.
    var percentDecoded: String {
        var decoded: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
