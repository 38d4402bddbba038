import Foundation
import Testing

extension SystemTests {
    /// The alerts and the dashboard that come with Sandmill fit what it measures.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct ObservabilityFileTests {
        private static let rules = "ops/prometheus/sandmill.rules.yaml"

        @Test func alertsFireWhenTheyShouldAndElseNot() async throws {
            try await promtool(["check", "rules", Self.rules])
            try await promtool(["test", "rules", "ops/prometheus/sandmill.rules.test.yaml"])
        }

        @Test func eachAlertHasASectionInTheRunbookAndATest() throws {
            let page = try Checkout.text("Sources/sandmill/Documentation.docc/Runbook.md")
            let tests = try Checkout.text("ops/prometheus/sandmill.rules.test.yaml")
            let rules = try Checkout.text(Self.rules)
            let alerts = rules.matches(of: /- alert: (\w+)/).map { String($0.1) }
            #expect(alerts.count > 10)
            let sections = page.matches(of: /### (\w+)/).map { String($0.1) }
            #expect(sections == alerts)
            for alert in alerts {
                #expect(rules.contains("/documentation/sandmill/runbook#\(alert)\n"))
                #expect(tests.contains("alertname: \(alert)\n        exp_alerts:\n"))
            }
        }

        @Test(arguments: ["executions", "attempts", "files", "batches", "dead_letters"])
        func eachColumnOfATableThatPeopleMayQueryIsDescribed(table: String) async throws {
            let installation = try Installation.current
            let columns = try await installation.query(
                """
                select column_name as name from information_schema.columns
                where table_schema = current_schema() and table_name = %s
                """,
                .string(table)
            )
            let page = try Checkout.text("Sources/sandmill/Documentation.docc/Tables.md")
            let section = try #require(
                page.split(separator: "\n## ").first { $0.hasPrefix("\(table)\n") }
            )
            let described = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
                .compactMap { $0.dropFirst().split(separator: "|").first }
                .flatMap { $0.matches(of: /`(\w+)`/).map { String($0.1) } }
            #expect(Set(described) == Set(columns.compactMap { $0["name"].string }))
            #expect(described.count == columns.count)
        }

        @Test func eachExpressionIsOneAndNamesWhatIsMeasured() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let gateway = try await installation.open("gateway")
            _ = try await gateway.submit(["source": "print(1)"])
            let monitoring = try await worker.monitoring()
            try await eventually(within: .seconds(30), "the figures of servers are there") {
                let text = try await monitoring.ask("/metrics").text
                return text.contains("sandmill_broker_messages_ready{")
                    && text.contains("sandmill_store_up 1")
            }
            let scraped =
                try await monitoring.ask("/metrics").text + gateway.ask("/metrics").text
            let names = Set(scraped.matches(of: #/# TYPE (\w+) /#).map { String($0.1) })
            let endings = names.flatMap { ["\($0)_bucket", "\($0)_count", "\($0)_sum"] }

            let dashboard = try JSON(try Checkout.text("ops/grafana/sandmill.json"))
            let panels = dashboard["panels"].elements
            let shown = panels.flatMap { panel in
                panel["targets"].elements.compactMap { $0["expr"].string }
            }
            #expect(shown.count > 20)
            let alerts = try Checkout.text("ops/prometheus/sandmill.rules.yaml")
                .matches(of: /expr: >-\n +(.+)\n/).map { String($0.1) }
            #expect(alerts.count > 10)
            let used = (shown + alerts).flatMap {
                $0.matches(of: /\b(?:sandmill|process)_\w+/).map { String($0.0) }
            }
            #expect(Set(used).subtracting(names).subtracting(endings) == [])

            // Every rule is parsed, so each expression is made one.
            let directory = URL.temporaryDirectory.appending(path: "sandmill-rules-\(UUID())")
            try FileManager.default.createDirectory(
                at: directory,
                withIntermediateDirectories: true
            )
            defer { try? FileManager.default.removeItem(at: directory) }
            let rules: [JSON] = shown.enumerated().map { index, expression in
                [
                    "record": .string("panel:\(index)"),
                    "expr": .string(expression.replacing("$pool", with: ".*")),
                ]
            }
            let document: JSON = ["groups": [["name": "panels", "rules": .array(rules)]]]
            let file = directory.appending(path: "rules.yaml")
            try Data(try document.line.utf8).write(to: file)
            try await promtool(["check", "rules", file.path()])
            try await installation.stop(gateway.process)
            try await installation.stop(worker)
        }
    }
}
