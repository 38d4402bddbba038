import Foundation
import Testing

extension SystemTests {
    /// Executions that are kept for a time, removed, and compared with their files.
    @Suite(.timeLimit(.minutes(5)))
    struct RetentionTests {
        private static let times = [
            "SANDMILL_RETENTION_SUCCEEDED": "2s", "SANDMILL_RETENTION_MAXIMUM": "2h",
            "SANDMILL_RETENTION_HOLD": "legal=yes",
        ]

        /// Runs a program that leaves a file; the id and its directory.
        private func run(
            _ fields: JSON = [:],
            through gateway: HTTPGateway,
            in installation: Installation
        ) async throws -> (id: String, directory: String) {
            var request: [String: JSON] = [
                "source": "open('out', 'w').write('x' * 1000)\nprint(1)"
            ]
            if case .object(let fields) = fields { request.merge(fields) { $1 } }
            let answer = try await gateway.submit(.object(request))
            #expect(answer.status == 200, "\(answer.text)")
            let directory = try #require(try answer.json["results_path"].string)
            #expect(try !installation.bytes("\(directory)/result.json").isEmpty)
            return (try #require(try answer.json["id"].string), directory)
        }

        private func isThere(_ path: String, in installation: Installation) -> Bool {
            FileManager.default.fileExists(atPath: installation.results.appending(path: path).path)
        }

        @Test(.installation(Self.times)) func whatHasBeenKeptLongEnoughGoesWhole() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let longer = try await run(["retain": "1h"], through: gateway, in: installation)
            let held = try await run(
                ["labels": ["legal": "yes"]],
                through: gateway,
                in: installation
            )
            let failed = try await run(
                ["source": "print(1)\nexit(1)"],
                through: gateway,
                in: installation
            )
            let plain = try await run(through: gateway, in: installation)
            try await eventually(within: .seconds(60), "it is removed") {
                try await gateway.ask("/execute/\(plain.id)").status == 410
            }
            for path in ["/result", "/stdout", "/files/out"] {
                let gone = try await gateway.ask("/execute/\(plain.id)\(path)")
                #expect(gone.status == 410, "\(path)")
                #expect(try gone.json["detail"].string?.contains("kept for 2s") == true)
            }
            try await eventually(within: .seconds(30), "its files are, too") {
                !isThere(plain.directory, in: installation)
            }
            #expect(!isThere(String(plain.directory.dropLast(2)), in: installation))
            for (id, directory) in [longer, held, failed] {
                #expect(try await gateway.ask("/execute/\(id)/stdout").text == "1\n")
                #expect(isThere(directory, in: installation))
            }
            let above = try await gateway.submit(["source": "1", "retain": "3h"])
            #expect(above.status == 400)
            #expect(above.text.contains("/retain"), "\(above.text)")
            #expect(above.text.contains("2h"), "\(above.text)")
            try await installation.stop(gateway.process)
        }

