extension Endpoint {
    /// Reads `amqp://user:password@host:port,host:port/virtual-host?heartbeat=10`, or `amqps://…`.
    ///
    /// Every part but the scheme and the host may be missing. User, password and virtual host are
    /// percent-decoded; an empty virtual host is `/`. The parameters are those of RabbitMQ's own
    /// URI scheme: `heartbeat` (seconds), `connection_timeout` (milliseconds), and for `amqps`
    /// `cacertfile`, `certfile`, `keyfile` and `verify` (`verify_peer` or `verify_none`).
    ///
    /// - Throws: ``AMQPError/Code/invalidURL``, saying what is wrong without quoting anything that
    ///   may be a piece of a password.
    public init(url: String) throws(AMQPError) {
        var rest = url[...]
        let scheme = rest.removePrefix(upTo: "://")
        switch scheme {
        case "amqp": self.init()
        case "amqps": self.init(tls: TLS())
        default: throw .invalidURL("it does not begin with amqp:// or amqps://")
        }
        if rest.contains("#") {
            throw .invalidURL("it has a fragment; is a '#' in the password written as %23?")
        }
        let query = rest.removeSuffix(from: "?")
        let path = rest.removeSuffix(from: "/")
        if let userInfo = rest.removePrefix(upToLast: "@") {
            try readUserInfo(userInfo)
        }
        addresses = try rest.split(separator: ",", omittingEmptySubsequences: false)
            .map { text throws(AMQPError) in try address(text) }
        if let path, !path.isEmpty {
            virtualHost = try percentDecoded(path, "virtual host")
        }
        for parameter in (query ?? "").split(separator: "&") {
            try readParameter(parameter)
        }
    }

    private mutating func readUserInfo(_ text: Substring) throws(AMQPError) {
        var name = text
        let secret = name.removeSuffix(from: ":")
        user = try percentDecoded(name, "user")
        if let secret { password = try percentDecoded(secret, "password") }
    }

    private func address(_ text: Substring) throws(AMQPError) -> Address {
        var name = text
        var digits: Substring?
        if name.first == "[" {
            guard let end = name.firstIndex(of: "]") else {
                throw .invalidURL("the host has a '[' without a ']'")
            }
            let tail = name[name.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else {
                throw .invalidURL("something other than a port follows the ']'")
            }
            digits = tail.isEmpty ? nil : tail.dropFirst()
            name = name[..<end].dropFirst()
        } else {
            digits = name.removeSuffix(from: ":")
        }
        guard !name.isEmpty else { throw .invalidURL("it names no host") }
        guard let digits else {
            return Address(host: String(name), port: Self.usualPort(tls))
        }
        guard let number = UInt16(digits), number > 0 else {
            throw .invalidURL(
                "the port is not a number from 1 to 65535; are '/', '?' and '@' in the password "
                    + "percent-encoded?"
            )
        }
        return Address(host: String(name), port: Int(number))
    }

    private mutating func readParameter(_ parameter: Substring) throws(AMQPError) {
        var name = parameter
        let value = try percentDecoded(name.removeSuffix(from: "=") ?? "", "parameter")
        switch (name, tls) {
        case ("heartbeat", _):
            guard let seconds = Int(value), 1...3_600 ~= seconds else {
                throw .invalidURL("heartbeat is not a number of seconds from 1 to 3600")
            }
            heartbeat = .seconds(seconds)
        case ("connection_timeout", _):
            guard let milliseconds = Int(value), 1...600_000 ~= milliseconds else {
                throw .invalidURL(
                    "connection_timeout is not a number of milliseconds from 1 to 600000"
                )
            }
            connectTimeout = .milliseconds(milliseconds)
        case ("cacertfile", .some): tls?.authorityFile = value
        case ("certfile", .some): tls?.certificateFile = value
        case ("keyfile", .some): tls?.keyFile = value
        case ("verify", .some):
            switch value {
            case "verify_peer": tls?.verifiesPeer = true
            case "verify_none": tls?.verifiesPeer = false
            default: throw .invalidURL("verify is neither verify_peer nor verify_none")
            }
        case ("cacertfile", nil), ("certfile", nil), ("keyfile", nil), ("verify", nil):
            throw .invalidURL("\(name) has no meaning without amqps://")
        default:
            throw .invalidURL(
                "it has an unknown parameter; known are heartbeat, connection_timeout, "
                    + "cacertfile, certfile, keyfile and verify"
            )
        }
    }
}

extension AMQPError {
    fileprivate static func invalidURL(_ reason: String) -> AMQPError {
        AMQPError(.invalidURL, "not the URL of a broker: \(reason)")
    }
}

extension Substring {
    /// Takes away what stands before the first `separator`, and the separator.
    fileprivate mutating func removePrefix(upTo separator: String) -> Substring? {
        guard let range = firstRange(of: separator) else { return nil }
        defer { self = self[range.upperBound...] }
        return self[..<range.lowerBound]
    }

    /// Takes away what stands before the last `separator`, and the separator.
    fileprivate mutating func removePrefix(upToLast separator: Character) -> Substring? {
        guard let index = lastIndex(of: separator) else { return nil }
        defer { self = self[self.index(after: index)...] }
        return self[..<index]
    }

    /// Takes away the first `separator` and what follows it; returns what follows it.
    fileprivate mutating func removeSuffix(from separator: Character) -> Substring? {
        guard let index = firstIndex(of: separator) else { return nil }
        defer { self = self[..<index] }
        return self[self.index(after: index)...]
    }
}

/// Undoes percent-encoding (RFC 3986, 2.1); `part` is named in the error.
private func percentDecoded(_ text: Substring, _ part: String) throws(AMQPError) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst(), let low = rest.popFirst(),
            let digits = String(validating: [high, low], as: UTF8.self),
            digits.allSatisfy(\.isHexDigit), let decoded = UInt8(digits, radix: 16)
        else {
            throw .invalidURL("the \(part) has a '%' that two hexadecimal digits do not follow")
        }
        bytes.append(decoded)
    }
    guard let decoded = String(validating: bytes, as: UTF8.self), !decoded.contains("\0") else {
        throw .invalidURL("the \(part) is not UTF-8 text without NUL")
    }
    return decoded
}
