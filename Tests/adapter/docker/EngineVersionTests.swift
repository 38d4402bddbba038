import Foundation
import Testing

@testable import SandmillDocker

struct EngineVersionTests {
    private func version(_ api: String, minimum: String?) -> EngineVersion {
        EngineVersion(version: "1", apiVersion: api, minimumAPIVersion: minimum, components: nil)
    }

    @Test func engineThatSpeaksTheVersionIsSpokenToInIt() {
        #expect(version("1.50", minimum: "1.24").bestAPI("1.41") == "1.41")
        #expect(version("1.41", minimum: nil).bestAPI("1.41") == "1.41")
    }

    @Test func engineThatIsOlderOrNewerIsMetHalfWay() {
        #expect(version("1.40", minimum: "1.12").bestAPI("1.41") == "1.40")
        #expect(version("1.52", minimum: "1.44").bestAPI("1.41") == "1.44")
        #expect(version("1.9", minimum: nil).bestAPI("1.41") == "1.9")
    }

    @Test func answerOfAnEngineIsRead() throws {
        let answer = """
            {"Version": "20.10.24+dfsg1", "ApiVersion": "1.41", "MinAPIVersion": "1.12", "Os": "linux",
             "Components": [{"Name": "runc", "Version": "1.1.5+ds1", "Details": {"GitCommit": "x"}}]}
            """
        let version = try JSONDecoder().decode(EngineVersion.self, from: Data(answer.utf8))
        #expect(version.version == "20.10.24+dfsg1")
        #expect(version.components == [.init(name: "runc", version: "1.1.5+ds1")])
    }

    @Test func podmanIsKnownByItsPart() throws {
        let answer = """
            {"Version": "4.3.1", "ApiVersion": "1.41", "MinAPIVersion": "1.24", "Components": [
             {"Name": "Podman Engine", "Version": "4.3.1", "Details": {"APIVersion": "4.3.1"}},
             {"Name": "Conmon", "Version": "conmon version 2.1.6, commit: unknown"},
             {"Name": "OCI Runtime (crun)", "Version": "crun version 1.8.1\\ncommit: f8a0"}]}
            """
        let podman = try JSONDecoder().decode(EngineVersion.self, from: Data(answer.utf8))
        #expect(podman.podman == "4.3.1")
        #expect(podman.runsContainers(by: "crun"))
        #expect(!podman.runsContainers(by: "runsc"))
        #expect(version("1.41", minimum: nil).podman == nil)
    }
}
