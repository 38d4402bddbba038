import Foundation
import PrivateBroker
import Testing

extension SystemTests {
    /// Who may publish for which tenant, on a broker that has users.
    @Suite(.withPrivateBroker, .timeLimit(.minutes(10)))
    struct PublisherTests {
        private static let alice = "publisher-alice"
        private static let bob = "publisher-bob"
        private static let users = """
            broker:
              users:
                \(alice): [acme]
                \(bob): [globex, initech]
            """

        private let broker: PrivateBroker

        init() throws {
            broker = try #require(PrivateBroker.current)
        }

        /// Runs `body` with an installation whose configuration is `yaml`, and its worker.
        private func withInstallation(
            _ yaml: String = users,
            _ body: (Installation) async throws -> Void
        ) async throws {
            for user in [Self.alice, Self.bob] {
                if try !broker.control("list_users").contains(user) {
                    try broker.control("add_user", user, "secret")
                    try broker.control("set_permissions", user, ".*", ".*", ".*")
                }
            }
            try await Installation.with(broker: broker.url()) { installation in
                let folder = installation.directory.appending(path: "config")
                try FileManager.default.createDirectory(
                    at: folder,
                    withIntermediateDirectories: true
                )
                try yaml.write(
                    to: folder.appending(path: "sandmill.yaml"),
                    atomically: true,
                    encoding: .utf8
                )
                let worker = try await installation.startWorker("worker-a")
                try await body(installation)
                try await installation.stop(worker)
            }
        }

        private func client(_ user: String, password: String = "secret") throws -> Program {
            try .client("broker", broker.url(user: user, password: password))
        }

        // MARK: - Tenants

        @Test func aPublisherRunsNothingButForItsOwnTenants() async throws {
            try await withInstallation { installation in
                let alice = try client(Self.alice)
                let bob = try client(Self.bob)
                for (client, user, tenant, ranFor) in [
                    (alice, Self.alice, nil, "acme"), (alice, Self.alice, "acme", "acme"),
                    (bob, Self.bob, "initech", "initech"),
                ] {
                    let id = UUID()
                    let message = installation.request(id, tenant: tenant, user: user)
                    _ = try await client.ask(message)
                    let result = try await installation.events.finished(id)["data"]
                    #expect(result["state"] == "succeeded")
                    #expect(result["tenant"] == .string(ranFor))
                }
                for (client, user, tenant, named) in [
                    (alice, Self.alice, "globex", "only for acme"),
                    (alice, Self.alice, "default", "only for acme"),
                    (bob, Self.bob, nil, "only for globex, initech"),
                    (alice, nil, "acme", "user_id"),
                    (bob, nil, nil, "user_id"),
                ] {
                    let id = UUID()
                    _ = try await client.ask(
                        installation.request(id, tenant: tenant, user: user)
                    )
                    let letter = try await installation.letter(of: id)
                    #expect(letter["error_type"] == "forbidden_tenant")
                    #expect(letter["reason"].string?.contains(named) == true, "\(letter)")
                    #expect(letter["user_id"] == .string(user ?? ""))
                    #expect(try await installation.record(id) == .null)
                }
            }
        }

        @Test func nobodyPublishesUnderTheNameOfAnother() async throws {
            try await withInstallation { installation in
                let bob = try client(Self.bob)
                let forged = installation.request(UUID(), tenant: "acme", user: Self.alice)
                try bob.write(try forged.line)
                let answer = try await within(.seconds(20), "the broker's refusal") {
                    try await bob.answer()
                }
                #expect(answer["error"].string?.contains("user_id") == true, "\(answer)")
            }
        }

