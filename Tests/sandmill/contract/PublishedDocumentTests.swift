import Foundation
import Testing

extension SystemTests {
    /// What is published, recorded and written of every kind of end keeps its schema.
    @Suite(
        .installation([
            "SANDMILL_POOLS_PYTHON_IMAGE":
                "sandmill/sandbox-python-node-c-cpp-python3-numpy:latest",
            "SANDMILL_POOLS_PYTHON_FURTHER_RUNTIMES": "c",
        ]),
        .timeLimit(.minutes(5))
    )
    struct PublishedDocumentTests {
        /// A request, and how it must end.
        struct Case: Sendable, CustomTestStringConvertible {
            let request: JSON
            let state: String
            var reason: String?

            var testDescription: String { "\(state) \(reason ?? "")" }
        }

        private static let cases = [
            Case(
                request: [
                    "source": """
                    import os; print(1); open("a\\\\b", "w"); os.symlink("/", "l"); os.mkfifo("f")
                    """, "labels": ["": "é"],
                ],
                state: "succeeded"
            ),
            Case(request: ["source": "exit(3)"], state: "failed", reason: "exit_code"),
            Case(
                request: ["source": "import os; os.kill(os.getpid(), 11)"],
                state: "failed",
                reason: "signal"
            ),
            Case(
                request: ["source": "int main(", "runtime": "c"],
                state: "failed",
                reason: "compile_error"
            ),
            Case(
                request: ["source": "int main() { return 0; }", "runtime": "c"],
                state: "succeeded"
            ),
            Case(
                request: ["source": "while True: pass", "limits": ["cpu_seconds": 0.3]],
                state: "timed_out",
                reason: "cpu_time"
            ),
            Case(
                request: [
                    "source": "import time; time.sleep(60)", "limits": ["wall_seconds": 0.3],
                ],
                state: "timed_out",
                reason: "wall_time"
            ),
            Case(
                request: [
                    "source": "x = bytearray(1 << 30); x[::4096] = bytes(1 << 18)",
                    "limits": ["memory_bytes": 67_108_864],
                ],
                state: "out_of_memory",
                reason: "memory"
            ),
            Case(
                request: [
                    "source": "print('é' * 100_000)", "limits": ["stdout_bytes": 5_000],
                    "isolation": "fresh",
                ],
                state: "succeeded"
            ),
            Case(
                request: ["source": "", "deadline": "2026-01-01T00:00:00Z"],
                state: "expired"
            ),
            Case(
                request: [
                    "source": "print(input()); open('made', 'w')",
                    "cases": [
                        ["stdin": "a", "expected_stdout": "a", "points": 1],
                        ["name": "é", "stdin": "a", "expected_stdout": "b", "points": 0.5], [:],
                    ],
                    "reveal": "difference",
                ],
                state: "failed",
                reason: "wrong_answer"
            ),
            Case(
                request: [
                    "source": "exit(1)", "cases": [[:], [:]], "stop_on_first_failure": true,
                ],
                state: "failed",
                reason: "exit_code"
            ),
            Case(
                request: ["source": "int main(", "runtime": "c", "cases": [[:], [:]]],
                state: "failed",
                reason: "compile_error"
            ),
        ]

        @Test(arguments: cases)
        func anEndIsToldAsTheSchemaSays(example: Case) async throws {
            let installation = try Installation.current
            let id = try await installation.submit(example.request)
            let event = try await installation.events.finished(id)
            #expect(event["data"]["state"] == .string(example.state))
            #expect(event["data"]["reason"] == example.reason.map(JSON.string) ?? .null)
            try await expectDocumentsKeepTheirSchemas(event, of: installation)
        }

        @Test func anExecutionThatIsCancelledBeforeAnyWorkerHadItIsToldSoToo() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(
                ["source": "", "not_before": "2100-01-01T00:00:00Z"]
            )
            try await installation.wait(for: id, in: "queued")
            let command = try await installation.run(["cancel", id.uuidString.lowercased()])
            #expect(command.exitCode == 0, "\(command.errors)")
            let event = try await installation.events.finished(id)
            #expect(event["data"]["state"] == "cancelled")
            #expect(event["data"]["worker"] == .null)
            try await expectDocumentsKeepTheirSchemas(event, of: installation)
        }

