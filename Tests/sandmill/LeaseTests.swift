import FaultyProxy
import Foundation
import Testing

extension SystemTests {
    /// A worker that is cut off or killed at the worst moment leaves nothing that nobody runs, and is charged
    /// only to what ran.
    @Suite(.timeLimit(.minutes(5)))
    struct LeaseTests {
        /// The claim waits in the store, as for a standby, and its worker is killed.
        ///
        /// The server's process does not hear of that. The successor has taken over when the claim commits.
        @Test(.installationWithoutWorker)
        func claimThatCommitsAfterItsWorkerWasKilledIsRunAllTheSame() async throws {
            let installation = try Installation.current
            let proxy = try DatabaseProxy(of: installation)
            defer { proxy.stop() }
            let batch = UUID().uuidString.lowercased()
            let other = try Session(of: installation)
            // No lock: nobody waits for one of these for long.
            try await other.run("create table gate ()")
            try await other.run(
                """
                create function pass_gate() returns trigger language plpgsql as $$
                begin
                    while not exists (select from gate) loop perform pg_sleep(0.05); end loop;
                    return new;
                end $$
                """
            )
            try await other.run(
                """
                create trigger gate before insert on executions
                for each row execute function pass_gate()
                """
            )
            let first = try await installation.startWorker("worker-a", settings: proxy.settings)
            let id = try await installation.submit([
                "source": "print('done')", "batch": ["id": .string(batch), "size": 1],
            ])
            try await eventually(within: .seconds(30), "the claim waits") {
                try await installation.query(
                    """
                    select 1 from pg_stat_activity where application_name = %s
                        and wait_event = 'PgSleep' and query like 'with claim%%'
                    """,
                    .string(installation.name)
                ).count == 1
            }
            proxy.mode = .frozen
            first.kill()
            _ = try await first.exitCode()
            // It may have been delivered again before the claim commits, and found to be known.
            try await installation.tellBroker(
                "purge",
                ["name": .string("\(installation.name).work.python.normal")]
            )
            try await installation.query(
                """
                select pg_terminate_backend(pid, 5000) from pg_locks
                where locktype = 'advisory' and objsubid = 1
                    and (classid::int8 << 32 | objid::int8)
                        = hashtextextended('sandmill ' || %s || ' worker worker-a', 0)
                """,
                .string(installation.name)
            )
            let second = try await installation.startWorker("worker-a")
            try await other.run("insert into gate default values")
            try await eventually(within: .seconds(30), "the claim is committed") {
                try await installation.record(id)["state"] == "running"
            }
            let result = try await installation.events.finished(id, within: .seconds(90))["data"]
            #expect(result["state"] == "succeeded")
            #expect(result["attempt"] == 2)
            let rows = try await installation.query(
                "select pending, finished_at is not null as is_complete from batches"
            )
            #expect(rows == [["pending": 0, "is_complete": true]])
            #expect(
                try await installation.query(
                    "select 1 from executions where lost_workers > 0"
                ).isEmpty
            )
            try await installation.stop(second)
        }

        @Test(.installationWithoutWorker)
        func whatAWorkerHasInHandThatIsCutOffFromTheStoreIsRunByAnother() async throws {
            let installation = try Installation.current
            let proxy = try DatabaseProxy(of: installation)
            defer { proxy.stop() }
            let cutOff = try await installation.startWorker("worker-a", settings: proxy.settings)
            let healthy = try await installation.startWorker("worker-b")
            proxy.mode = .frozen
            let begin = ContinuousClock.now
            var ids: [UUID] = []
            for _ in 1...40 { ids.append(try await installation.submit(["source": "print(1)"])) }
            for id in ids {
                let result = try await installation.events.finished(id, within: .seconds(60))
                #expect(result["data"]["state"] == "succeeded")
                #expect(result["data"]["worker"] == "worker-b")
            }
            let duration = ContinuousClock.now - begin
            #expect(duration < .seconds(30), "as long as a lease")
            try await eventually(within: .seconds(20), "the worker that is cut off says so") {
                cutOff.errors.text.contains("could not be renewed")
            }
            proxy.mode = .forwarding
            // It works again when it has its lease again.
            try await installation.stop(healthy)
            let result = try await installation.result(of: "print(2)")
            #expect(result["worker"] == "worker-a")
            try await installation.stop(cutOff)
        }

        /// A worker claims far more than it runs.
        @Test(.installationWithoutWorker)
        func whatNeverRanIsNotChargedWithKilledWorkers() async throws {
            let installation = try Installation.current
            let end = Int(Date.now.timeIntervalSince1970) + 30
            var ids: [UUID] = []
            for _ in 1...24 {
                ids.append(
                    try await installation.submit([
                        "source": .string("import time; time.sleep(max(0, \(end) - time.time()))"),
                        "limits": ["wall_seconds": 60],
                    ])
                )
            }
            for _ in 1...3 {
                let victim = try await installation.startWorker("worker-a")
                try await installation.wait(forBusySandboxes: 2)
                try await installation.wait(for: 24, in: "running")
                victim.kill()
                _ = try await victim.exitCode()
            }
            let last = try await installation.startWorker("worker-a")
            for id in ids { _ = try await installation.events.finished(id, within: .seconds(90)) }
            let killers = try await installation.query(
                "select id from executions where reason = 'worker_killer'"
            )
            // The pool has three sandboxes.
            #expect(killers.count <= 3)
            let innocents = try await installation.query(
                "select 1 from executions where state = 'succeeded'"
            )
            #expect(innocents.count == 24 - killers.count)
            try await installation.stop(last)
        }
    }
}

/// A proxy between one worker and the store.
private struct DatabaseProxy {
    /// What leads a worker through it.
    let settings: [String: String]
    private let proxy: FaultyProxy

    init(of installation: Installation) throws {
        let url = try #require(installation.settings["SANDMILL_DATABASE_URL"])
        var components = try #require(URLComponents(string: url))
        proxy = FaultyProxy(before: components.port ?? 5_432)
        components.port = proxy.port
        settings = ["SANDMILL_DATABASE_URL": try #require(components.string)]
    }

    var mode: FaultyProxy.Mode {
        get { proxy.mode }
        nonmutating set { proxy.mode = newValue }
    }

    func stop() { proxy.stop() }
}

/// A session of the store by itself, for a transaction that others wait for.
private struct Session {
    private let client: Program

    init(of installation: Installation) throws {
        let url = try #require(installation.settings["SANDMILL_DATABASE_URL"])
        client = try .client("query", "\(url)-session&options=-csearch_path%3D\(installation.name)")
    }

    func run(_ sql: String, _ parameters: JSON...) async throws {
        _ = try await client.ask(["sql": .string(sql), "parameters": .array(parameters)])
    }
}
