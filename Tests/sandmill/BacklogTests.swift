import Foundation
import Testing

extension SystemTests {
    /// How much a tenant has queued does not matter to another, whichever way it came.
    @Suite(.timeLimit(.minutes(5)))
    struct BacklogTests {
        /// How a tenant comes by a backlog that is many times the window.
        enum Way: CaseIterable, Sendable {
            case messages, batches, batchesByHTTP, linesByHTTP, requestsByHTTP, cases, fresh
        }

        private static let window = 50
        private static let count = 400
        /// More than any bound here, and fewer than a backlog: those that may start between the submission of
        /// another tenant's first execution and its start.
        private static let few = 16
        private static let json = "Content-Type: application/json"

        @Test(.installationWithoutWorker, arguments: Way.allCases)
        func aTenantsFirstIsAFewExecutionsBehindAnothersBacklog(by way: Way) async throws {
            let installation = try Installation.current
            let gateway = try await installation.open(settings: [
                "SANDMILL_WORKER_WINDOW": "\(Self.window)", "SANDMILL_WORKER_CLAIM_AHEAD": "4",
            ])
            try await fill(by: way, at: gateway)
            try await eventually(within: .seconds(60), "the backlog runs, and fills the window") {
                let rows = try await installation.query(
                    """
                    select count(*) filter (where finished_at is not null) as ended,
                        count(*) filter (where state = 'queued') as queued from executions
                    """
                )
                return try #require(rows[0]["ended"].double) > 0
                    && #require(rows[0]["queued"].double) > Double(Self.window)
            }
            let byMessage = try await startedBefore("by-message") { tenant in
                try await installation.submit(
                    ["source": "print(1)"],
                    properties: ["headers": ["tenant": .string(tenant)]]
                )
            }
            #expect(byMessage < Self.few)
            let byHTTP = try await startedBefore("by-http") { tenant in
                let answer = try await gateway.submit(
                    ["source": "print(1)"],
                    to: "/execute/async",
                    "-H",
                    "tenant: \(tenant)"
                )
                return try #require(try answer.json["id"].string.flatMap(UUID.init))
            }
            #expect(byHTTP < Self.few)
            let left = try await installation.query(
                "select 1 from executions where state = 'queued'"
            )
            #expect(left.count > 2 * Self.few, "the backlog was over before there was much to see")
            try await cancelAll()
            try await installation.stop(gateway.process)
        }

        /// How many of others started between the submission of a tenant's execution and its start.
        private func startedBefore(
            _ tenant: String,
            submit: (_ tenant: String) async throws -> UUID
        ) async throws -> Int {
            let installation = try Installation.current
            let start = try await installation.query("select clock_timestamp()::text as now")
            let id = try await submit(tenant)
            _ = try await installation.events.finished(id, within: .seconds(60))
            let rows = try await installation.query(
                """
                select count(*) from executions, executions as one
                where one.id = %s::uuid and executions.tenant = 'large'
                    and executions.started_at between %s::timestamptz and one.started_at
                """,
                .string(id.uuidString),
                start[0]["now"]
            )
            return Int(try #require(rows[0]["count"].double))
        }

        private func fill(by way: Way, at gateway: HTTPGateway) async throws {
            let installation = try Installation.current
            var request: [String: JSON] = ["source": "import time; time.sleep(0.2)"]
            switch way {
            case .messages, .cases, .fresh:
                if way == .cases { request["cases"] = [["stdin": "1"], ["stdin": "2"]] }
                if way == .fresh { request["isolation"] = "fresh" }
                for _ in 0..<Self.count {
                    try await installation.submit(
                        .object(request),
                        properties: ["headers": ["tenant": "large"]]
                    )
                }
            case .batches:
                for _ in 0..<3 {
                    try await installation.publish(
                        try batch(of: request).line,
                        key: "batch",
                        properties: [
                            "content_type": "application/json",
                            "message_id": .string(UUID().uuidString.lowercased()),
                            "headers": ["tenant": "large"],
                        ]
                    )
                }
            case .batchesByHTTP:
                for _ in 0..<3 {
                    try await post(
                        try batch(of: request).line,
                        to: "/batches",
                        type: Self.json,
                        at: gateway
                    )
                }
            case .linesByHTTP:
                let line = try JSON.object(request).line
                let lines = Array(repeating: line, count: Self.count).joined(separator: "\n")
                for _ in 0..<3 {
                    let type = "Content-Type: application/x-ndjson"
                    try await post(lines, to: "/batches", type: type, at: gateway)
                }
            case .requestsByHTTP:
                // curl makes a request of each number.
                let path = "/execute/async#[1-\(Self.count)]"
                try await post(
                    try JSON.object(request).line,
                    to: path,
                    type: Self.json,
                    at: gateway
                )
            }
        }

        private func batch(of request: [String: JSON]) -> JSON {
            [
                "pool": "python", "defaults": .object(request),
                "executions": .array(Array(repeating: .object([:]), count: Self.count)),
            ]
        }

        private func post(
            _ body: String,
            to path: String,
            type: String,
            at gateway: HTTPGateway
        ) async throws {
            let answer = try await gateway.ask(
                path,
                "-H",
                type,
                "-H",
                "tenant: large",
                "--data-binary",
                body
            )
            try #require(answer.status == 202)
        }

        /// Ends what waits, so that the worker has little to finish.
        private func cancelAll() async throws {
            let installation = try Installation.current
            try await installation.query(
                """
                insert into cancellations (execution_id, tenant)
                select id, tenant from executions where finished_at is null
                on conflict do nothing
                """
            )
        }
    }
}
