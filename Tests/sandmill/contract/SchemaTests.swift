import Foundation
import SandmillEntity
import SandmillService
import Testing

/// The schemas by themselves.
@Suite(.timeLimit(.minutes(5)))
struct SchemaTests {
    @Test(arguments: Schemas.Document.allCases)
    func everySchemaHasExamplesThatKeepIt(document: Schemas.Document) async throws {
        let schemas = try Schemas()
        let examples = try document.schema["examples"].elements
        #expect(!examples.isEmpty)
        for example in examples {
            let isClosed = ![.request, .batch].contains(document)
            let problems = try await schemas.problems(
                of: try example.line,
                as: document,
                isClosed: isClosed
            )
            #expect(problems.isEmpty)
        }
    }

    @Test func aResultWithoutAFieldIsRefusedAndOneWithAnotherWhereItIsClosed() async throws {
        let schemas = try Schemas()
        let example = try Schemas.Document.result.schema["examples"][0].fields
        for name in example.keys {
            var rest = example
            rest[name] = nil
            let problems = try await schemas.problems(of: try JSON.object(rest).line, as: .result)
            #expect(!problems.isEmpty, "without \(name)")
        }
        for name in ["", "stdout"] {
            var more = example
            if name.isEmpty {
                more["more"] = 1
            } else {
                more[name] = .object(
                    example[name, default: .null].fields.merging(["more": 1]) { $1 }
                )
            }
            let text = try JSON.object(more).line
            #expect(try await schemas.problems(of: text, as: .result) == [])
            #expect(try await schemas.problems(of: text, as: .result, isClosed: true) != [])
        }
    }

    @Test func everySchemaHasItsNameAndDialect() throws {
        for document in Schemas.Document.allCases {
            let schema = try document.schema
            #expect(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema")
            #expect(schema["$id"] == .string("https://sandmill.dev/schemas/\(document.file)"))
            #expect(schema["title"].string != nil && schema["description"].string != nil)
        }
    }

    @Test func theWordsAreThoseOfTheCode() throws {
        let request = try Schemas.Document.request.schema
        let fields = request["$defs"]["fields"]["properties"]
        let result = try Schemas.Document.result.schema
        #expect(words(fields["isolation"]) == ["tenant", "fresh"])
        #expect(words(fields["reveal"]) == Set(Reveal.allCases.map(\.rawValue)))
        #expect(
            words(request["$defs"]["retry"]["properties"]["on"]["items"])
                == Set(RetryPolicy.states.map(\.rawValue))
        )
        #expect(words(request["$defs"]["level"]) == Set(Level.allCases.map(\.rawValue)))
        let ends = Set(ExecutionState.allCases.filter(\.isTerminal).map(\.rawValue))
        #expect(words(result["properties"]["state"]) == ends)
        #expect(
            words(result["$defs"]["case"]["properties"]["verdict"])
                == Set(CaseVerdict.allCases.map(\.rawValue))
        )
        let counts = try Schemas.Document.event.schema["$defs"]["batch"]["properties"]["counts"]
        #expect(Set(counts["properties"].fields.keys) == ends)
    }

    @Test func everyHintIsWrittenAsTheSchemaSaysAndReadBack() async throws {
        let schemas = try Schemas()
        let hints = [
            ControlMessage(cancel: [UUID(), UUID()]), ControlMessage(cancelBatch: UUID()),
            ControlMessage(parked: "python"),
        ]
        for hint in hints {
            let body = hint.outboundMessage.body
            let text = String(decoding: body, as: UTF8.self)
            let problems = try await schemas.problems(of: text, as: .control, isClosed: true)
            #expect(problems == [], "\(text)")
            #expect(ControlMessage(body) == hint)
        }
    }

    @Test func theReadmeSaysWhereTheDocumentsAre() throws {
        let readme = try Checkout.text("README.md")
        for path in ["config/schemas", "config/asyncapi.yaml"] {
            let isLinked = readme.contains("(\(path))")
            #expect(isLinked, "\(path)")
        }
    }

    private func words(_ schema: JSON) -> Set<String> {
        Set(schema["enum"].elements.compactMap(\.string))
    }
}
