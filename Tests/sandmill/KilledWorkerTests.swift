import FaultyProxy
import Foundation
import Testing

extension SystemTests {
    /// A worker that is killed at any step of an execution loses nothing and doubles nothing.
    ///
    /// Each worker takes over what the one before has left, and is killed at the next step itself.
    @Suite(.timeLimit(.minutes(5)))
    struct KilledWorkerTests {
        /// What has been done, and what has not, when the worker is killed.
        private enum Step: String, CaseIterable {
            case delivered
            case claimSent
            case claimCommittedAndNotAcknowledged
            case acknowledgedAndNotStarted
            case running
            case exitedAndNotCollected
            case halfCollected
            case renamedAndNotCommitted
            case commitSentAndReplyLost
            case committedAndNotPublished
            case publishedAndStillInTheOutbox

            /// How often the program begins, with the successor's.
            var attempts: Int {
                switch self {
                case .delivered, .claimSent: 1
                case .claimCommittedAndNotAcknowledged, .acknowledgedAndNotStarted, .running,
                    .exitedAndNotCollected, .halfCollected, .renamedAndNotCommitted:
                    2
                case .commitSentAndReplyLost, .committedAndNotPublished,
                    .publishedAndStillInTheOutbox:
                    1
                }
            }

            /// Only the request has this text.
            var beginning: String { "begins-\(rawValue)" }
            /// Only what the program writes has this text.
            var end: String { "ends-\(rawValue)" }

            var request: JSON {
                var body = ""
                if [.running, .exitedAndNotCollected].contains(self) {
                    body = "import subprocess; subprocess.run(['sleep', '2'])"
                }
                if self == .halfCollected {
                    body = "for n in range(99): open(f'{n}.txt', 'w').write('x' * 10_000)"
                }
                return [
                    "source": .string("# \(beginning)\n\(body)\nprint('en' + 'ds-\(rawValue)')")
                ]
            }
        }

        @Test(.installationWithoutWorker)
        func aWorkerThatIsKilledAtAnyStepLosesAndDoublesNothing() async throws {
            let installation = try Installation.current
            var ids: [(step: Step, id: UUID)] = []
            for (number, step) in Step.allCases.enumerated() {
                let worker = try await LinkedWorker("worker-\(number)", of: installation)
                try await expectEnd(of: ids.last, within: .seconds(40), on: installation)
                worker.prepare(step)
                let id = try await installation.submit(step.request)
                try await worker.wait(for: step, of: id, on: installation)
                worker.program.kill()
                _ = try await worker.program.exitCode()
                worker.stop()
                ids.append((step, id))
            }
            let last = try await installation.startWorker("worker-last")
            try await expectEnd(of: ids.last, within: .seconds(40), on: installation)
            try await installation.expectOneEnd(of: ids.map(\.id), attempt: nil)
            try await installation.stop(last)
            // Of the living and the dead.
            try await installation.waitUntilNoContainerIsLeft()
            #expect(try await installation.query("select 1 from sandboxes").isEmpty)
        }

        private func expectEnd(
            of execution: (step: Step, id: UUID)?,
            within limit: Duration,
            on installation: Installation
        ) async throws {
            guard let (step, id) = execution else { return }
            let result = try await installation.events.finished(id, within: limit)["data"]
            #expect(result["state"] == "succeeded", "\(step)")
            #expect(result["stdout"]["preview"] == .string("\(step.end)\n"), "\(step)")
            #expect(result["attempt"] == .number(Double(step.attempts)), "\(step)")
            let record = try await installation.record(id)
            let path = try #require(record["results_path"].string)
            #expect(try installation.json("\(path)/result.json") == record["result"], "\(step)")
            let output = try installation.bytes("\(path)/stdout")
            #expect(String(decoding: output, as: UTF8.self) == "\(step.end)\n", "\(step)")
        }

        /// A worker whose links to the broker and to the store can be frozen at any byte.
        private struct LinkedWorker {
            let program: Program
            private let name: String
            private let broker: FaultyProxy
            private let store: FaultyProxy

