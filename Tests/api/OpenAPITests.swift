import Foundation
import HTTPTypes
import Testing

@testable import SandmillAPI

/// What the door answers and what `config/openapi.json` says it answers are the same.
@Suite struct OpenAPITests {
    private struct Document: Decodable {
        let paths: [String: [String: Operation]]

        struct Operation: Decodable {
            let security: [[String: [String]]]?

            init(from decoder: any Decoder) throws {
                // Beside operations a path has its parameters.
                let container = try? decoder.container(keyedBy: Key.self)
                security = try container?.decodeIfPresent(
                    [[String: [String]]].self,
                    forKey: .security
                )
            }

            enum Key: String, CodingKey {
                case security
            }
        }
    }

    private static func file() throws -> Data {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try Data(contentsOf: root.appending(path: "config/openapi.json"))
    }

    private static func operations() throws -> [String: Document.Operation] {
        let document = try JSONDecoder().decode(Document.self, from: try file())
        var operations: [String: Document.Operation] = [:]
        for (path, item) in document.paths {
            for (method, operation) in item where method != "parameters" {
                operations["\(method.uppercased()) \(path)"] = operation
            }
        }
        return operations
    }

    private static func routes() throws -> [Route] {
        try Gateway.detached().routes
    }

    @Test func everyRouteIsDescribedAndEveryDescriptionIsARoute() throws {
        let routes = try Self.routes().map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(routes) == Set(try Self.operations().keys))
        #expect(Set(routes).count == routes.count)
    }

    @Test func onlyWhatEverybodyMayHaveNeedsNoToken() throws {
        let operations = try Self.operations()
        for route in try Self.routes() {
            let operation = try #require(operations["\(route.method.rawValue) \(route.path)"])
            let isOpen = operation.security == [[:]]
            #expect(isOpen == (route.access == .anybody), "\(route.path)")
        }
    }

    @Test func theProgramHasTheDocumentInIt() throws {
        #expect(Data(PackageResources.openapi_json) == (try Self.file()))
    }
}
