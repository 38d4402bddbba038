import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Classes 19, 20 and 23 between two sandboxes: what one does, the other neither sees nor feels.
    @Suite struct Neighbours {
        /// What a program tells of what it could reach of another sandbox.
        private static let search = """
            import os, socket
            found = []
            for name in ["\\0left", "/tmp/left"]:
                end = socket.socket(socket.AF_UNIX)
                try:
                    end.connect(name)
                    found.append(name)
                except OSError:
                    pass
            for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM]:
                end = socket.socket(socket.AF_INET, kind)
                try:
                    end.connect(("127.0.0.1", 7777))
                    end.send(b"x")
                    end.send(b"x")
                    found.append(7777)
                except OSError:
                    pass
            for place in ["/work", "/tmp", "/dev/shm", "/dev/mqueue"]:
                found += [name for name in os.listdir(place) if name != "main.py"]
            found += [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()][2:]
            print(found)
            """

        @Test func nothingOfASandboxIsReachedFromAnother() async throws {
            try await TestEngine.withSandbox { busy in
                async let hostile = busy.python(
                    """
                    import os, socket, time
                    held = []
                    for name in ["\\0left", "/tmp/left"]:
                        held.append(socket.socket(socket.AF_UNIX))
                        held[-1].bind(name)
                        held[-1].listen()
                    held.append(socket.create_server(("127.0.0.1", 7777)))
                    held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    held[-1].bind(("127.0.0.1", 7777))
                    for place in ["/work", "/tmp", "/dev/shm"]: open(f"{place}/left-file", "w").close()
                    time.sleep(2)
                    print(len(held))
                    """
                )
                try await TestEngine.withSandbox { neighbour in
                    // It is asked until the other's program has long made what is sought.
                    for _ in 0..<20 {
                        let result = try await neighbour.python(Self.search)
                        #expect(result.text == "[]\n")
                    }
                }
                let result = try await hostile
                #expect(result.text == "4\n")
                #expect(result.report?.isClean == true)
            }
        }

        @Test(arguments: [
            AbuseCase(
                name: "all processors",
                source: """
                    import os
                    for _ in range(30):
                        if os.fork() == 0:
                            os.setsid()
                            break
                    while True: pass
                    """
            ),
            AbuseCase(
                name: "the lists of processes",
                source: """
                    import os
                    while True:
                        try:
                            if os.fork() == 0: os._exit(0)
                        except OSError: pass
                    """
            ),
            AbuseCase(
                name: "the worker's stream",
                source: """
                    import os
                    for _ in range(4): os.fork()
                    while True: os.write(1, bytes(65536))
                    """
            ),
            AbuseCase(
                name: "the file systems and their memory",
                source: """
                    import os
                    for _ in range(4): os.fork()
                    while True:
                        try:
                            open(f"/tmp/{os.getpid()}", "wb").write(bytes(1 << 20))
                            os.remove(f"/tmp/{os.getpid()}")
                        except OSError: pass
                    """
            ),
            AbuseCase(
                name: "the barriers between processors",
                source: Attempts.prelude + """
                    for _ in range(4): os.fork()
                    call(324, 16, 0, 0)
                    while True:
                        call(324, 1, 0, 0)
                        call(324, 2, 0, 0)
                        call(324, 8, 0, 0)
                    """
            ),
        ])
        func neighbourIsServedMeanwhile(abuse: AbuseCase) async throws {
            try await TestEngine.withSandbox { neighbour in
                _ = try await neighbour.python("print(1)")
                try await TestEngine.withSandbox { busy in
                    let limits = Limits.tight.with(wall: .seconds(2), cpu: .seconds(60))
                    async let hostile = busy.python(abuse.source, limits: limits)
                    let end = ContinuousClock.now + .seconds(1)
                    var slowest = Duration.zero
                    while ContinuousClock.now < end {
                        let start = ContinuousClock.now
                        let result = try await neighbour.python("print(sum(range(1000)))")
                        slowest = max(slowest, ContinuousClock.now - start)
                        #expect(result.text == "499500\n")
                        #expect(result.report?.isClean == true)
                    }
                    #expect(slowest < .seconds(2))
                    let report = try #require(try await hostile.report)
                    #expect(report.isClean)
                    #expect(Ending(Outcome(of: report.exit, within: limits)) == .wallTime)
                }
            }
        }

        /// Classes 11 and 20, on the host's side: what waits in sockets is the sandbox's memory.
        @Test(arguments: ["SOCK_DGRAM", "SOCK_STREAM"])
        func socketsHoldLittleMemoryOfTheHost(kind: String) async throws {
            try await TestEngine.withSandbox { sandbox in
                let result = try await sandbox.python(
                    """
                    import os, socket
                    held = []
                    def fill(end):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
                        end.setblocking(False)
                        held.append(end)
                        try:
                            for _ in range(8):
                                print(end.send(bytes(60_000)), flush=True)
                        except BlockingIOError:
                            pass
                    for number in range(8):
                        if os.fork() == 0: break
                    server = socket.create_server(("127.0.0.1", 0))
                    while True:
                        end = socket.socket(socket.AF_INET, socket.\(kind))
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
                        if socket.\(kind) == socket.SOCK_STREAM:
                            end.connect(server.getsockname())
                            held.append(server.accept()[0])
                        else:
                            end.bind(("127.0.0.1", 0))
                            end.connect(end.getsockname())
                        fill(end)
                    """,
                    limits: .tight.with(stdout: .mebibytes(8))
                )
                let report = try #require(result.report)
                let ending = Ending(Outcome(of: report.exit, within: .tight))
                #expect(ending == .outOfMemory, "\(result.errors)")
                let sent = result.text.split(separator: "\n").compactMap { Int($0) }
                #expect(sent.reduce(0, +) < 256 << 20)
            }
        }
    }
}