        @Test func anExecutionThatIsSupersededIsToldSoToo() async throws {
            let installation = try Installation.current
            let old = try await installation.submit(
                ["source": "", "not_before": "2100-01-01T00:00:00Z"]
            )
            let new = try await installation.submit(
                ["source": "", "supersedes": .string(old.uuidString)]
            )
            for id in [old, new] {
                let event = try await installation.events.finished(id)
                #expect((event["data"]["reason"] == "superseded") == (id == old))
                try await expectDocumentsKeepTheirSchemas(event, of: installation)
            }
        }

        @Test func aBatchIsToldAsTheSchemaSaysWithItsMembersAndThoseRefused() async throws {
            let installation = try Installation.current
            let id = UUID().uuidString.lowercased()
            let batch: JSON = [
                "defaults": ["source": "exit(int(input()))"],
                "executions": [["stdin": "0"], ["stdin": "1"], ["sauce": 1], ["stdin": 2]],
            ]
            try await publish(batch, id: id, to: installation)
            let completed = try await installation.events.message {
                $0.event["subject"] == .string(id)
            }
            let data = completed.event["data"]
            #expect(data["size"] == 4 && data["refused"] == 2)
            try await expectDocumentKeepsSchema(completed.event, as: .event)
            for message in await installation.events.messages
            where message.event["data"]["batch_id"] == .string(id) {
                if message.isRefusal {
                    try await expectDocumentKeepsSchema(message.event, as: .event)
                } else {
                    try await expectDocumentsKeepTheirSchemas(message.event, of: installation)
                }
            }
        }

        @Test func aRefusalIsToldAsTheSchemaSays() async throws {
            let installation = try Installation.current
            for (id, tenant) in [(UUID().uuidString.lowercased(), "acme"), ("17", "a/b")] {
                try await installation.publish(
                    #"{"sauce": 1}"#,
                    properties: ["message_id": .string(id), "headers": ["tenant": .string(tenant)]]
                )
                let message = try await installation.events.refused(id)
                try await expectDocumentKeepsSchema(message.event, as: .event)
            }
        }

        @Test func theHintThatABatchHasComeIsToldAsTheSchemaSays() async throws {
            let installation = try Installation.current
            let hints = EventLog()
            try await hints.subscribe(
                to: "\(installation.name).control",
                of: installation.brokerURL
            )
            try await publish(
                ["executions": [["source": ""]]],
                id: UUID().uuidString,
                to: installation
            )
            let hint = try await hints.message { $0.event["parked"] != .null }
            try await expectDocumentKeepsSchema(hint.event, as: .control)
        }

        private func publish(
            _ batch: JSON,
            id: String,
            to installation: Installation
        ) async throws {
            try await installation.tellBroker(
                "publish",
                [
                    "exchange": .string("\(installation.name).submit"), "routing_key": "batch",
                    "properties": [
                        "message_id": .string(id), "content_type": "application/json",
                    ],
                    "body": .string(try batch.line),
                ]
            )
        }

        private func expectDocumentsKeepTheirSchemas(
            _ event: JSON,
            of installation: Installation
        ) async throws {
            try await expectDocumentKeepsSchema(event, as: .event)
            let rows = try await installation.query(
                "select result::text from executions where id = %s::uuid",
                event["subject"]
            )
            let recorded = try JSON(try #require(rows.first?["result"].string))
            try await expectDocumentKeepsSchema(recorded, as: .result)
            guard let path = event["data"]["results_path"].string else { return }
            let file = try installation.json("\(path)/result.json")
            try await expectDocumentKeepsSchema(file, as: .result)
        }

        private func expectDocumentKeepsSchema(
            _ document: JSON,
            as kind: Schemas.Document
        ) async throws {
            let problems = try await Schemas().problems(
                of: try document.line,
                as: kind,
                isClosed: true
            )
            #expect(problems == [], "\(document)")
        }
    }
}
