import Foundation
import Testing

/// Chromium, driven by `clients/browser.py`; it ends with the last that holds it.
final class Browser: Sendable {
    private let program: Program
    private let gateway: HTTPGateway

    private init(at gateway: HTTPGateway) throws {
        program = try Program.client("browser")
        self.gateway = gateway
    }

    /// Opens one that looks at a gateway, for as long as `body` uses it.
    static func look(
        at gateway: HTTPGateway,
        _ body: (Browser) async throws -> Void
    ) async throws {
        let browser = try Browser(at: gateway)
        do {
            try await body(browser)
        } catch {
            try? await browser.close()
            throw error
        }
        try await browser.close()
    }

    /// Ends it, with the processes that it started.
    private func close() async throws {
        try program.finishInput()
        let exitCode = try await within(.seconds(30), "the end of the browser") { [program] in
            try await program.exitCode()
        }
        #expect(exitCode == 0, "\(program.errors.text)")
    }

    /// Goes to a path of the gateway.
    @discardableResult
    func open(_ path: String) async throws -> JSON {
        try await ask("open", ["url": .string(gateway.url(path))])
    }

    /// Waits until an element is there that has a text; returns all that it has.
    @discardableResult
    func see(_ selector: String, _ text: String = "") async throws -> String {
        let answer = try await ask("see", ["selector": .string(selector), "text": .string(text)])
        return try #require(answer["text"].string)
    }

    /// The address it is at.
    func url() async throws -> String {
        try #require(try await ask("see", ["selector": "body"])["url"].string)
    }

    /// Clicks an element, once it is there.
    func click(_ selector: String, _ text: String = "") async throws {
        try await ask("click", ["selector": .string(selector), "text": .string(text)])
    }

    /// Types into a field, in place of what is there.
    func write(_ value: String, into selector: String) async throws {
        try await ask("write", ["selector": .string(selector), "value": .string(value)])
    }

    /// How many elements match.
    func count(_ selector: String) async throws -> Int {
        Int(try #require(try await ask("count", ["selector": .string(selector)])["count"].double))
    }

    /// The value of a script's `return`.
    func evaluate(_ script: String) async throws -> JSON {
        try await ask("evaluate", ["script": .string(script)])["value"]
    }

    /// What was asked for so far, and what the console says; each once.
    func requests() async throws -> (urls: [String], console: [String]) {
        let answer = try await ask("requests", [:])
        return (
            answer["urls"].elements.compactMap(\.string),
            answer["console"].elements.compactMap(\.string)
        )
    }

    /// Takes a picture of what is there; by how many pixels it is too wide.
    func photograph(
        to file: URL,
        width: Int,
        height: Int = 1_000,
        scheme: String = "light"
    ) async throws -> Int {
        let answer = try await ask(
            "photograph",
            [
                "file": .string(file.path()), "width": .number(Double(width)),
                "height": .number(Double(height)), "scheme": .string(scheme),
            ]
        )
        return Int(try #require(answer["overflow"].double))
    }

    @discardableResult
    private func ask(_ order: String, _ fields: [String: JSON]) async throws -> JSON {
        let question = JSON.object(fields.merging(["do": .string(order)]) { $1 })
        return try await within(.seconds(90), "the browser's \(order)") { [program] in
            try await program.ask(question)
        }
    }
}
