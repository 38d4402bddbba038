import Curl
import Foundation
import Logging
import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillDocker

@Suite(.timeLimit(.minutes(5)), .serialized)
struct DockerSandboxEngineTests {
    @Test func missingImageIsRefused() async throws {
        let specification = TestEngine.specification(image: "sandmill/no-such-image:1")
        let error = await #expect(throws: SandboxError.self) {
            _ = try await TestEngine.engine().start(specification)
        }
        #expect(error?.code == .engineRefused)
        #expect(error?.message.contains("sandmill/no-such-image:1") == true)
    }

    @Test func unknownRuntimeIsRefusedAndLeavesNothing() async throws {
        let worker = UUID().uuidString
        var specification = TestEngine.specification()
        specification.containerRuntime = "no-such-runtime"
        let error = await #expect(throws: SandboxError.self) {
            _ = try await TestEngine.engine(worker: worker).start(specification)
        }
        #expect(error?.code == .engineRefused)
        #expect(try containers(of: worker).isEmpty)
    }

    @Test func absentEngineIsUnavailable() async throws {
        let engine = try DockerSandboxEngine(
            url: "unix:///nowhere/docker.sock",
            tls: nil,
            cluster: "tests",
            worker: "none",
            logger: Logger(label: "tests")
        )
        let error = await #expect(throws: SandboxError.self) {
            _ = try await engine.start(TestEngine.specification())
        }
        #expect(error?.code == .engineUnavailable)
    }

    @Test func aContainerWhoseMakingIsNotAnsweredIsRemoved() async throws {
        let worker = UUID().uuidString
        let proxy = try ForgetfulEngine()
        let engine = try TestEngine.engine(at: "tcp://127.0.0.1:\(proxy.port)", worker: worker)
        for _ in 1...2 {
            let error = await #expect(throws: SandboxError.self) {
                _ = try await engine.start(TestEngine.specification())
            }
            #expect(error?.code == .engineUnavailable)
        }
        #expect(proxy.created == 2)
        #expect(try containers(of: worker).isEmpty)
    }

    @Test func cancelledStartLeavesNothing() async throws {
        let worker = UUID().uuidString
        let engine = try TestEngine.engine(worker: worker)
        let start = Task { try await engine.start(TestEngine.specification()) }
        while try containers(of: worker).isEmpty, !Task.isCancelled { await Task.yield() }
        start.cancel()
        if let sandbox = try? await start.value { await sandbox.destroy() }
        #expect(try containers(of: worker).isEmpty)
    }

    @Test func orphansOfThisWorkerAreRemovedAndNoOthers() async throws {
        let mine = UUID().uuidString
        let orphan = try await TestEngine.engine(worker: mine).start(TestEngine.specification())
        let other = try await TestEngine.engine(worker: mine + "-2").start(
            TestEngine.specification()
        )
        try await TestEngine.engine(worker: mine).removeOrphans(of: mine)
        #expect(try !TestEngine.exists(orphan.id))
        #expect(try TestEngine.exists(other.id))
        await other.destroy()
    }

    @Test func containerEndsWithItsStream() async throws {
        let engine = try DockerEngine(url: TestEngine.url(), tls: nil)
        let image = try #require(try await engine.imageID(of: TestEngine.image))
        let settings = ContainerSettings(TestEngine.specification(), image: image, labels: [:])
        let container = try await engine.create(settings)
        let stream = try await engine.attach(to: container)
        try await engine.start(container)
        _ = try await stream.read()
        let socket = String(try TestEngine.url().dropFirst("unix://".count))
        let client = Client(ClientConfiguration(unixSocket: socket))
        let url = "http://engine/containers/\(container)/wait?condition=removed"
        async let removal = client.perform(HTTPRequest(.post, url))
        stream.close()
        // 404: it was removed before the engine was asked.
        #expect([200, 404].contains(try await removal.status))
        #expect(try !TestEngine.exists(container))
    }

    @Test func versionIsJudged() async throws {
        let engine = try DockerEngine(url: TestEngine.url(), tls: nil)
        let version = try await engine.version()
        #expect(version.components?.contains { $0.name == "runc" } == true)
        let pattern = try String(contentsOfFile: "/proc/sys/kernel/core_pattern", encoding: .utf8)
        let expected =
            EngineAdvisories.warnings(for: version)
            + EngineAdvisories.warnings(for: try await engine.information())
            + EngineAdvisories.warnings(forCorePattern: pattern)
        #expect(try await TestEngine.engine().warnings() == expected)
    }

    @Test func aRemoteEnginesHostCannotBeLookedAt() async throws {
        let engine = try ForgetfulEngine()
        let warnings = try await TestEngine.engine(at: "tcp://127.0.0.1:\(engine.port)").warnings()
        #expect(warnings.contains { $0.contains("core_pattern") && $0.contains("from here") })
    }

    private func containers(of worker: String) throws -> String {
        let label = "label=dev.sandmill.worker=tests/\(worker)"
        return try TestEngine.docker("ps", "--all", "--quiet", "--filter", label)
    }
}
