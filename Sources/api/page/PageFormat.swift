internal import FoundationEssentials
internal import SandmillEntity

/// A time as the page shows it: in UTC, until the reader's browser puts it in their zone.
struct PageTime: Sendable {
    let iso: String
    let utc: String

    init(_ date: Date) {
        iso = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        utc =
            date.formatted(
                Date.ISO8601FormatStyle(dateTimeSeparator: .space).year().month().day()
                    .time(includingFractionalSeconds: false)
            ) + " UTC"
    }
}

/// How the page writes figures.
enum PageFormat {
    /// A duration in the unit that fits it, with two or three digits.
    static func text(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        switch seconds {
        case ..<0.0995: return "\(digits(seconds * 1_000, seconds < 0.00995 ? 1 : 0)) ms"
        case ..<0.9995: return "\(digits(seconds * 1_000, 0)) ms"
        case ..<99.95: return "\(digits(seconds, seconds < 9.995 ? 2 : 1)) s"
        case ..<5_400: return "\(digits(seconds / 60, 0)) min"
        case ..<172_800: return "\(digits(seconds / 3_600, 1)) h"
        default: return "\(digits(seconds / 86_400, 0)) d"
        }
    }

    /// A number of seconds; nothing for none.
    static func text(seconds: Double?) -> String { seconds.map { text(.seconds($0)) } ?? "" }

    /// A size in the unit that fits it.
    static func text(_ size: ByteCount) -> String {
        var (value, unit) = (Double(size.bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1_024, unit < units.count - 1 { (value, unit) = (value / 1_024, unit + 1) }
        return "\(digits(value, unit == 0 || value >= 100 ? 0 : 1)) \(units[unit])"
    }

    /// A count with its thousands apart.
    static func text(_ count: Int) -> String {
        let digits = String(abs(count))
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { grouped += "\u{202F}" }
            grouped.append(digit)
        }
        return count < 0 ? "-\(grouped)" : grouped
    }

    /// Points, and those there are, such as `2.5 of 4`; nothing where there are none.
    static func text(score: Double?, of points: Double?) -> String {
        func text(_ points: Double) -> String {
            points == points.rounded() && abs(points) < 1e15 ? "\(Int64(points))" : "\(points)"
        }
        guard let score, let points else { return "" }
        return "\(text(score)) of \(text(points))"
    }

    /// A state or a reason in words.
    static func words(_ name: String) -> String { name.replacing("_", with: " ") }

    /// A beginning of an id that is enough to know it by.
    static func short(_ id: UUID) -> String { String(id.text.prefix(8)) }

    /// The first line of a text, cut to a length.
    static func line(_ text: String, _ length: Int = 80) -> String {
        let line = text.prefix { $0 != "\n" }
        return line.count > length || line.count < text.count - 1
            ? "\(line.prefix(length))…" : String(line)
    }

    /// The last line of a text that says something, cut to a length.
    static func lastLine(_ text: String, _ length: Int = 80) -> String {
        line(text.split(separator: "\n").last.map(String.init) ?? "", length)
    }

    private static func digits(_ value: Double, _ places: Int) -> String {
        let scale = places == 2 ? 100.0 : places == 1 ? 10 : 1
        let rounded = Int64((value * scale).rounded())
        guard places > 0 else { return "\(rounded)" }
        let fraction = String(rounded % Int64(scale))
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(rounded / Int64(scale)).\(zeros)\(fraction)"
    }
}
