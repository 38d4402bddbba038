import Foundation
import Testing

extension SystemTests {
    /// What happens to the disk of the results while programs run.
    @Suite(.timeLimit(.minutes(5)))
    struct ResultsFaultTests {
        /// Runs until a time from now, its first line staged long before.
        private static func sleeper(_ seconds: Int) -> JSON {
            let end = Int(Date.now.timeIntervalSince1970) + seconds
            return [
                "source": .string(
                    """
                    import time
                    print("the beginning", flush=True)
                    time.sleep(max(2, \(end) - time.time()))
                    print("the end")
                    """
                ),
                "limits": ["wall_seconds": 60],
            ]
        }

        @Test(.installationWithoutWorker)
        func resultsForWhichThereIsNoRoomWaitForItAndCostNoAttempt() async throws {
            let installation = try Installation.current
            try await installation.withResultsInMemory(size: "64m") {
                let worker = try await installation.startWorker("worker-a")
                try installation.fillResults(leaving: 150 << 10)
                var ids: [UUID] = []
                for _ in 1...10 {
                    ids.append(try await installation.submit(["source": "print('x' * 400000)"]))
                }
                try await within(.seconds(60), "intake stops") {
                    try await worker.errors.skip(to: "Nothing is claimed while results")
                }
                try await eventually(within: .seconds(60), "nothing runs") {
                    try await installation.query("select 1 from executions where state = 'running'")
                        .isEmpty
                }
                try installation.emptyResults()
                for id in ids {
                    let event = try await installation.events.finished(id, within: .seconds(90))
                    #expect(event["data"]["state"] == "succeeded")
                    let path = try #require(event["data"]["results_path"].string)
                    #expect(try installation.bytes("\(path)/stdout").count == 400_001)
                }
                let counted = try await installation.query(
                    "select 1 from attempts where state = 'errored' and is_counted"
                )
                #expect(counted.isEmpty)
                try await installation.stop(worker)
                let log = worker.errors.text
                #expect(log.components(separatedBy: "Nothing is claimed while").count == 2)
                #expect(log.components(separatedBy: "Results can be written again").count == 2)
            }
        }

        @Test(
            .installationWithoutWorker,
            arguments: ["replaced", "removed", "unstaged", "unmounted"]
        )
        func nothingSucceedsWhoseFilesAreNotBelowTheRoot(fault: String) async throws {
            let installation = try Installation.current
            try await installation.withResultsInMemory(size: "64m", below: "root") { root in
                let settings = ["SANDMILL_RESULTS_ROOT": root.path()]
                let worker = try await installation.startWorker("worker-a", settings: settings)
                var ids: [UUID] = []
                for _ in 1...4 { ids.append(try await installation.submit(Self.sleeper(8))) }
                try await installation.wait(forBusySandboxes: 2)
                try await eventually(within: .seconds(20), "output is staged") {
                    let area = root.appending(path: ".staging/worker-a").path()
                    return try FileManager.default.contentsOfDirectory(atPath: area).count == 2
                }
                let files = FileManager.default
                switch fault {
                case "replaced":
                    try files.moveItem(
                        at: root,
                        to: root.deletingLastPathComponent().appending(path: "old")
                    )
                    try files.createDirectory(at: root, withIntermediateDirectories: false)
                case "removed":
                    try files.removeItem(at: root)
                case "unstaged":
                    try files.removeItem(at: root.appending(path: ".staging"))
                default:
                    try await installation.mount("umount", "--lazy", installation.results.path())
                }
                for id in ids {
                    let event = try await installation.events.finished(id, within: .seconds(90))
                    #expect(event["data"]["state"] == "succeeded")
                    let path = try #require(event["data"]["results_path"].string)
                    let output = root.appending(path: "\(path)/stdout")
                    #expect(
                        try String(contentsOf: output, encoding: .utf8)
                            == "the beginning\nthe end\n"
                    )
                }
                let counted = try await installation.query(
                    "select 1 from attempts where state = 'errored' and is_counted"
                )
                #expect(counted.isEmpty)
                try await installation.stop(worker)
            }
        }

        @Test(.installationWithoutWorker)
        func longPathsAreSkippedAndWhatIsLeftOfThemKeepsNoWorkerFromStarting() async throws {
            let installation = try Installation.current
            var worker = try await installation.startWorker("worker-a")
            let writer = """
                import os, sys
                for _ in range(20):
                    os.mkdir("d" * 200); os.chdir("d" * 200)
                open("f" * int(sys.argv[1]), "w").write("x" * 300000)
                """
            for (length, reasons) in [(60, []), (76, ["path_too_long"])] as [(Int, [JSON])] {
                let id = try await installation.submit(
                    ["source": .string(writer), "args": [.string("\(length)")]]
                )
                let event = try await installation.events.finished(id)
                #expect(event["data"]["state"] == "succeeded")
                #expect(event["data"]["attempt"] == 1)
                #expect(event["data"]["skipped"].elements.map { $0["reason"] } == reasons)
            }
            worker.kill()
            _ = try await worker.exitCode()
            // What a worker leaves that is killed while it collects.
            let area = installation.results.appending(path: ".staging/worker-a").path()
            try await installation.mount(
                "python3",
                "-c",
                "import os; os.chdir('\(area)'); os.mkdir('left'); os.chdir('left')\n"
                    + writer.replacing("int(sys.argv[1])", with: "60")
            )
            worker = try await installation.startWorker("worker-a")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: area).contains("left") == false
            )
            #expect(try await installation.result(of: "print(1)")["state"] == "succeeded")
            try await installation.stop(worker)
            // Foundation cannot remove what has such a path.
            try await installation.mount("rm", "--recursive", installation.results.path())
            try FileManager.default.createDirectory(
                at: installation.results,
                withIntermediateDirectories: false
            )
        }
    }
}

extension Installation {
    private var ballast: URL { results.appending(path: "ballast") }

    /// Has the results in a file system of their own while `body` runs.
    fileprivate func withResultsInMemory(
        size: String,
        below directory: String = "",
        _ body: (URL) async throws -> Void
    ) async throws {
        try await mount("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", results.path())
        let ended = await Result { try await body(results.appending(path: directory)) }
        // A test may have taken it away.
        let unmount = ["umount", "--lazy", results.path()]
        _ = try await Program(URL(filePath: "/usr/bin/env"), unmount, in: self.directory).exitCode()
        try ended.get()
    }

    fileprivate func withResultsInMemory(
        size: String,
        _ body: () async throws -> Void
    ) async throws {
        try await withResultsInMemory(size: size) { _ in try await body() }
    }

    /// Leaves so many bytes free in the results.
    fileprivate func fillResults(leaving bytes: Int) throws {
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: results.path())
        let free = try #require((attributes[.systemFreeSize] as? NSNumber)?.intValue)
        try Data(count: free - bytes).write(to: ballast)
    }

    /// Makes room again.
    fileprivate func emptyResults() throws {
        try FileManager.default.removeItem(at: ballast)
    }

    /// Runs a program that mounts, or writes, as only root may.
    fileprivate func mount(_ arguments: String...) async throws {
        let program = try Program(URL(filePath: "/usr/bin/env"), arguments, in: directory)
        try #require(try await program.exitCode() == 0, "\(program.errors.text)")
    }
}
