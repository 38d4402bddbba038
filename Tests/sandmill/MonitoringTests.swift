import FaultyProxy
import Foundation
import Testing

extension SystemTests {
    /// What workers and gateways tell of themselves, read by Prometheus itself.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct MonitoringTests {
        @Test func prometheusScrapesWorkersAndGateways() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let gateway = try await installation.open("gateway")
            let monitoring = try await worker.monitoring()
            #expect(try await gateway.submit(["source": "print(1)"]).status == 200)
            _ = try await installation.result(of: "exit(3)")
            try await installation.publish("{", properties: ["message_id": "none"])

            let server = try await PrometheusServer(scraping: [
                "worker": monitoring.port, "gateway": gateway.port,
            ])
            for job in ["worker", "gateway"] {
                try await server.expect("up{job=\"\(job)\"}", 1)
                try await server.expect("sandmill_store_up{job=\"\(job)\"}", 1)
                try await server.expect("sandmill_connection_up{job=\"\(job)\", to=\"broker\"}", 1)
                try await server.expect("count(sandmill_broker_messages_ready{job=\"\(job)\"})", 3)
                try await server.expect("sandmill_demand_slots{job=\"\(job)\"}", 0)
                try await server.expect(
                    "process_resident_memory_bytes{job=\"\(job)\"} > bool 1e6",
                    1
                )
                try await server.expect("sandmill_results_free_bytes{job=\"\(job)\"} > bool 1", 1)
                try await server.expect("count(sandmill_build_info{job=\"\(job)\"})", 1)
            }
            let finished = "sandmill_executions_finished_total{job=\"worker\", pool=\"python\""
            try await server.expect("\(finished), state=\"succeeded\", reason=\"\"}", 1)
            try await server.expect("\(finished), state=\"failed\", reason=\"exit_code\"}", 1)
            let letters = "sandmill_dead_letters_total{error_type=\"invalid_request\"}"
            try await server.expect(letters, 1)
            try await server.expect("sum(sandmill_executions_claimed_total)", 2)
            try await server.expect("sum(sandmill_executions_received_total{job=\"gateway\"})", 1)
            for histogram in [
                "queue_wait", "sandbox_wait", "run", "collect", "commit", "end_to_end",
            ] {
                try await server.expect("sum(sandmill_\(histogram)_seconds_count)", 2)
            }
            let median = "histogram_quantile(0.5, sum by (le) (sandmill_run_seconds_bucket))"
            try await server.expect("\(median) > bool 0", 1)
            try await server.expect("sum(sandmill_slots{state=\"free\"})", 3)

            for process in [monitoring, gateway] {
                let scraped = try await process.ask("/metrics").text
                try await promtool(["check", "metrics"], reading: scraped)
                #expect(!scraped.contains("tenant="))
            }
            try await installation.stop(gateway.process)
            try await installation.stop(worker)
        }

        @Test func aWorkerTellsWhatDoesNotWork() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let monitoring = try await worker.monitoring()
            try await eventually(within: .seconds(30), "it is ready") {
                try await monitoring.ask("/readyz").status == 200
            }
            #expect(try await monitoring.ask("/livez").status == 200)
            let checks = try await monitoring.ask("/readyz").json["checks"].elements
            #expect(
                Set(checks.compactMap { $0["name"].string })
                    == ["database", "broker", "engine", "results", "ledger"]
            )
            #expect(try await monitoring.ask("/executions").status == 404)
            let wrong = try await monitoring.ask("/metrics", "-X", "POST")
            #expect(wrong.status == 405)
            #expect(wrong.fields["allow"] == "GET, HEAD, OPTIONS")
            try FileManager.default.moveItem(
                at: installation.results,
                to: installation.directory.appending(path: "moved")
            )
            try Data().write(to: installation.results)
            try await eventually(within: .seconds(30), "it says so") {
                let ready = try await monitoring.ask("/readyz")
                let text = try await monitoring.ask("/metrics").text
                return ready.status == 503
                    && text.contains("sandmill_check_up{check=\"results\"} 0\n")
            }
            try FileManager.default.removeItem(at: installation.results)
            try FileManager.default.moveItem(
                at: installation.directory.appending(path: "moved"),
                to: installation.results
            )
            try await installation.stop(worker)
        }

        @Test func aTakenAddressKeepsNoWorkerFromWork() async throws {
            let installation = try Installation.current
            let first = try await installation.startWorker("worker-a")
            let monitoring = try await first.monitoring()
            let second = try await installation.startWorker(
                "worker-b",
                settings: ["SANDMILL_WORKER_LISTEN": "127.0.0.1:\(monitoring.port)"]
            )
            try await within(.seconds(30), "the complaint") {
                try await second.errors.skip(to: "The worker's monitoring cannot listen.")
            }
            try await installation.stop(first)
            #expect(try await installation.result(of: "print(2)")["state"] == "succeeded")
            // It gets the address once that is free.
            #expect(try await second.monitoring().port == monitoring.port)
            try await installation.stop(second)
        }

        @Test func aWorkerWithoutAnAddressServesNothing() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker(
                "worker-a",
                settings: ["SANDMILL_WORKER_LISTEN": "off"]
            )
            #expect(try await installation.result(of: "print(2)")["state"] == "succeeded")
            #expect(!worker.errors.text.contains("monitoring"))
            try await installation.stop(worker)
        }
    }
}

