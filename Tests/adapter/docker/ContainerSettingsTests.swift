import Foundation
import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillDocker

struct ContainerSettingsTests {
    /// The parts of the request's body that decide over safety.
    private struct Body: Decodable {
        struct Ulimit: Decodable, Equatable {
            let name: String
            let soft: Int
            let hard: Int
        }

        struct HostConfig: Decodable {
            let memory: Int64
            let memorySwap: Int64
            let nanoCpus: Int64?
            let pidsLimit: Int
            let runtime: String?
            let tmpfs: [String: String]
            let ulimits: [Ulimit]
            let securityOpt: [String]
            let capDrop: [String]
            let capAdd: [String]
            let networkMode: String
            let readonlyRootfs: Bool
            let maskedPaths: [String]?
        }

        let image: String
        let cmd: [String]
        let labels: [String: String]
        let env: [String]?
        let stdinOnce: Bool
        let tty: Bool
        let hostConfig: HostConfig
    }

    /// A key of the Engine API as Swift spells it.
    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(_ key: any CodingKey) {
            stringValue = key.stringValue.prefix(1).lowercased() + key.stringValue.dropFirst()
        }

        init?(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) {
            nil
        }
    }

    private func body(_ change: (inout SandboxSpecification) -> Void = { _ in }) throws -> Body {
        var specification = TestEngine.specification()
        change(&specification)
        return try body(
            of: ContainerSettings(specification, image: "sha256:1", labels: ["a": "b"])
        )
    }

    private func body(of settings: ContainerSettings) throws -> Body {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in Key(path[path.count - 1]) }
        return try decoder.decode(Body.self, from: try JSONEncoder().encode(settings))
    }

    @Test func memoryIsTheProgramsAndOursWithoutSwap() throws {
        let host = try body().hostConfig
        #expect(host.memory == (64 + 32) << 20)
        #expect(host.memorySwap == host.memory)
    }

    @Test func processesAreTheProgramsAndOurs() throws {
        let specification = TestEngine.specification()
        #expect(try body().hostConfig.pidsLimit == specification.processes + 8)
    }

    @Test func everyWritablePlaceIsCapped() throws {
        let places = try body().hostConfig.tmpfs
        #expect(Set(places.keys) == ["/work", "/tmp", "/dev/shm"])
        for options in places.values {
            for option in ["nosuid", "nodev", "exec", "size=16777216", "nr_inodes=1000"] {
                #expect(options.split(separator: ",").contains(Substring(option)))
            }
        }
    }

    @Test func agentIsToldWhatToMakeReady() throws {
        let arguments = try body { $0.runtimes = [.python, .sh, .cpp] }.cmd
        #expect(
            arguments == [
                "--runtime", "python", "--runtime", "sh=/bin/sh", "--runtime", "cpp=/usr/bin/g++",
                "--preload", "json",
            ]
        )
    }

    @Test func nothingOfTheHostIsHandedOver() throws {
        let body = try body()
        #expect(body.env == nil)
        #expect(body.stdinOnce)
        #expect(!body.tty)
        #expect(body.hostConfig.networkMode == "none")
        #expect(body.hostConfig.readonlyRootfs)
        #expect(body.hostConfig.capDrop == ["ALL"])
        #expect(
            Set(body.hostConfig.capAdd) == [
                "SETUID", "SETGID", "CHOWN", "DAC_OVERRIDE", "FOWNER",
            ]
        )
        // Once any are named, the engine masks no others.
        let masked = try #require(body.hostConfig.maskedPaths)
        #expect(masked.contains("/proc/cmdline"))
        #expect(Set(masked).isSuperset(of: ["/proc/kcore", "/proc/keys", "/sys/firmware"]))
        #expect(body.hostConfig.securityOpt.contains("no-new-privileges"))
        #expect(body.hostConfig.securityOpt.contains("seccomp=\(SeccompProfile.json)"))
    }

    @Test func whatIsNotConfiguredIsTheEngines() throws {
        let plain = try body { $0.containerRuntime = nil }.hostConfig
        #expect(plain.nanoCpus == nil)
        #expect(plain.runtime == nil)
        let configured = try body {
            $0.cpus = 1.5
            $0.containerRuntime = "runsc"
        }.hostConfig
        #expect(configured.nanoCpus == 1_500_000_000)
        #expect(configured.runtime == "runsc")
    }

    @Test func podmanIsToldWhatItWouldDoOtherwise() throws {
        let specification = TestEngine.specification()
        let settings = ContainerSettings(specification, image: "sha256:1", labels: [:])
        let host = try body(of: settings.forPodman(seccompProfile: "/tmp/profile")).hostConfig
        #expect(host.securityOpt.prefix(2) == ["no-new-privileges", "seccomp=/tmp/profile"])
        #expect(host.securityOpt.last?.hasPrefix("mask=/proc/acpi:") == true)
        #expect(Set(host.tmpfs.keys) == ["/work", "/tmp", "/dev/shm", "/run", "/var/tmp"])
        for (path, options) in host.tmpfs {
            let options = options.split(separator: ",")
            #expect(!options.contains { $0.hasPrefix("nr_inodes") })
            #expect(options.contains { $0.hasPrefix("size=") })
            #expect(options.contains("ro") == ["/run", "/var/tmp"].contains(path))
        }
        let limit = Body.Ulimit(name: "nproc", soft: 4_096, hard: 4_096)
        #expect(host.ulimits.contains(limit))
        #expect(try body(of: settings).hostConfig.ulimits.map(\.name) == ["core", "nofile"])
    }

    @Test func profileIsAFileAsLongAsItIsNeeded() throws {
        let file = try SeccompProfileFile()
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == SeccompProfile.json)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        file.remove()
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }
}