        @Test func aBatchIsForTheTenantsOfWhoPublishesIt() async throws {
            try await withInstallation { installation in
                let alice = try client(Self.alice)
                let batch = #"{"pool": "python", "executions": [{"source": "print(1)"}, {"x": 1}]}"#
                let id = UUID()
                _ = try await alice.ask(
                    installation.request(id, user: Self.alice, key: "batch", body: batch)
                )
                let ended = try await installation.events.finished(id)["data"]
                #expect(ended["tenant"] == "acme")
                #expect(ended["counts"]["succeeded"] == 1)
                #expect(ended["refused"] == 1)
                let letters = try await installation.query(
                    """
                    select properties->>'user_id' as user_id from dead_letters
                    where reason like %s
                    """,
                    .string("%\(id.uuidString.lowercased())%")
                )
                #expect(letters == [["user_id": .string(Self.alice)]])

                let other = UUID()
                _ = try await alice.ask(
                    installation.request(
                        other,
                        tenant: "globex",
                        user: Self.alice,
                        key: "batch",
                        body: batch
                    )
                )
                let letter = try await installation.letter(of: other)
                #expect(letter["error_type"] == "forbidden_tenant")
                #expect(letter["queue"] == .string("\(installation.name).batches"))
            }
        }

        @Test func aForgedMemberIsNotTakenOffTheBatchOfAnother() async throws {
            try await withInstallation { installation in
                let batch = UUID().uuidString.lowercased()
                let body = #"{"source": "print(1)", "batch": {"id": "\#(batch)", "size": 2}}"#
                let alice = try client(Self.alice)
                let bob = try client(Self.bob)
                let first = UUID()
                _ = try await alice.ask(
                    installation.request(first, tenant: "acme", user: Self.alice, body: body)
                )
                _ = try await installation.events.finished(first)
                let forged = UUID()
                _ = try await bob.ask(
                    installation.request(forged, tenant: "acme", user: Self.bob, body: body)
                )
                _ = try await installation.letter(of: forged)
                let rows = try await installation.query(
                    "select pending, refused from batches where id = %s::uuid",
                    .string(batch)
                )
                #expect(rows == [["pending": 1, "refused": 0]])
            }
        }

        // MARK: - What we publish ourselves

        @Test func aRequeuedLetterStillCountsAsPublishedByItsPublisher() async throws {
            try await withInstallation { installation in
                let alice = try client(Self.alice)
                let id = UUID()
                _ = try await alice.ask(
                    installation.request(id, tenant: "globex", user: Self.alice, key: "lost.high")
                )
                var letter = try await installation.letter(of: id)
                #expect(letter["error_type"] == "unroutable")
                for key in ["python.normal", "python.high"] {
                    let number = try #require(letter["id"].double.map { Int($0) })
                    let ended = try await installation.run(
                        ["dead", "requeue", "\(number)", "--to", key]
                    )
                    #expect(ended.exitCode == 0, "\(ended.errors)")
                    letter = try await installation.letter(of: id, after: number)
                    #expect(letter["error_type"] == "forbidden_tenant")
                    #expect(letter["user_id"] == .string(Self.alice))
                }
                let number = try #require(letter["id"].double.map { Int($0) })
                let shown = try await installation.run(["dead", "show", "\(number)"])
                #expect(
                    shown.output.contains { $0.hasPrefix("user_id") && $0.hasSuffix(Self.alice) }
                )
                let ended = try await installation.run(["dead", "requeue", "\(number)", "--trust"])
                #expect(ended.exitCode == 0, "\(ended.errors)")
                let result = try await installation.events.finished(id)["data"]
                #expect(result["tenant"] == "globex")
                #expect(result["state"] == "succeeded")
            }
        }

        @Test func whatWePublishOurselvesIsTrusted() async throws {
            try await withInstallation { installation in
                let file = installation.directory.appending(path: "program.py")
                try "print(1)".write(to: file, atomically: true, encoding: .utf8)
                let submit = ["submit", file.path(), "--wait", "--tenant"]
                let own = try await installation.run(submit + ["hooli"])
                #expect(own.exitCode == 0, "\(own.errors)")
                let url = ["SANDMILL_BROKER_URL": broker.url(user: Self.alice, password: "secret")]
                let hers = try await installation.run(submit + ["acme"], settings: url)
                #expect(hers.exitCode == 0, "\(hers.errors)")
                let other = try await installation.run(submit + ["globex"], settings: url)
                #expect(other.exitCode == 65)
                #expect(other.errors.contains("only for acme"), "\(other.errors)")

                let gateway = try await installation.open("gateway")
                let answer = try await gateway.submit(
                    ["source": "print(1)"],
                    to: "/execute/sync",
                    "-H",
                    "tenant: hooli"
                )
                #expect(answer.status == 200)
                #expect(try answer.json["tenant"] == "hooli")
                try await installation.stop(gateway.process)
            }
        }

