import FaultyProxy
import Foundation
import Testing

extension Installation {
    /// Waits until a worker has declared again what was deleted, and makes sure of the bindings,
    /// which are declared last and cannot be asked for.
    fileprivate func expectQueuesBack() async throws {
        try await eventually(within: .seconds(30), "the queues are back") {
            try await run(["topology", "verify"]).exitCode == 0
        }
        #expect(try await run(["topology", "declare"]).exitCode == 0)
    }
}

extension SystemTests {
    /// Connections come and go; nothing is lost and nothing runs twice.
    @Suite(.timeLimit(.minutes(5)))
    struct ConnectionLossTests {
        private static let program: JSON = ["source": "import time; time.sleep(0.3)\nprint('done')"]

        @Test(.installationWithoutWorker)
        func brokerConnectionsThatAreCutCostNothing() async throws {
            let installation = try Installation.current
            var broker = try #require(URLComponents(string: installation.brokerURL))
            let proxy = FaultyProxy(before: broker.port ?? 5_672)
            defer { proxy.stop() }
            broker.port = proxy.port
            let worker = try await installation.startWorker(
                "worker-a",
                settings: ["SANDMILL_BROKER_URL": try #require(broker.string)]
            )
            var ids: [UUID] = []
            for _ in 1...3 {
                for _ in 1...6 { ids.append(try await installation.submit(Self.program)) }
                _ = try await installation.events.finished(ids[ids.count - 6])
                proxy.cut()
            }
            try await expectSuccess(of: ids, on: installation)
            try await installation.stop(worker)
        }

        @Test(.installation())
        func databaseConnectionsThatAreTerminatedCostNothing() async throws {
            let installation = try Installation.current
            var ids: [UUID] = []
            for _ in 1...3 {
                for _ in 1...6 { ids.append(try await installation.submit(Self.program)) }
                _ = try await installation.events.finished(ids[ids.count - 6])
                let terminated = try await installation.query(
                    """
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where application_name = %s
                    """,
                    .string(installation.name)
                )
                #expect(!terminated.isEmpty)
            }
            try await expectSuccess(of: ids, on: installation)
        }

        @Test(.installation())
        func waiterForABatchWhoseConnectionIsCutReadsTheRecord() async throws {
            let installation = try Installation.current
            var broker = try #require(URLComponents(string: installation.brokerURL))
            let proxy = FaultyProxy(before: broker.port ?? 5_672)
            defer { proxy.stop() }
            broker.port = proxy.port
            let requests = try installation.file(
                "cut.ndjson",
                #"{"source": "print(1)"}"# + "\n"
                    + #"{"source": "import time; time.sleep(8)", "limits": {"wall_seconds": 60}}"#
            )
            let submitted = try await installation.run(["batch", "submit", requests])
            let waiter = try installation.start(
                ["batch", "wait", submitted.output[0]],
                settings: ["SANDMILL_BROKER_URL": try #require(broker.string)]
            )
            let first = try await within(.seconds(20), "the first end") {
                try JSON(try #require(await waiter.output.next()))
            }
            #expect(first["stdout"]["preview"] == "1\n")
            proxy.cut()
            let exitCode = try await within(.seconds(40), "the end of the waiter") {
                try await waiter.exitCode()
            }
            #expect(exitCode == 0, "\(waiter.errors.text)")
            #expect(waiter.errors.text.contains("2 in all: 2 succeeded"))
        }

        @Test(.installation())
        func queueThatIsDeletedComesBack() async throws {
            let installation = try Installation.current
            let queue = "\(installation.name).work.python.low"
            try await installation.tellBroker("delete_queue", ["name": .string(queue)])
            // Other levels go on.
            let result = try await installation.result(of: "print(1)")
            #expect(result["state"] == "succeeded")
            try await installation.expectQueuesBack()
            let id = try await installation.submit(["source": "print(2)"], level: "low")
            try await expectSuccess(of: [id], on: installation, output: "2\n")
        }

        @Test(.installationWithoutWorker)
        func queueThatIsRedeclaredAsAnotherTypeIsNotConsumed() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let queue = "\(installation.name).work.python.low"
            // A worker that is stopped does not make it again by itself meanwhile.
            worker.send(SIGSTOP)
            try await installation.tellBroker(
                "replace_queue",
                ["name": .string(queue), "arguments": ["x-queue-type": "classic"]]
            )
            worker.send(SIGCONT)
            try await eventually(within: .seconds(30), "it says so") {
                worker.errors.text.contains("A queue cannot be consumed.")
                    && worker.errors.text.contains(" instead of ")
            }
            let waiting = try await installation.submit(["source": "print(1)"], level: "low")
            // Other levels go on, though the broker may end the connection over a queue that vanishes.
            let other = try await installation.submit(["source": "print(2)"])
            let result = try await installation.events.finished(other, within: .seconds(90))["data"]
            #expect(result["state"] == "succeeded", "\(worker.errors.text)")
            #expect(try await installation.record(waiting) == .null)
            try await installation.tellBroker("delete_queue", ["name": .string(queue)])
            try await installation.expectQueuesBack()
            let id = try await installation.submit(["source": "print(3)"], level: "low")
            try await expectSuccess(of: [id], on: installation, output: "3\n")
            try await installation.stop(worker)
        }

        private func expectSuccess(
            of ids: [UUID],
            on installation: Installation,
            output: String = "done\n"
        ) async throws {
            for id in ids {
                let result = try await installation.events.finished(id)["data"]
                #expect(result["state"] == "succeeded")
                #expect(result["stdout"]["preview"] == .string(output))
            }
            try await installation.expectOneEnd(of: ids)
        }
    }
}
