internal import CLinux
internal import Glibc

/// A wake-up that can be waited for beside sockets: an `eventfd` in counter mode (eventfd(2)).
///
/// It is also the plain ``ThreadParking``: a thread that watches nothing else sleeps in its read.
public final class EventDescriptor: ThreadParking {
    /// The descriptor to poll for readability; this object owns it and closes it.
    public let descriptor: CInt

    /// Opens the descriptor, non-blocking and close-on-exec.
    ///
    /// The process ends when no descriptor is left: a thread that cannot be woken is of no use.
    public init() {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        precondition(descriptor >= 0, "eventfd failed: no descriptor is left")
    }

    deinit {
        close(descriptor)
    }

    /// Makes the descriptor readable until the next ``clear()``.
    public func signal() {
        _ = eventfd_write(descriptor, 1)
    }

    /// Takes back every ``signal()`` so far.
    public func clear() {
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor, &count)
    }

    /// Sleeps until the next ``signal()`` or ``unpark()``.
    public func park() {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&watched, 1, -1)
        clear()
    }

    /// The same as ``signal()``.
    public func unpark() {
        signal()
    }
}
