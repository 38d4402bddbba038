internal import Glibc

/// The few calls on sockets of this host that tests need.
public enum Loopback {
    /// Binds a socket to a port that nobody uses, and listens.
    ///
    /// - Returns: The port.
    public static func listen(on descriptor: CInt) -> Int {
        var address = address(of: 0)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                return unsafe bind(descriptor, address, length) == 0
                    && Glibc.listen(descriptor, 16) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        precondition(isListening, "no port is left")
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// A port that nobody uses now.
    public static func freePort() -> Int {
        let descriptor = makeSocket()
        defer { close(descriptor) }
        return listen(on: descriptor)
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
