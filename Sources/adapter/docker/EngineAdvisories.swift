/// Versions of an engine's parts from which programs are known to have a way out to the host.
///
/// Left out is what needs more than a sandbox has: the host's network (CVE-2020-15257), Kubernetes
/// (CVE-2022-23648), a build (CVE-2024-1753), rootless control groups (CVE-2023-25809), or only
/// `exec` with more privileges (CVE-2022-27650, CVE-2026-30892). Docker does not tell the version of
/// a runtime but runc, and gVisor's releases have no advisories that name them.
enum EngineAdvisories {
    fileprivate struct Advisory {
        let component: String
        /// The first release of each branch that is mended, newest first; a fourth number is that of
        /// a release candidate.
        let mended: [[Int]]
        let what: String
    }

    private static let advisories = [
        Advisory(
            component: "Engine",
            mended: [[29, 5, 1]],
            what: "CVE-2026-41567, CVE-2026-41568 and CVE-2026-42306 (by `docker cp` only, which "
                + "Sandmill does not call and nobody should for its containers)"
        ),
        Advisory(
            component: "runc",
            mended: [[1, 4, 0, 3], [1, 3, 3], [1, 2, 8]],
            what: "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881 (mounts led astray)"
        ),
        Advisory(
            component: "runc",
            mended: [[1, 1, 12]],
            what: "CVE-2024-21626 (a leaked descriptor of the host's file system)"
        ),
        Advisory(
            component: "runc",
            mended: [[1, 0, 0, 95]],
            what: "CVE-2021-30465 (mounts led astray)"
        ),
        Advisory(
            component: "runc",
            mended: [[1, 0, 0, 7]],
            what: "CVE-2019-5736 (runc itself overwritten)"
        ),
        Advisory(
            component: "crun",
            mended: [[0, 10, 5]],
            what: "CVE-2019-18837 (links followed out of the image)"
        ),
    ]

    /// One sentence for every advisory that applies to a part of the engine, and for what the engine
    /// cannot do.
    static func warnings(for version: EngineVersion) -> [String] {
        let known = (version.components ?? []).flatMap { component in
            advisories.compactMap { $0.warning(about: component) }
        }
        if version.podman == nil { return known }
        return known + [
            "Podman takes no limit of the number of files in a sandbox: only the limit of memory "
                + "bounds it"
        ]
    }

    /// What becomes of sandboxes where their users are others on the host.
    static func warnings(for information: EngineInformation) -> [String] {
        guard let mapping = information.userMapping else { return [] }
        return [
            "the engine maps the users of containers (\(mapping)): a sandbox starts only if those from "
                + "100000 to 1073741823 are mapped, so give it a range of 1073741824 in /etc/subuid and "
                + "/etc/subgid; with the usual 65536 nothing runs"
        ]
    }

    /// What becomes of the core dumps of programs; nil is a pattern that cannot be read from here.
    static func warnings(forCorePattern pattern: String?) -> [String] {
        guard let pattern else {
            return [
                "kernel.core_pattern of the engine's host cannot be read from here; see that it does not "
                    + "begin with a pipe: RLIMIT_CORE does not keep a program's dump from one"
            ]
        }
        guard pattern.hasPrefix("|") else { return [] }
        return [
            "kernel.core_pattern begins with a pipe: whatever a program that crashes has in its memory goes "
                + "to a process on the host, as RLIMIT_CORE does not keep it from there; set it to a file "
                + "name, such as core"
        ]
    }
}

extension EngineAdvisories.Advisory {
    fileprivate func warning(about part: EngineVersion.Component) -> String? {
        guard [component, "OCI Runtime (\(component))"].contains(part.name),
            let release = Self.release(part.version), !isMended(release)
        else { return nil }
        let names = mended.map(Self.name)
        return "\(component) \(Self.name(release)) has \(what), through which a program may reach "
            + "the host; it is mended in \(names.joined(separator: ", ")) and in builds that "
            + "distributions have patched"
    }

    private func isMended(_ release: [Int]) -> Bool {
        if let newest = mended.first, !release.lexicographicallyPrecedes(newest) { return true }
        return mended.contains { first in
            release.starts(with: first.prefix(2)) && !release.lexicographicallyPrecedes(first)
        }
    }

    /// Three numbers, and that of the release candidate, behind which the release itself comes.
    ///
    /// Podman writes more than a number, as does Debian: "runc version 1.1.9", "1.0.0~rc93+ds1".
    private static func release(_ text: String) -> [Int]? {
        let text = text.drop { !$0.isNumber }
        let number = text.prefix { $0.isNumber || $0 == "." }
        let release = number.split(separator: ".").compactMap { Int($0) }
        guard !release.isEmpty else { return nil }
        let missing = [Int](repeating: 0, count: max(0, 3 - release.count))
        let mark = text.dropFirst(number.count)
        guard mark.hasPrefix("-rc") || mark.hasPrefix("~rc") else {
            return release.prefix(3) + missing + [.max]
        }
        let candidate = mark.drop { !$0.isNumber }.prefix { $0.isNumber }
        return release.prefix(3) + missing + [Int(candidate) ?? 0]
    }

    private static func name(_ release: [Int]) -> String {
        let number = release.prefix(3).map(String.init).joined(separator: ".")
        return release.count > 3 && release[3] < .max ? "\(number)-rc\(release[3])" : number
    }
}