            init(_ name: String, of installation: Installation) async throws {
                self.name = name
                var settings: [String: String] = [:]
                func link(_ variable: String) throws -> FaultyProxy {
                    let url = try #require(installation.settings[variable])
                    var components = try #require(URLComponents(string: url))
                    let proxy = FaultyProxy(before: try #require(components.port))
                    components.port = proxy.port
                    settings[variable] = components.string
                    return proxy
                }
                broker = try link("SANDMILL_BROKER_URL")
                store = try link("SANDMILL_DATABASE_URL")
                program = try await installation.startWorker(name, settings: settings)
            }

            /// The server hears of the end of what was frozen.
            func stop() {
                for link in [broker, store] { link.stop() }
            }

            /// Sets the trap in which the worker is caught at a step.
            func prepare(_ step: Step) {
                let (beginning, end) = (step.beginning.utf8, step.end.utf8)
                /// Class and method of basic.ack (AMQP 0-9-1, 1.8.3.13).
                let acknowledgement: [UInt8] = [0, 60, 0, 80]
                switch step {
                case .delivered:
                    broker.freeze(at: beginning, from: .server, dropping: false, with: [store])
                case .claimSent:
                    store.freeze(at: beginning, from: .client, dropping: true)
                case .claimCommittedAndNotAcknowledged:
                    store.freeze(at: beginning, from: .client, dropping: false)
                case .acknowledgedAndNotStarted:
                    broker.freeze(
                        at: acknowledgement,
                        from: .client,
                        dropping: false,
                        with: [store]
                    )
                case .running, .exitedAndNotCollected, .halfCollected: break
                case .renamedAndNotCommitted:
                    store.freeze(at: end, from: .client, dropping: true)
                case .commitSentAndReplyLost:
                    store.freeze(at: end, from: .client, dropping: false)
                case .committedAndNotPublished:
                    broker.freeze(at: end, from: .client, dropping: true, with: [store])
                case .publishedAndStillInTheOutbox:
                    broker.freeze(at: end, from: .client, dropping: false, with: [store])
                }
            }

            /// Waits until the worker is at a step.
            func wait(for step: Step, of id: UUID, on installation: Installation) async throws {
                switch step {
                case .delivered, .acknowledgedAndNotStarted: try await freezes(broker, at: step)
                case .claimSent: try await freezes(store, at: step)
                case .claimCommittedAndNotAcknowledged:
                    try await installation.wait(for: id, in: "running")
                case .running: try await installation.wait(forBusySandboxes: 1)
                case .exitedAndNotCollected:
                    try await eventually(within: .seconds(20), "the program sleeps") {
                        try await installation.runs("sleep 2", inSandboxOf: name)
                    }
                    program.send(SIGSTOP)
                    try await eventually(within: .seconds(20), "the program ends") {
                        try await !installation.runs("sleep 2", inSandboxOf: name)
                    }
                case .halfCollected:
                    // It takes milliseconds, so that nothing pauses between two looks.
                    let area = installation.results.appending(path: ".staging/\(name)").path()
                    try await within(.seconds(20), "files that are being gathered") {
                        while FileManager.default.subpaths(atPath: area)?.isEmpty ?? true {
                            try Task.checkCancellation()
                            await Task.yield()
                        }
                    }
                case .renamedAndNotCommitted:
                    try await freezes(store, at: step)
                    let record = try await installation.record(id)
                    #expect(record["state"] == "running")
                case .commitSentAndReplyLost, .committedAndNotPublished:
                    try await installation.wait(for: id, in: "succeeded")
                    #expect(try await installation.query("select 1 from outbox").count == 1)
                case .publishedAndStillInTheOutbox:
                    _ = try await installation.events.finished(id)
                    #expect(try await installation.query("select 1 from outbox").count == 1)
                }
            }

            private func freezes(_ link: FaultyProxy, at step: Step) async throws {
                try await eventually(within: .seconds(20), "\(step)") { link.mode == .frozen }
            }
        }
    }
}
