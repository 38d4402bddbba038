import Foundation
import Testing

@testable import SandmillDocker

struct EngineAdvisoriesTests {
    private func warnings(_ name: String, _ version: String) -> [String] {
        EngineAdvisories.warnings(
            for: EngineVersion(
                version: "28.0.0",
                apiVersion: "1.48",
                minimumAPIVersion: nil,
                components: [.init(name: name, version: version)]
            )
        )
    }

    @Test(arguments: ["1.1.5+ds1", "1.1.11", "1.0.0-rc95", "1.0.0~rc95+ds1-5", "1.0.3", "v1.1.0"])
    func oldRuncIsWarnedOfTwice(version: String) {
        let warnings = warnings("runc", version)
        #expect(warnings.count == 2)
        #expect(warnings.contains { $0.contains("CVE-2024-21626") && $0.contains("1.1.12") })
        #expect(warnings.contains { $0.contains("CVE-2025-31133") && $0.contains("1.2.8") })
    }

    @Test(arguments: ["1.0.0-rc93", "1.0.0~rc93+ds1-5+deb11u5", "1.0-rc10"])
    func runcBeforeItsFirstReleaseIsWarnedOfMore(version: String) {
        let warnings = warnings("runc", version)
        #expect(warnings.count == 3)
        #expect(warnings.contains { $0.contains("CVE-2021-30465") && $0.contains("1.0.0-rc95") })
    }

    @Test func oldestRuncIsWarnedOfMost() {
        #expect(warnings("runc", "1.0.0-rc6").contains { $0.contains("CVE-2019-5736") })
        #expect(!warnings("runc", "1.0.0-rc7").contains { $0.contains("CVE-2019-5736") })
    }

    @Test(arguments: ["1.1.12", "1.2.7", "1.3.2", "1.3.0-rc.1", "1.4.0-rc.2"])
    func runcBeforeTheEndOf2025IsWarnedOfOnce(version: String) {
        #expect(warnings("runc", version).count == 1)
    }

    @Test(
        arguments: [
            "1.2.8", "1.2.10", "1.3.3", "1.4.0-rc.3", "1.4.0", "1.4.1", "1.5.0-rc.1", "2.0",
        ]
    )
    func mendedRuncIsNotWarnedOf(version: String) {
        #expect(warnings("runc", version).isEmpty)
    }

    @Test func oldEngineIsWarnedOfForWhatSandmillDoesNot() {
        for version in ["20.10.24+dfsg1", "28.5.2", "29.4.0-ce", "29.5.0"] {
            #expect(warnings("Engine", version).count == 1)
        }
        #expect(warnings("Engine", "29.5.1").isEmpty)
        #expect(warnings("Engine", "30.0.0").isEmpty)
    }

    @Test func podmanNamesItsRuntimeInItsOwnWay() {
        #expect(warnings("OCI Runtime (runc)", "runc version 1.1.9\ncommit: v1.1.9-0").count == 2)
        #expect(warnings("OCI Runtime (crun)", "crun version 1.8.1\ncommit: f8a0").isEmpty)
        #expect(warnings("OCI Runtime (crun)", "crun version 0.10.4\ncommit: f8a0").count == 1)
    }

    @Test func podmanIsWarnedOfForWhatItCannotDo() {
        let warnings = warnings("Podman Engine", "4.3.1")
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("number of files") == true)
    }

    @Test func partsNobodyKnowsAreNotWarnedOf() {
        #expect(warnings("containerd", "1.6.20").isEmpty)
        #expect(warnings("runc", "unknown").isEmpty)
        #expect(warnings("OCI Runtime (runsc)", "runsc version release-20231009.0").isEmpty)
    }

    @Test(arguments: [
        (
            #"{"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}"#,
            "without root"
        ),
        (#"{"SecurityOptions": ["name=apparmor", "name=userns"]}"#, "userns-remap"),
    ])
    func anEngineThatMapsUsersIsWarnedOf(json: String, how: String) throws {
        let information = try JSONDecoder().decode(EngineInformation.self, from: Data(json.utf8))
        let warnings = EngineAdvisories.warnings(for: information)
        #expect(warnings.count == 1)
        #expect(warnings[0].contains(how) && warnings[0].contains("/etc/subuid"))
    }

    @Test(arguments: [
        #"{"SecurityOptions": ["name=seccomp,profile=default", "name=cgroupns"]}"#,
        #"{"SecurityOptions": null}"#, "{}",
    ])
    func anEngineThatMapsNoUsersIsNotWarnedOf(json: String) throws {
        let information = try JSONDecoder().decode(EngineInformation.self, from: Data(json.utf8))
        #expect(EngineAdvisories.warnings(for: information).isEmpty)
    }

    @Test func coreDumpsThatGoThroughAPipeAreWarnedOf() {
        let pattern = "|/usr/lib/systemd/systemd-coredump %P %u\n"
        let warnings = EngineAdvisories.warnings(forCorePattern: pattern)
        #expect(warnings.count == 1)
        #expect(warnings[0].contains("begins with a pipe"))
        #expect(EngineAdvisories.warnings(forCorePattern: "core\n").isEmpty)
    }

    @Test func aRemoteEnginesCorePatternIsSaidToBeUnknown() {
        let warnings = EngineAdvisories.warnings(forCorePattern: nil)
        #expect(warnings.count == 1)
        #expect(warnings[0].contains("cannot be read from here"))
    }
}
