import Foundation
import Testing

/// What the gateway says of documents is what the schemas say.
@Suite struct OpenAPIAgreementTests {
    /// A component of `config/openapi.json`, and the schema of the same thing.
    struct Pair: Sendable, CustomTestStringConvertible {
        let component: String
        let document: Schemas.Document
        let path: [String]
        /// Fields that the schema has elsewhere.
        var others: [String] = []

        var testDescription: String { component }
    }

    private static let pairs = [
        Pair(component: "Result", document: .result, path: []),
        Pair(component: "Case", document: .result, path: ["$defs", "case"]),
        Pair(
            component: "Request",
            document: .request,
            path: ["$defs", "fields"],
            others: ["batch"]
        ),
        Pair(component: "Limits", document: .request, path: ["$defs", "limits"]),
        Pair(component: "Batch", document: .batch, path: []),
    ]

    @Test(arguments: pairs)
    func aDocumentHasTheSameFieldsAtTheDoor(pair: Pair) throws {
        let component = try Self.openAPI["components"]["schemas"][pair.component]
        let schema = try pair.path.reduce(pair.document.schema) { $0[$1] }
        #expect(!schema["properties"].fields.isEmpty)
        #expect(
            component["properties"].fields.keys.sorted()
                == (schema["properties"].fields.keys + pair.others).sorted()
        )
        if pair.document == .result {
            #expect(
                component["required"].elements.compactMap(\.string).sorted()
                    == schema["required"].elements.compactMap(\.string).sorted()
            )
        }
    }

    @Test func whatMayBeNullMayBeNullAtTheDoor() throws {
        let result = try Self.openAPI["components"]["schemas"]["Result"]["properties"]
        let example = try Schemas.Document.result.schema["examples"].elements
        let nulls = Set(example.flatMap { $0.fields.filter { $0.value == .null }.map(\.key) })
        #expect(nulls.contains("reason"))
        for name in nulls.union(["worker"]) {
            let types = result[name]["type"].elements.compactMap(\.string)
            #expect(types.contains("null"), "\(name)")
        }
    }

    private static var openAPI: JSON {
        get throws {
            try JSON(try Checkout.text("config/openapi.json"))
        }
    }
}
