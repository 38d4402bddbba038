import Foundation
import Testing

extension SystemTests {
    /// Traces as a collector gets them, which decodes them by OpenTelemetry's own messages.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct TraceTests {
        private static let names: Set = ["claim", "sandbox", "run", "collect", "commit", "publish"]

        private func collector() async throws -> (Program, settings: [String: String]) {
            let python = Checkout.root.appending(path: ".sandmill/python/bin/python")
            let script = Bundle.module.url(
                forResource: "collector",
                withExtension: "py",
                subdirectory: "clients"
            )
            let collector = try Program(
                python,
                [try #require(script).path()],
                in: .temporaryDirectory
            )
            let port = try await within(.seconds(30), "the collector") {
                try await collector.answer()["port"].double
            }
            let settings = [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(Int(try #require(port)))",
                "OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret", "OTEL_BSP_SCHEDULE_DELAY": "200",
            ]
            return (collector, settings)
        }

        /// Reads spans until each name has come.
        private func spans(
            of trace: String,
            from collector: Program,
            until wanted: Int
        ) async throws -> [JSON] {
            try await within(.seconds(60), "the spans of \(trace)") {
                var spans: [JSON] = []
                while spans.count < wanted {
                    let span = try await collector.answer()
                    if span["trace"] == .string(trace) { spans.append(span) }
                }
                return spans
            }
        }

        @Test func theStepsOfAnExecutionAreInItsRequestsTrace() async throws {
            let installation = try Installation.current
            let (collector, settings) = try await collector()
            let worker = try await installation.startWorker("worker-a", settings: settings)
            let trace = "0af7651916cd43dd8448eb211c80319c"
            let id = try await installation.submit(
                ["source": "import time; time.sleep(0.2)"],
                properties: [
                    "headers": ["traceparent": .string("00-\(trace)-b7ad6b7169203331-01")]
                ]
            )
            let spans = try await spans(of: trace, from: collector, until: 6)
            #expect(Set(spans.compactMap { $0["name"].string }) == Self.names)
            for span in spans {
                #expect(span["parent"] == "b7ad6b7169203331")
                #expect(span["service"] == "sandmill")
                #expect(span["instance"] == "worker-a")
                #expect(span["key"] == "secret")
                let execution = JSON.string(id.uuidString.lowercased())
                #expect(span["attributes"]["sandmill.execution"] == execution)
            }
            #expect(Set(spans.compactMap { $0["id"].string }).count == 6)
            let run = try #require(spans.first { $0["name"] == "run" })
            #expect(try #require(run["seconds"].double) >= 0.2)
            #expect(try #require(run["seconds"].double) < 60)
            try await installation.stop(worker)
        }

        @Test func gatewayAndWorkerFindTheSameTraceOfARequestWithoutOne() async throws {
            let installation = try Installation.current
            let (collector, settings) = try await collector()
            let worker = try await installation.startWorker("worker-a", settings: settings)
            let gateway = try await installation.open("gateway", settings: settings)
            let answer = try await gateway.submit(["source": "print(1)"])
            let id = try #require(try answer.json["id"].string)
            // The gateway publishes the request, the worker the end.
            let spans = try await spans(
                of: id.replacing("-", with: ""),
                from: collector,
                until: 7
            )
            let publishers = spans.filter { $0["name"] == "publish" }
            #expect(Set(publishers.compactMap { $0["instance"].string }).count == 2)
            #expect(spans.allSatisfy { $0["parent"] == "" })
            try await installation.stop(gateway.process)
            try await installation.stop(worker)
        }
    }
}
