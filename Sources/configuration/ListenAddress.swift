/// Where a process listens.
public struct ListenAddress: Equatable, Sendable {
    /// The address: an IP address or a host's name.
    public var host: String
    /// The port; 0 for any that is free.
    public var port: Int

    /// Describes an address.
    public init(_ host: String, _ port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[IPv6]:port`; nil for what is neither.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        if host.isEmpty { return nil }
        self.init(String(host), port)
    }
}

extension SettingsReader {
    /// An address to listen on.
    mutating func address(_ key: String, default fallback: ListenAddress) -> ListenAddress {
        let text = string(key, default: "\(fallback.host):\(fallback.port)")
        guard let address = ListenAddress(text) else {
            refuse(key, "is \"\(text)\", expected host:port or [IPv6]:port")
            return fallback
        }
        return address
    }

    /// An address to listen on; nil for `off`.
    mutating func optionalAddress(_ key: String, default fallback: ListenAddress) -> ListenAddress?
    {
        if string(key, default: "") == "off" { return nil }
        return address(key, default: fallback)
    }
}
