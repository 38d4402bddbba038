import Foundation
import Testing

/// The documentation of what happens when something breaks names the tests that show it.
@Suite struct FaultTableTests {
    @Test func everyTestThatIsNamedIsThere() throws {
        let page = try Checkout.text("Sources/sandmill/Documentation.docc/Faults.md")
        let named = page.split(separator: "\n").filter { $0.hasPrefix("| ") }
            .compactMap { $0.split(separator: "|").last }
            .flatMap { $0.matches(of: /`(\w+)`/).map { String($0.1) } }
        #expect(named.count > 80)
        let tests = Checkout.root.appending(path: "Tests")
        let files = try #require(FileManager.default.enumerator(atPath: tests.path()))
        let there = try files.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
            .flatMap { file in
                try String(contentsOf: tests.appending(path: file), encoding: .utf8)
                    .matches(of: /@Test[^{}]*? func (\w+)\(/).map { String($0.1) }
            }
        #expect(Set(named).subtracting(there).isEmpty)
    }
}
