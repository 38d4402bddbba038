import FaultyProxy
import Foundation
import Hashing
import Testing

extension SystemTests {
    /// What was refused can be found, mended and put back, or removed.
    @Suite(
        .installation(["SANDMILL_BROKER_MAXIMUM_BODY": "64KiB"]),
        .timeLimit(.minutes(5))
    )
    struct DeadLetterTests {
        private static let source = "print('mended')"
        private static let mended = #"{"source": "print('mended')"}"#
        private static let broken = #"{"sauce": "print('mended')"}"#

        // MARK: - List and show

        @Test func listLeavesOutWhatItsFiltersDoNotMean() async throws {
            let installation = try Installation.current
            try await installation.forgetLetters()
            let ours = try await installation.refuse(
                #"{"source": 1}"#,
                level: "low",
                tenant: "acme"
            )
            let large = try await installation.refuse(String(repeating: "#", count: 65_537))
            let lost = try await installation.refuse(Self.broken, level: "urgent")
            let old = try await installation.refuse(Self.broken)
            try await installation.query(
                "update dead_letters set kept_at = now() - interval '3 days' where id = %s",
                .number(Double(old))
            )
            for (filter, expected) in [
                ([], [old, lost, large, ours]),
                (["--error-type", "too_large", "--error-type", "unroutable"], [lost, large]),
                (["--reason", "/sauce"], [old]),
                (["--pool", "python", "--tenant", "default"], [old, lost, large]),
                (["--pool", "ruby"], []),
                (["--tenant", "acme"], [ours]),
                (["--older-than", "2d"], [old]),
                (["--newer-than", "2h", "--limit", "2"], [lost, large]),
                (["\(old)", "999999"], [old]),
            ] {
                let ended = try await installation.run(["dead", "list", "--json"] + filter)
                #expect(ended.exitCode == 0, "\(filter): \(ended.errors)")
                let ids = try ended.output.map { try JSON($0)["id"].double.map { Int($0) } }
                #expect(ids == expected, "\(filter)")
            }
            let table = try await installation.run(["dead", "list"]).output
            #expect(table.count == 5)
            #expect(table[0].hasPrefix("id"))
            #expect(table[4].contains("python.low"))
            #expect(table[4].contains("acme"))
            #expect(table[4].hasSuffix("/source: expected a string"))
        }

        @Test func showTellsEverythingAndTheBodyByteForByte() async throws {
            let installation = try Installation.current
            let body = #"{"source": "print('é')", "sauce": ""# + "\u{1B}[2J\"}\n"
            let letter = try await installation.refuse(body, tenant: "acme")
            let shown = try await installation.run(["dead", "show", "\(letter)"])
            #expect(shown.exitCode == 0)
            let text = shown.output.joined(separator: "\n")
            let digest = SHA256.hash(body.utf8).hexadecimal
            for part in [
                "invalid_request", "python.normal", "acme", digest,
                "\(installation.name).work.python.normal", "\(body.utf8.count) bytes",
                #"\u{1b}[2J"#,
            ] {
                #expect(text.contains(part), "\(part)")
            }
            #expect(!text.contains("\u{1B}"))
            #expect(shown.output.contains { $0.hasPrefix("deliveries") && $0.hasSuffix("1") })

            let alone = try await installation.run(["dead", "show", "\(letter)", "--body"])
            #expect(alone.output == [String(body.dropLast())])
            let json = try await installation.run(["dead", "show", "\(letter)", "--json"])
            let document = try JSON(json.output.joined())
            #expect(document["body"] == .string(body))
            #expect(document["body_sha256"] == .string(digest))
            #expect(document["properties"]["headers"]["tenant"] == "acme")
        }

        // MARK: - Requeue