/// Runs Prometheus' own tool on what it reads from standard input, and expects that it finds no fault.
func promtool(_ arguments: [String], reading text: String? = nil) async throws {
    let tool = try Program(
        URL(filePath: "/usr/bin/env"),
        ["promtool"] + arguments,
        in: Checkout.root
    )
    if let text { try tool.write(text) }
    try tool.finishInput()
    let exitCode = try await within(.seconds(60), "promtool") {
        while await tool.output.next() != nil {}
        while await tool.errors.next() != nil {}
        return try await tool.exitCode()
    }
    #expect(exitCode == 0, "\(tool.output.text)\(tool.errors.text)")
}

extension Program {
    /// The monitoring of this worker, once it is up.
    func monitoring() async throws -> HTTPGateway {
        let line =
            /127\.0\.0\.1:([0-9]+).*The worker's monitoring is up\.|The worker's monitoring is up\..*127\.0\.0\.1:([0-9]+)/
        nonisolated(unsafe) let pattern = line
        let errors = errors
        let port = try await within(.seconds(90), "the worker's monitoring") {
            while true {
                let match = unsafe errors.text.firstMatch(of: pattern)
                if let port = match.flatMap({ Int($0.1 ?? $0.2 ?? "") }) { return port }
                try await ContinuousClock().sleep(for: .milliseconds(50))
            }
        }
        return HTTPGateway(process: self, port: port)
    }
}

/// A Prometheus of Debian that scrapes each second, and keeps what it reads in a folder of its own.
struct PrometheusServer: Sendable {
    private let process: Program
    private let directory: URL
    private let api: HTTPGateway

    /// Starts one that scrapes ports of this machine, by job.
    init(scraping jobs: [String: Int]) async throws {
        directory = URL.temporaryDirectory.appending(path: "sandmill-prometheus-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let targets = jobs.sorted { $0.key < $1.key }.map { job, port in
            """
              - job_name: \(job)
                static_configs: [{targets: ["127.0.0.1:\(port)"]}]
            """
        }
        let configuration = """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
            \(targets.joined(separator: "\n"))
            """
        let file = directory.appending(path: "prometheus.yaml")
        try Data(configuration.utf8).write(to: file)
        let port = Loopback.freePorts(1)[0]
        process = try Program(
            URL(filePath: "/usr/bin/env"),
            [
                "prometheus", "--config.file=\(file.path())",
                "--storage.tsdb.path=\(directory.appending(path: "data").path())",
                "--web.listen-address=127.0.0.1:\(port)",
            ],
            in: directory
        )
        api = HTTPGateway(process: process, port: port)
        let errors = process.errors
        try await within(.seconds(60), "the start of Prometheus") {
            try await errors.skip(to: "Server is ready to receive web requests.")
        }
    }

    /// Waits until an expression has one value.
    func expect(_ expression: String, _ value: Double) async throws {
        let query = "query=\(expression)"
        let api = api
        try await eventually(within: .seconds(60), "\(expression) is \(value)") {
            let answer = try await api.ask("/api/v1/query", "-G", "--data-urlencode", query).json
            let results = answer["data"]["result"].elements
            return results.count == 1
                && results[0]["value"][1].string.flatMap { Double($0) } == value
        }
    }
}
