internal import Glibc

/// The few calls on sockets of this host that tests need.
public enum Loopback {
    /// Binds a socket to a port that nobody uses, and listens.
    ///
    /// - Returns: The port.
    public static func listen(on descriptor: CInt) -> Int {
        guard let port = listen(on: descriptor, at: 0) else {
            preconditionFailure("no port is left")
        }
        return port
    }

    /// So many ports that nobody uses now, below those that the kernel gives to connections.
    public static func freePorts(_ count: Int) -> [Int] {
        var ports: [Int] = []
        // All are held until the last is found, so that none is found twice.
        var held: [CInt] = []
        defer { for descriptor in held { close(descriptor) } }
        for candidate in (20_000..<32_000).shuffled() {
            let descriptor = makeSocket()
            held.append(descriptor)
            if let port = listen(on: descriptor, at: candidate) { ports.append(port) }
            if ports.count == count { return ports }
        }
        preconditionFailure("no port is left")
    }

    /// - Returns: The port, any for 0; `nil` if it is taken.
    private static func listen(on descriptor: CInt, at port: Int) -> Int? {
        var address = address(of: port)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                return unsafe bind(descriptor, address, length) == 0
                    && Glibc.listen(descriptor, 16) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        return isListening ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    /// Connects a socket; tells whether somebody listened.
    public static func connect(_ descriptor: CInt, to port: Int) -> Bool {
        var address = address(of: port)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(descriptor, address, length) == 0
            }
        }
    }

    /// A TCP socket, which the caller closes.
    public static func makeSocket() -> CInt {
        socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    }

    private static func address(of port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: in_addr_t(0x7F00_0001).bigEndian)
        return address
    }
}