        @Test func letterWithAMendedBodyRunsAtItsOwnLevel() async throws {
            let installation = try Installation.current
            let id = UUID()
            let letter = try await installation.refuse(Self.broken, id: id, level: "high")
            let file = installation.directory.appending(path: "mended.json")
            try Self.mended.write(to: file, atomically: true, encoding: .utf8)
            let ended = try await installation.run([
                "dead", "requeue", "\(letter)", "--body", file.path(),
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            #expect(ended.output == ["requeued 1 dead letter"])
            let result = try await installation.events.finished(id)["data"]
            #expect(result["state"] == "succeeded")
            #expect(result["level"] == "high")
            #expect(result["stdout"]["preview"] == "mended\n")
            #expect(try await !installation.hasLetter(letter))
        }

        @Test func letterAsItWasComesBackFromTheSameQueue() async throws {
            let installation = try Installation.current
            try await installation.forgetLetters()
            let letter = try await installation.refuse(Self.broken, level: "low")
            let ended = try await installation.run(["dead", "requeue", "--pool", "python"])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            try await eventually(within: .seconds(20), "it is refused again") {
                try await !installation.query(
                    "select 1 from dead_letters where id > %s and routing_key = 'python.low'",
                    .number(Double(letter))
                ).isEmpty
            }
        }

        @Test func letterThatNoQueueTakesRunsWhereItIsSent() async throws {
            let installation = try Installation.current
            let id = UUID()
            let letter = try await installation.refuse(Self.mended, id: id, level: "urgent")
            let ended = try await installation.run([
                "dead", "requeue", "\(letter)", "--to", "python.high",
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let result = try await installation.events.finished(id)["data"]
            #expect(result["state"] == "succeeded")
            #expect(result["level"] == "high")
        }

        @Test func letterOfWhichOnlyTheBeginningIsKeptNeedsABody() async throws {
            let installation = try Installation.current
            let id = UUID()
            let large = String(repeating: "#", count: 70_000)
            let letter = try await installation.refuse(large, id: id)
            let shown = try await installation.run(["dead", "show", "\(letter)", "--json"])
            let document = try JSON(shown.output.joined())
            let digest = SHA256.hash(large.utf8).hexadecimal
            #expect(document["body_sha256"] == .string(digest))
            #expect(document["body_is_complete"] == false)

            for arguments in [["--dry-run"], []] {
                let ended = try await installation.run(
                    ["dead", "requeue", "\(letter)"] + arguments
                )
                #expect(ended.exitCode == 65)
                #expect(ended.errors.contains("--body"))
            }
            let file = installation.directory.appending(path: "whole.json")
            try large.write(to: file, atomically: true, encoding: .utf8)
            let again = ["dead", "requeue", "\(letter)", "--body", file.path()]
            #expect(try await installation.run(again).exitCode == 65)
            #expect(try await installation.hasLetter(letter))
            try Self.mended.write(to: file, atomically: true, encoding: .utf8)
            #expect(try await installation.run(again).exitCode == 0)
            let result = try await installation.events.finished(id)["data"]
            #expect(result["state"] == "succeeded")
        }

        @Test(.installationWithoutWorker)
        func letterIsRequeuedWithoutABrokerAndPublishedWhenItIsBack() async throws {
            let installation = try Installation.current
            var broker = try #require(URLComponents(string: installation.brokerURL))
            let proxy = FaultyProxy(before: broker.port ?? 5_672)
            defer { proxy.stop() }
            broker.port = proxy.port
            let url = ["SANDMILL_BROKER_URL": try #require(broker.string)]
            let worker = try await installation.startWorker("worker-a", settings: url)
            let id = UUID()
            let letter = try await installation.refuse(Self.mended, id: id, level: "urgent")
            proxy.mode = .frozen
            proxy.cut()
            let ended = try await installation.run(
                ["dead", "requeue", "\(letter)", "--to", "python.low"],
                settings: ["SANDMILL_BROKER_URL": "amqp://127.0.0.1:1/"]
            )
            #expect(ended.exitCode == 0, "\(ended.errors)")
            try await worker.errors.skip(to: "Messages were not confirmed")
            #expect(try await installation.record(id) == .null)
            proxy.mode = .forwarding
            proxy.cut()
            let result = try await installation.events.finished(id, within: .seconds(60))["data"]
            #expect(result["state"] == "succeeded")
            try await installation.stop(worker)
        }

        @Test(.installationWithoutWorker)
        func letterThatTheBrokerGaveUpGoesBackToItsLevel() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(["source": .string(Self.source)], level: "low")
            try await installation.tellBroker(
                "reject",
                ["queue": .string("\(installation.name).work.python.low")]
            )
            let worker = try await installation.startWorker("worker-a")
            let letter = try await installation.letter(of: id)
            let ended = try await installation.run(["dead", "requeue", "\(letter)"])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let result = try await installation.events.finished(id)["data"]
            #expect(result["state"] == "succeeded")
            #expect(result["level"] == "low")
            try await installation.stop(worker)
        }

        // MARK: - Purge, and what changes nothing

        @Test func purgeRemovesWhatIsMeantAndNothingElse() async throws {
            let installation = try Installation.current
            let ours = try await installation.refuse(Self.broken, tenant: "acme")
            let other = try await installation.refuse(Self.broken, tenant: "other")
            let ended = try await installation.run(["dead", "purge", "--tenant", "acme"])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            #expect(try await !installation.hasLetter(ours))
            #expect(try await installation.hasLetter(other))
            let again = try await installation.run(["dead", "purge", "\(ours)", "\(other)"])
            #expect(again.exitCode == 65)
            #expect(again.errors.contains("no such dead letter \(ours)"))
            #expect(again.output == ["purged 1 dead letter"])
        }

        @Test(arguments: ["requeue", "purge"])
        func dryRunSaysWhatItMeansAndChangesNothing(command: String) async throws {
            let installation = try Installation.current
            try await installation.forgetLetters()
            let letters = [
                try await installation.refuse(Self.broken),
                try await installation.refuse(Self.broken, level: "urgent"),
            ]
            for selection in [["--all"], letters.map(String.init)] {
                let ended = try await installation.run(
                    ["dead", command, "--dry-run"] + selection
                )
                #expect(ended.exitCode == 0, "\(ended.errors)")
                #expect(ended.output.count == 4)
                #expect(ended.output[1].hasPrefix("\(letters[1])"))
                #expect(ended.output.last == "would \(command) 2 dead letters")
            }
            for letter in letters { #expect(try await installation.hasLetter(letter)) }
            let requests = try await installation.query(
                "select 1 from outbox where message->>'exchange' = 'submit'"
            )
            #expect(requests.isEmpty)
        }

        @Test(arguments: [
            ["requeue"], ["purge"], ["requeue", "17", "--all"], ["purge", "--all", "--pool", "a"],
            ["requeue", "17", "18", "--body", "x"], ["requeue", "--pool", "a", "--body", "x"],
            ["requeue", "17", "--to", "python"], ["requeue", "17", "--to", "python.urgent"],
            ["list", "--older-than", "2w"], ["show", "x"], ["purge", "x"],
        ])
        func whatIsNotMeantClearlyIsAUsageError(arguments: [String]) async throws {
            let ended = try await Installation.current.run(["dead"] + arguments)
            #expect(ended.exitCode == 64, "\(ended.errors)")
        }

        @Test func unknownLetterIsWrongInput() async throws {
            let installation = try Installation.current
            for command in ["show", "requeue", "purge"] {
                let ended = try await installation.run(["dead", command, "999999"])
                #expect(ended.exitCode == 65, "\(command)")
                #expect(ended.errors.contains("999999"), "\(command)")
            }
        }
    }
}

extension Installation {
    /// Publishes what will be refused, and returns the number of the dead letter that it becomes.
    fileprivate func refuse(
        _ body: String,
        id: UUID = UUID(),
        level: String = "normal",
        tenant: String? = nil
    ) async throws -> Int {
        let headers = tenant.map { JSON.object(["tenant": .string($0)]) }
        try await publish(
            body,
            level: level,
            properties: [
                "content_type": "application/json",
                "message_id": .string(id.uuidString.lowercased()), "headers": headers ?? .null,
            ]
        )
        return try await letter(of: id)
    }

    /// The number of the dead letter that a message becomes.
    fileprivate func letter(of id: UUID) async throws -> Int {
        let query = "select id from dead_letters where properties->>'message_id' = %s"
        let messageID = JSON.string(id.uuidString.lowercased())
        try await eventually(within: .seconds(20), "there is a dead letter") {
            try await !self.query(query, messageID).isEmpty
        }
        let rows = try await self.query(query, messageID)
        return Int(try #require(rows.first?["id"].double))
    }

    fileprivate func hasLetter(_ letter: Int) async throws -> Bool {
        try await !query("select 1 from dead_letters where id = %s", .number(Double(letter)))
            .isEmpty
    }

    fileprivate func forgetLetters() async throws {
        try await query("delete from dead_letters")
    }
}
