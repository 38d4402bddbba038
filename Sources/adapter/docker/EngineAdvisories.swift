/// Versions of an engine's parts from which programs are known to have a way out to the host.
enum EngineAdvisories {
    fileprivate struct Advisory {
        let component: String
        /// The first release of each branch that is mended, newest first.
        let mended: [[Int]]
        let what: String
    }

    private static let advisories = [
        Advisory(
            component: "runc",
            mended: [[1, 4, 0], [1, 3, 3], [1, 2, 8]],
            what: "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881 (mounts led astray)"
        ),
        Advisory(
            component: "runc",
            mended: [[1, 1, 12]],
            what: "CVE-2024-21626 (a leaked descriptor of the host's file system)"
        ),
    ]

    /// One sentence for every advisory that applies to a part of the engine.
    static func warnings(for version: EngineVersion) -> [String] {
        (version.components ?? []).flatMap { component in
            advisories.compactMap { $0.warning(about: component) }
        }
    }
}

extension EngineAdvisories.Advisory {
    fileprivate func warning(about part: EngineVersion.Component) -> String? {
        // Podman writes "OCI Runtime (runc)", and more than a number as its version.
        guard part.name.contains(component) else { return nil }
        let number = part.version.drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "." }
        let release = number.split(separator: ".").compactMap { Int($0) }
        guard !release.isEmpty, !isMended(release) else { return nil }
        let first = mended.map { $0.map(String.init).joined(separator: ".") }
        return "\(component) \(number) has \(what), through which a program may reach the host; it "
            + "is mended in \(first.joined(separator: ", ")) and in builds that distributions have "
            + "patched"
    }

    private func isMended(_ release: [Int]) -> Bool {
        if let newest = mended.first, !release.lexicographicallyPrecedes(newest) { return true }
        return mended.contains { first in
            release.starts(with: first.prefix(2)) && !release.lexicographicallyPrecedes(first)
        }
    }
}