        // MARK: - Where answers go

        @Test func answersGoToReplyQueuesOnly() async throws {
            try await withInstallation("broker: {reply_queues: [replies.*, answers]}") {
                installation in
                let client = try client(Self.alice)
                let ours = ["work.python.low", "dead", "unrouted", "batches", "work.gone.high"]
                for (queue, isAllowed) in [
                    ("amq.gen-abc", true), ("amq.rabbitmq.reply-to.abc", true),
                    ("replies.alice", true), ("answers", true), ("", true), ("answers2", false),
                    ("reply", false), ("amq.rabbitmq.trace", false),
                ] + ours.map({ ("\(installation.name).\($0)", false) }) {
                    for key in ["python.normal", "batch"] {
                        let id = UUID()
                        let body = #"{"source": "print(1)"}"#
                        _ = try await client.ask(
                            installation.request(
                                id,
                                user: nil,
                                key: key,
                                body: key == "batch" ? #"{"executions": [\#(body)]}"# : body,
                                properties: ["reply_to": .string(queue)]
                            )
                        )
                        if isAllowed {
                            _ = try await installation.events.finished(id)
                        } else {
                            let letter = try await installation.letter(of: id)
                            #expect(letter["error_type"] == "invalid_request")
                            #expect(letter["reason"].string?.contains("reply_to") == true)
                        }
                    }
                }
            }
        }

        @Test func noListMakesOurQueuesReplyQueues() async throws {
            try await withInstallation("broker: {reply_queues: ['*']}") { installation in
                let id = UUID()
                // Not even to whoever is our own user.
                try await installation.submit(
                    ["source": "print(1)"],
                    id: id,
                    properties: [
                        "reply_to": .string("\(installation.name).work.python.low"),
                        "user_id": "guest",
                    ]
                )
                let letter = try await installation.letter(of: id)
                #expect(letter["error_type"] == "invalid_request")
                let requeued = try await installation.run([
                    "dead", "requeue", "\(letter["id"].double.map { Int($0) } ?? 0)",
                ])
                #expect(requeued.exitCode == 0)
                let number = try #require(letter["id"].double.map { Int($0) })
                let again = try await installation.letter(of: id, after: number)
                #expect(again["error_type"] == "invalid_request")
            }
        }

        // MARK: - Permissions

