internal import Glibc

/// A system call that failed: what was tried, and the kernel's reason.
struct SystemError: Error, CustomStringConvertible {
    /// What was tried, such as `open /work`.
    let operation: String
    /// The value of `errno`.
    let code: CInt

    /// Describes a failure; by default that of the system call made last.
    init(_ operation: String, code: CInt) {
        self.operation = operation
        self.code = code
    }

    /// Describes the failure of the system call made last.
    init(_ operation: String) {
        self.init(operation, code: errno)
    }

    /// One line for the operator.
    var description: String {
        "\(operation): \(unsafe String(cString: strerror(code)))"
    }
}

/// Returns what a system call returned, unless that is -1.
@discardableResult
func check<Result: SignedInteger>(
    _ result: Result,
    _ operation: @autoclosure () -> String
) throws(SystemError) -> Result {
    guard result != -1 else {
        let code = errno
        throw SystemError(operation(), code: code)
    }
    return result
}
