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