        /// A worker that is killed between the records and what says that files are left leaves the rest to the next.
        @Test(.installationWithoutWorker)
        func whoIsKilledInASweepLeavesTheRestToTheNext() async throws {
            let installation = try Installation.current
            let first = try await installation.startWorker("worker-a")
            let result = try await installation.result(of: "open('out', 'w').write('x' * 1000)")
            try await installation.stop(first)
            let model = try #require(result["results_path"].string)
            // More than one step removes.
            let ids = (0..<150).map { _ in UUID().uuidString.lowercased() }
            for id in ids {
                let place = installation.results.appending(path: "\(model.prefix(10))/\(id)")
                try FileManager.default.createDirectory(
                    at: place,
                    withIntermediateDirectories: true
                )
                try FileManager.default.copyItem(
                    at: installation.results.appending(path: model),
                    to: place.appending(path: "1")
                )
            }
            try await installation.query(
                """
                insert into executions select (jsonb_populate_record(executions, jsonb_build_object(
                    'id', copy, 'results_path', left(results_path, 11) || copy || '/1'))).*
                from executions, jsonb_array_elements_text(%s::jsonb) as copies(copy)
                """,
                .string(try JSON.array(ids.map { .string($0) }).line)
            )
            let sizes = try await installation.query("select results_bytes as size from executions")
            let size = Int(try #require(sizes.first?["size"].double))
            // It waits for us before it notes that the files of its first step are gone.
            let hold = """
                create function hold() returns trigger language plpgsql as
                    'begin perform pg_advisory_xact_lock(hashtext(current_schema())); return new; end';
                create trigger hold before update on deleted_executions
                    for each row execute function hold();
                select pg_advisory_lock(hashtext(current_schema()))
                """
            try await installation.query(hold)
            // The worker before has swept a moment ago.
            try await installation.query("update sweeps set due_at = now()")
            let settings = ["SANDMILL_RETENTION_SUCCEEDED": "1s"]
            let killed = try await installation.startWorker("worker-a", settings: settings)
            let waiting = """
                from pg_locks where locktype = 'advisory' and not granted
                    and objid = hashtext(current_schema())::oid
                """
            try await eventually(within: .seconds(150), "it is in the midst of its sweep") {
                try await !installation.query("select pid \(waiting)").isEmpty
            }
            killed.kill()
            _ = try await killed.exitCode()
            #expect(try await installation.query("select 1 from executions").count == 51)
            // Its last statement ends with it, as it would for a host that is lost.
            try await installation.query("select pg_terminate_backend(pid) \(waiting)")
            try await eventually(within: .seconds(20), "its statement has ended") {
                try await installation.query("select pid \(waiting)").isEmpty
            }
            try await installation.query("drop trigger hold on deleted_executions")
            try await installation.query(
                "select pg_advisory_unlock(hashtext(current_schema()))"
            )
            // Its lease ends in half a minute, and what is left is looked for in one.
            try await installation.query(
                """
                update sweeps set due_at = now();
                update deleted_executions set deleted_at = deleted_at - interval '2 min'
                """
            )
            let next = try await installation.startWorker("worker-b", settings: settings)
            try await eventually(within: .seconds(60), "all is removed") {
                let rows = try await installation.query(
                    """
                    select (select count(*) from executions) as kept,
                        count(*) filter (where paths is not null) as left, count(*) as removed
                    from deleted_executions
                    """
                )
                return rows[0] == ["kept": 0, "left": 0, "removed": 151]
            }
            let day = installation.results.appending(path: String(model.prefix(10)))
            #expect(try FileManager.default.contentsOfDirectory(atPath: day.path).isEmpty)
            let figures = try await next.monitoring().ask("/metrics").text
            let removed = "sandmill_executions_removed_total{cause=\"retention\"} 51\n"
            #expect(figures.contains(removed), "\(figures)")
            let bytes = "sandmill_results_removed_bytes_total{cause=\"retention\"} "
            #expect(figures.contains("\(bytes)\(size * 51)\n"), "\(figures)")
            try await installation.stop(next)
        }

        @Test(.installation()) func whatIsOldIsPrunedByHand() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let kept = try await run(["labels": ["n": "1"]], through: gateway, in: installation)
            let pruned = try await run(["labels": ["n": "2"]], through: gateway, in: installation)
            for wrong in [[], ["--all", "--label", "n=2"], ["--state", "running"]] {
                let ended = try await installation.run(["results", "prune"] + wrong)
                #expect(ended.exitCode == 64, "\(wrong)")
            }
            let young = try await installation.run(["results", "prune", "--older-than", "7d"])
            #expect(young.output.count == 1)
            #expect(young.output.first?.hasPrefix("removing 0 executions") == true)
            let command = ["results", "prune", "--label", "n=2"]
            let dry = try await installation.run(command + ["--dry-run"])
            let line = try #require(dry.output.first)
            #expect(line.hasPrefix("would remove 1 executions with "))
            let bytes = try #require(
                line.split(separator: " ").compactMap { Int($0) }.dropFirst().first
            )
            let size = try installation.bytes("\(pruned.directory)/result.json").count + 1_002
            #expect(bytes == size)
            #expect(try await gateway.ask("/execute/\(pruned.id)").status == 200)
            let ended = try await installation.run(command)
            #expect(ended.exitCode == 0, "\(ended.errors)")
            #expect(ended.output.last == "done to 1, not to 0")
            let gone = try await gateway.ask("/execute/\(pruned.id)")
            #expect(gone.status == 410)
            #expect(try gone.json["detail"].string?.contains("pruned by") == true)
            #expect(!isThere(pruned.directory, in: installation))
            #expect(try await gateway.ask("/execute/\(kept.id)").status == 200)
            let audit = try await installation.run(["audit", "--json"])
            #expect(try audit.output.map { try JSON($0)["action"] } == ["prune"])
            try await installation.stop(gateway.process)
        }

