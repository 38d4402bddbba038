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

    @Test(arguments: ["1.1.5+ds1", "1.1.11", "1.0.0-rc95", "v1.1.0"])
    func oldRuncIsWarnedOfTwice(version: String) {
        let warnings = warnings("runc", version)
        #expect(warnings.count == 2)
        #expect(warnings.contains { $0.contains("CVE-2024-21626") && $0.contains("1.1.12") })
        #expect(warnings.contains { $0.contains("CVE-2025-31133") && $0.contains("1.2.8") })
    }

    @Test(arguments: ["1.1.12", "1.2.7", "1.3.2", "1.3.0-rc.1"])
    func runcBeforeTheEndOf2025IsWarnedOfOnce(version: String) {
        #expect(warnings("runc", version).count == 1)
    }

    @Test(arguments: ["1.2.8", "1.2.10", "1.3.3", "1.4.0", "1.4.1", "1.5.0-rc.1", "2.0"])
    func mendedRuncIsNotWarnedOf(version: String) {
        #expect(warnings("runc", version).isEmpty)
    }

    @Test func podmanNamesItsRuntimeInItsOwnWay() {
        #expect(warnings("OCI Runtime (runc)", "runc version 1.1.9\ncommit: v1.1.9-0").count == 2)
        #expect(warnings("OCI Runtime (crun)", "crun version 1.8.1\ncommit: f8a0").isEmpty)
    }

    @Test func partsNobodyKnowsAreNotWarnedOf() {
        #expect(warnings("containerd", "1.6.20").isEmpty)
        #expect(warnings("runc", "unknown").isEmpty)
    }
}
