internal import Glibc

/// A point of CLOCK_MONOTONIC, in nanoseconds.
struct MonotonicTime: Comparable {
    let nanoseconds: UInt64

    /// The time now.
    static var now: MonotonicTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: time.nanoseconds)
    }

    /// How long after `earlier` this is, in nanoseconds; 0 if it is not.
    func since(_ earlier: MonotonicTime) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    /// The point `nanoseconds` after this one.
    func advanced(by nanoseconds: UInt64) -> MonotonicTime {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension timespec {
    /// A time that only a clock of the kernel's has set, in nanoseconds.
    var nanoseconds: UInt64 { UInt64(tv_sec) * 1_000_000_000 + UInt64(tv_nsec) }
}

extension timeval {
    /// A duration that the kernel has measured, in nanoseconds.
    var nanoseconds: UInt64 { UInt64(tv_sec) * 1_000_000_000 + UInt64(tv_usec) * 1_000 }
}