        @Test(.installation()) func aCheckFindsWhatDiffersAndMendsIt() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let good = try await run(through: gateway, in: installation)
            // With cases, of which one does not run.
            _ = try await run(
                [
                    "source": "open('n', 'w').write('1')\nprint(1)", "stop_on_first_failure": true,
                    "cases": [
                        ["name": "a", "expected_stdout": "1"],
                        ["name": "b", "expected_stdout": "2"], ["name": "c"],
                    ],
                ],
                through: gateway,
                in: installation
            )
            let lost = try await run(through: gateway, in: installation)
            @Sendable func check(
                _ arguments: String...
            ) async throws -> (code: Int, lines: [String]) {
                let command = ["results", "check", "--older-than", "1s"] + arguments
                let ended = try await installation.run(command)
                return (ended.exitCode, ended.output)
            }
            #expect(try await check().code == 0)
            let day = String(good.directory.prefix(10))
            let orphans = [
                "\(day)/\(UUID().uuidString.lowercased())/1", "\(good.directory.dropLast())7",
                "2020-01-01/\(UUID().uuidString.lowercased())/2",
            ]
            let leftover = ".staging/worker-z/\(UUID().uuidString.lowercased())-1"
            for path in orphans + [leftover, "\(day)/notes"] {
                try FileManager.default.createDirectory(
                    at: installation.results.appending(path: path),
                    withIntermediateDirectories: true
                )
            }
            try FileManager.default.removeItem(
                at: installation.results.appending(path: lost.directory)
            )
            let expected =
                orphans.map { "orphan  \($0)" }
                + [
                    "leftover  \(leftover)", "stranger  \(day)/notes",
                    "missing  \(lost.directory)  \(lost.id)",
                ]
            // What is fresh is left alone.
            let fresh = try await installation.run(["results", "check"])
            #expect(fresh.exitCode == 1)
            #expect(Set(fresh.output) == Set(expected.suffix(2)))
            try await eventually(within: .seconds(30), "it is old enough") {
                try await check().lines.count == expected.count
            }
            let found = try await check()
            #expect(found.code == 1)
            #expect(Set(found.lines) == Set(expected))
            #expect(isThere(orphans[0], in: installation))
            // What is not ours stays, and is told again.
            #expect(try await Set(check("--repair").lines) == Set(expected))
            #expect(try await check().lines == ["stranger  \(day)/notes"])
            for path in orphans + [leftover] {
                #expect(!isThere(path, in: installation), "\(path)")
            }
            #expect(isThere(good.directory, in: installation))
            #expect(try await gateway.ask("/execute/\(good.id)/stdout").text == "1\n")
            #expect(try await gateway.ask("/execute/\(lost.id)/result").status == 200)
            #expect(try await gateway.ask("/execute/\(lost.id)/stdout").status == 410)
            let audit = try await installation.run(["audit", "--json"])
            #expect(try audit.output.map { try JSON($0)["action"] } == ["repair"])
            // Of one execution, single files.
            func place(_ file: String) -> URL {
                installation.results.appending(path: "\(good.directory)/\(file)")
            }
            try FileManager.default.removeItem(at: place("stdout"))
            try Data("x".utf8).write(to: place("files/out"))
            try Data("x".utf8).write(to: place("files/other"))
            let files = [
                "missing_file  \(good.directory)/stdout", "wrong_size  \(good.directory)/files/out",
                "unexpected_file  \(good.directory)/files/other",
            ]
            let differing = try await check("--repair")
            #expect(differing.code == 1)
            #expect(
                Set(differing.lines)
                    == Set(files.map { "\($0)  \(good.id)" } + ["stranger  \(day)/notes"])
            )
            // A directory that is none of these records' changes nothing.
            let other = try await installation.run([
                "results", "check", "--repair", "--set",
                "results.root=\(installation.directory.path)",
            ])
            #expect(other.exitCode != 0)
            #expect(other.errors.contains(".staging"), "\(other.errors)")
            try await installation.stop(gateway.process)
        }
    }
}
