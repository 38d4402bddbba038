internal import FoundationEssentials
internal import Glibc

/// What the kernel counts of this process, under the names that all Prometheus clients use.
public enum ProcessFigures {
    /// The figures now; what cannot be read is left out.
    public static func families() -> [MetricFamily] {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        // The program's name, in brackets, may hold anything (proc(5)).
        let fields =
            text("/proc/self/stat").split(separator: ")").last
            .map { $0.split(separator: " ") } ?? []
        func field(_ number: Int) -> Double? {
            fields.indices.contains(number - 3) ? Double(fields[number - 3]) : nil
        }
        let boot = text("/proc/stat").split(separator: "\n")
            .first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
        let start = boot.flatMap { boot in field(22).map { boot + $0 / ticks } }
        let processor = field(14).flatMap { user in field(15).map { (user + $0) / ticks } }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
        let figures: [(String, MetricFamily.Kind, String, Double?)] = [
            ("cpu_seconds_total", .counter, "Processor time, of user and system.", processor),
            ("resident_memory_bytes", .gauge, "Memory in use.", field(24).map { $0 * page }),
            ("virtual_memory_bytes", .gauge, "Memory that is mapped.", field(23)),
            ("start_time_seconds", .gauge, "When it started, since 1970.", start),
            ("threads", .gauge, "Threads.", field(20)),
            // One is the look itself.
            ("open_fds", .gauge, "Files that are open.", files.map { Double($0 - 1) }),
            ("max_fds", .gauge, "Files that may be open.", fileLimit),
        ]
        return figures.compactMap { name, kind, help, value in
            value.map {
                MetricFamily("process_\(name)", kind, help: help, samples: [.init(value: $0)])
            }
        }
    }

    private static var fileLimit: Double? {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