        /// The commands of the documentation, for the names of an installation.
        private func documentedCommands(for prefix: String) throws -> [[String]] {
            let page = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(
                    path: "../../Sources/sandmill/Documentation.docc/PublishersAndSubscribers.md"
                )
            return try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
                .filter { $0.hasPrefix("rabbitmqctl ") }
                .map { line in
                    line.dropFirst("rabbitmqctl ".count)
                        .replacing(" sandmill.", with: " \(prefix).")
                        .replacing(#"sandmill\."#, with: #"\#(prefix)\."#)
                        .replacing("'", with: "")
                        .split(separator: " ").map(String.init)
                }
        }

        @Test func thePermissionsOfTheDocumentationLetEachDoItsOwnAndNothingElse() async throws {
            let users = #"broker: {users: {alice: [acme], sandmill: "*", guest: "*"}}"#
            try await withInstallation(users) { installation in
                let name = installation.name
                for command in try documentedCommands(for: name) { try broker.control(command) }
                let own = [
                    "SANDMILL_BROKER_URL": broker.url(user: "sandmill", password: "PASSWORD")
                ]
                let worker = try await installation.startWorker("worker-b", settings: own)
                let gateway = try await installation.open("gateway", settings: own)
                let answer = try await gateway.submit(
                    ["source": "print(1)"],
                    to: "/execute/sync",
                    "-H",
                    "tenant: acme"
                )
                #expect(answer.status == 200, "\(answer.text)")

                let alice = try client("alice", password: "PASSWORD")
                let carol = try client("carol", password: "PASSWORD")
                _ = try await carol.ask([
                    "do": "declare_queue", "name": "carol.events", "arguments": .object([:]),
                ])
                let policies = try broker.control("list_queues", "name", "policy")
                #expect(policies.contains("carol.events\tsubscribers"), "\(policies)")
                for key in [
                    "execution.*.*.acme", "batch.completed.python.acme",
                    "execution.failed.python.acme",
                ] {
                    _ = try await carol.ask(installation.binding("carol.events", key))
                }
                let id = UUID()
                _ = try await alice.ask(installation.request(id, user: "alice"))
                let result = try await installation.events.finished(id)["data"]
                #expect(result["tenant"] == "acme")
                try await eventually(within: .seconds(20), "the subscriber has the event") {
                    try await carol.ask(["do": "count", "name": "carol.events"])["count"] == 1
                }

                let forbidden: [(Program, JSON)] = [
                    (carol, installation.binding("carol.events", "#")),
                    (carol, installation.binding("carol.events", "execution.#")),
                    (carol, installation.binding("carol.events", "execution.*.*.globex")),
                    (carol, installation.binding("carol.events", "execution.*.*.*")),
                    (carol, installation.binding("\(name).dead", "execution.*.*.acme")),
                    (
                        carol,
                        .object(["do": "declare_queue", "name": "other", "arguments": .object([:])])
                    ),
                    (carol, installation.request(UUID(), user: "carol")),
                    (alice, installation.binding("carol.events", "execution.*.*.acme")),
                    (alice, installation.request(UUID(), user: "alice", key: "other.high")),
                    (alice, installation.request(UUID(), user: "alice", exchange: "events")),
                    (alice, installation.request(UUID(), user: "alice", exchange: "dead")),
                    (alice, installation.request(UUID(), user: "alice", exchange: "control")),
                    (
                        alice,
                        .object(["do": "reject", "queue": .string("\(name).work.python.low")])
                    ),
                    (alice, .object(["do": "purge_queue", "name": .string("\(name).dead")])),
                    (
                        alice,
                        .object([
                            "do": "publish", "exchange": "",
                            "routing_key": .string("\(name).work.python.low"),
                            "properties": .object([:]), "body": "{}",
                        ])
                    ),
                ]
                for (client, order) in forbidden {
                    try client.write(try order.line)
                    let answer = try await within(.seconds(20), "the broker's refusal") {
                        try await client.answer()
                    }
                    #expect(
                        answer["error"].string?.contains("refused") == true,
                        "\(order): \(answer)"
                    )
                }
                try await installation.stop(gateway.process)
                try await installation.stop(worker)
                try await installation.tellBroker("delete_queue", ["name": "carol.events"])
                for user in ["sandmill", "alice", "carol"] {
                    try broker.control("delete_user", user)
                }
            }
        }
    }
}

extension Installation {
    /// The order to publish a request, see `clients/broker.py`.
    fileprivate func request(
        _ id: UUID,
        tenant: String? = nil,
        user: String?,
        exchange: String = "submit",
        key: String = "python.normal",
        body: String = #"{"source": "print(1)"}"#,
        properties: [String: JSON] = [:]
    ) -> JSON {
        let own: [String: JSON?] = [
            "content_type": "application/json",
            "message_id": .string(id.uuidString.lowercased()),
            "user_id": user.map { .string($0) },
            "headers": tenant.map { ["tenant": .string($0)] },
        ]
        return [
            "do": "publish",
            "exchange": .string("\(name).\(exchange)"),
            "routing_key": .string(key),
            "properties": .object(own.compactMapValues { $0 }.merging(properties) { $1 }),
            "body": .string(body),
        ]
    }

    /// The order to bind a queue to the events.
    fileprivate func binding(_ queue: String, _ key: String) -> JSON {
        [
            "do": "bind_queue", "name": .string(queue), "exchange": .string("\(name).events"),
            "routing_key": .string(key),
        ]
    }

    /// The letter that a message becomes, behind another.
    fileprivate func letter(of id: UUID, after number: Int = 0) async throws -> JSON {
        let sql = """
            select id, error_type, reason, queue, properties->>'user_id' as user_id
            from dead_letters where properties->>'message_id' = %s and id > %s
            """
        let id = JSON.string(id.uuidString.lowercased())
        try await eventually(within: .seconds(30), "there is a dead letter") {
            try await !query(sql, id, .number(Double(number))).isEmpty
        }
        return try #require(try await query(sql, id, .number(Double(number))).first)
    }
}
