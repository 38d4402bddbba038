import Curl
import Foundation
import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillDocker

/// What a sandbox must do on every engine and by every container runtime.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct EngineConformanceTests {
    /// An engine, and what it is to run containers by.
    enum Place: CaseIterable, CustomTestStringConvertible {
        case dockerByRunc
        case dockerByCrun
        case podman

        /// Of the containers that are started without a worker.
        static let label = "dev.sandmill.tests.\(UUID().uuidString)"

        var testDescription: String { "\(self)" }

        var url: String {
            get throws { self == .podman ? try TestEngine.podmanURL() : try TestEngine.url() }
        }

        var specification: SandboxSpecification {
            var specification = TestEngine.specification()
            specification.containerRuntime =
                switch self {
                case .dockerByRunc: "runc"
                // An engine that was not started by ops/services may refuse this, by this name.
                case .dockerByCrun: "crun"
                case .podman: nil
                }
            return specification
        }

        /// The ids of the containers of a worker.
        func containers(of worker: String) async throws -> [String] {
            let label = "dev.sandmill.worker=tests/\(worker)"
            return try await DockerEngine(url: url, tls: nil).containers(labelled: label)
        }

        /// What is not in the adapter's hands yet: a container whose agent is ready, and its stream.
        func start(on engine: DockerEngine) async throws -> (String, UpgradedStream) {
            let image = try #require(try await engine.imageID(of: TestEngine.image))
            let container = try await engine.create(
                ContainerSettings(specification, image: image, labels: [Self.label: ""])
            )
            let stream = try await engine.attach(to: container)
            try await engine.start(container)
            _ = try await stream.read()
            return (container, stream)
        }

        /// A client of the engine.
        func client() throws -> Client {
            Client(ClientConfiguration(unixSocket: String(try url.dropFirst("unix://".count))))
        }

        /// Gives `body` a sandbox, and proves that nothing is left of it when it is destroyed.
        func withSandbox(_ body: (any Sandbox) async throws -> Void) async throws {
            let worker = UUID().uuidString
            let sandbox = try await TestEngine.engine(at: url, worker: worker).start(specification)
            do {
                try await body(sandbox)
            } catch {
                await sandbox.destroy()
                throw error
            }
            #expect(try await containers(of: worker) == [sandbox.id])
            await sandbox.destroy()
            #expect(try await containers(of: worker).isEmpty)
        }
    }

    @Test(arguments: Place.allCases)
    func programsFollowEachOther(_ place: Place) async throws {
        try await place.withSandbox { sandbox in
            for _ in 0..<3 {
                let result = try await sandbox.python(
                    """
                    import os, sys
                    places = ["/work", "/tmp", "/dev/shm"]
                    print([name for place in places for name in os.listdir(place)], input())
                    for place in places:
                        open(place + "/left", "w").write("here")
                    sys.exit(7)
                    """,
                    stdin: Array("hello\n".utf8)
                )
                #expect(result.text == "['main.py'] hello\n", "\(result.errors)")
                #expect(result.files.map(\.path) == ["left"])
                #expect(result.files.first?.content == Array("here".utf8))
                let report = try #require(result.report)
                #expect(report.exit.status == .code(7))
                #expect(report.exit.memoryPeak > .mebibytes(1))
                #expect(report.isClean)
            }
        }
    }

    @Test(arguments: Place.allCases)
    func whatIsMaskedTellsNothing(_ place: Place) async throws {
        try await place.withSandbox { sandbox in
            let result = try await sandbox.python(
                """
                import os
                for path in ["cmdline", "kcore", "keys", "timer_list", "interrupts", "sched_debug"]:
                    try:
                        if open("/proc/" + path, "rb").read(1): print(path)
                    except OSError: pass
                for path in ["/proc/acpi", "/proc/scsi", "/sys/firmware"]:
                    if os.path.exists(path) and os.listdir(path): print(path)
                print("done")
                """
            )
            #expect(result.text == "done\n", "\(result.errors)")
        }
    }

    @Test(arguments: Place.allCases)
    func limitOfMemoryHoldsAndIsChanged(_ place: Place) async throws {
        try await place.withSandbox { sandbox in
            let greedy = "data = bytearray(100 << 20); print(len(data))"
            for _ in 0..<2 {
                let exit = try #require(try await sandbox.python(greedy).report?.exit)
                #expect(exit.status == .signal(9))
                #expect(exit.oomKills > 0)
                var large = Limits.generous
                large.memory = .mebibytes(192)
                #expect(try await sandbox.python(greedy, limits: large).text == "104857600\n")
            }
        }
    }

    @Test(arguments: Place.allCases)
    func cancelledRunEndsTheContainer(_ place: Place) async throws {
        try await place.withSandbox { sandbox in
            let run = Task { try await sandbox.python("while True: pass") }
            run.cancel()
            await #expect(throws: SandboxError.self) { _ = try await run.value }
        }
    }

    @Test(arguments: Place.allCases)
    func removalMayMeetTheContainersOwnEnd(_ place: Place) async throws {
        let engine = try DockerEngine(url: place.url, tls: nil)
        let client = try place.client()
        for _ in 0..<5 {
            let (container, stream) = try await place.start(on: engine)
            let url = "http://engine/v1.41/containers/\(container)/kill"
            _ = try await client.perform(HTTPRequest(.post, url))
            try await engine.remove(container)
            #expect(try await engine.containers(labelled: Place.label).isEmpty)
            stream.close()
        }
    }

    @Test(arguments: Place.allCases)
    func endOfTheStreamRemovesTheContainer(_ place: Place) async throws {
        let engine = try DockerEngine(url: place.url, tls: nil)
        let (container, stream) = try await place.start(on: engine)
        let client = try place.client()
        let url = "http://engine/v1.41/containers/\(container)/wait?condition=removed"
        async let removal = client.perform(HTTPRequest(.post, url))
        stream.close()
        // 404: it was removed before the engine was asked.
        #expect([200, 404].contains(try await removal.status))
        #expect(try await engine.containers(labelled: Place.label).isEmpty)
    }

    @Test(arguments: Place.allCases)
    func programHasNoPrivilegeAndNowhereElseToWrite(_ place: Place) async throws {
        try await place.withSandbox { sandbox in
            let result = try await sandbox.python(
                """
                import ctypes, os, subprocess
                wanted = {"CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"}
                for line in open("/proc/self/status"):
                    name, value = line.split(":", 1)
                    if name in wanted:
                        print(name, int(value, 16))
                libc = ctypes.CDLL(None, use_errno=True)
                for call in [lambda: libc.unshare(0), lambda: libc.syscall(425, 1, 0)]:
                    print(call(), ctypes.get_errno())
                print(os.uname().nodename, os.listdir("/sys/class/net"), os.getuid() > 100000)
                print(sorted(os.environ), set(open("/etc/hosts").read().split()[1::2]) - {"localhost"})
                writable = set()
                for line in open("/proc/self/mountinfo"):
                    path = line.split()[4]
                    try:
                        open(path + "/x", "w").close()
                        writable.add(path)
                    except OSError:
                        pass
                print(sorted(writable))
                open("script", "w").write("#!/bin/sh\\necho script\\n")
                os.chmod("script", 0o755)
                print(subprocess.run(["./script"], capture_output=True, text=True).stdout)
                """
            )
            #expect(
                result.text == """
                    CapPrm 0
                    CapEff 0
                    CapBnd 203
                    NoNewPrivs 1
                    Seccomp 2
                    -1 1
                    -1 1
                    sandbox ['lo'] True
                    ['HOME', 'LANG', 'LOGNAME', 'PATH', 'USER'] set()
                    ['/dev/shm', '/tmp', '/work']
                    script


                    """,
                "\(result.errors)"
            )
            #expect(result.report?.isClean == true)
        }
    }

    @Test(arguments: Place.allCases)
    func runtimeThatIsNotThereIsRefusedAndLeavesNothing(_ place: Place) async throws {
        let worker = UUID().uuidString
        var specification = place.specification
        specification.containerRuntime = "no-such-runtime"
        let error = await #expect(throws: SandboxError.self) {
            _ = try await TestEngine.engine(at: place.url, worker: worker).start(specification)
        }
        #expect(error?.code == .engineRefused)
        #expect(error?.message.contains("no-such-runtime") == true)
        #expect(try await place.containers(of: worker).isEmpty)
    }

    @Test func podmansOwnRuntimeMayBeNamed() async throws {
        let url = try TestEngine.podmanURL()
        let version = try await DockerEngine(url: url, tls: nil).version()
        var specification = TestEngine.specification()
        specification.containerRuntime = ["crun", "runc"].first(where: version.runsContainers)
        #expect(specification.containerRuntime != nil)
        let sandbox = try await TestEngine.engine(at: url).start(specification)
        await sandbox.destroy()
    }
}
