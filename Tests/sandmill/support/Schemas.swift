import Foundation

/// The schemas of `config/schemas`, as a validator that nobody here wrote reads them.
struct Schemas: Sendable {
    /// What a schema describes.
    enum Document: String, CaseIterable {
        case request
        case batch
        case event
        case result
        case control

        var file: String { "\(rawValue).schema.json" }

        /// The schema itself.
        var schema: JSON {
            get throws { try JSON(try Checkout.text("config/schemas/\(file)")) }
        }
    }

    private let validator: Program

    init() throws {
        validator = try .checker("validate", Checkout.config.appending(path: "schemas").path())
    }

    /// What is wrong with a document; with `isClosed`, fields that its schema does not name too.
    func problems(
        of text: String,
        as document: Document,
        isClosed: Bool = false
    ) async throws -> [String] {
        let order: JSON = [
            "schema": .string(document.file), "text": .string(text), "closed": .bool(isClosed),
        ]
        return try await within(.seconds(30), "a validation") {
            try await validator.ask(order)["problems"].elements.compactMap(\.string)
        }
    }
}
