import Foundation
import Testing

extension SystemTests {
    /// `config/asyncapi.yaml` is a document of AsyncAPI 3.0, and tells what is on the broker.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct AsyncAPITests {
        @Test func theDocumentIsValidAndItsReferencesLeadSomewhere() async throws {
            #expect(try await ask(["do": "validate"]) == ["problems": []])
        }

        @Test(
            arguments: [
                ["asyncapi": "2.6.0", "info": ["title": "", "version": ""]],
                ["asyncapi": "3.0.0", "info": ["title": ""]],
                [
                    "asyncapi": "3.0.0", "info": ["title": "", "version": ""],
                    "channels": ["a": ["bindings": ["amqp": ["is": "topic"]]]],
                ],
                [
                    "asyncapi": "3.0.0", "info": ["title": "", "version": ""],
                    "operations": [
                        "a": ["action": "publish", "channel": ["$ref": "#/channels/a"]]
                    ],
                ],
            ] as [JSON]
        )
        func theValidatorRefusesWhatIsNone(document: JSON) async throws {
            let answer = try await ask(["do": "validate", "document": document])
            #expect(!answer["problems"].elements.isEmpty)
        }

        @Test func itTellsTheTopologyThatTheProgramShows() async throws {
            let shown = try await Installation.current.run(["topology", "show"]).output
            let told = try await ask(try order("list"))["lines"].elements.compactMap(\.string)
            #expect(told == shown.sorted())
        }

        @Test func theBrokerHasWhatItTells() async throws {
            let installation = try Installation.current
            var probe = try order("probe").fields
            probe["url"] = .string(installation.brokerURL)
            #expect(try await ask(.object(probe)) == ["problems": []])
        }

        @Test func theEventsOfABrokerHaveTheProperties() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let member: JSON = ["id": .string(UUID().uuidString), "size": 1]
            try await installation.submit(
                ["source": "", "batch": member],
                properties: ["correlation_id": "c-1"]
            )
            try await installation.submit(
                ["sauce": 1],
                properties: ["correlation_id": "c-2"]
            )
            for (message, start) in [
                ("finished", "execution."), ("completed", "batch."), ("refused", "request."),
            ] {
                let event = try await installation.events.message { $0.routingKey.hasPrefix(start) }
                let answer = try await ask(
                    [
                        "do": "properties", "message": .string(message),
                        "properties": event.properties,
                    ]
                )
                #expect(answer == ["problems": []], "\(message)")
            }
            try await installation.stop(worker)
        }

        private func order(_ name: String) throws -> JSON {
            [
                "do": .string(name), "prefix": .string(try Installation.current.name),
                "pools": ["python"],
            ]
        }

        private func ask(_ question: JSON) async throws -> JSON {
            let file = Checkout.config.appending(path: "asyncapi.yaml")
            let reader = try Program.checker("asyncapi", file.path())
            return try await within(.seconds(30), "the reading of asyncapi.yaml") {
                try await reader.ask(question)
            }
        }
    }
}
