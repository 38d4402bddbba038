import SandmillService
import Testing

/// Who may publish what, by itself.
@Suite struct PublisherPolicyTests {
    private let policy = PublisherPolicy(
        tenants: ["alice": ["a"], "bob": ["b", "c"], "relay": ["*"]],
        ownUser: "us",
        ownQueues: "sandmill.",
        replyQueues: ["replies.*", "answers"]
    )

    private func tenant(
        _ user: String?,
        _ named: String?,
        by policy: PublisherPolicy
    ) throws(RequestRefusal) -> String? {
        let headers = named.map { ["tenant": $0] } ?? [:]
        return try policy.check(MessageProperties(userID: user, headers: headers)).headers["tenant"]
    }

    @Test func whoHasOneTenantNeedNotNameIt() throws {
        #expect(try tenant("alice", nil, by: policy) == "a")
        #expect(try tenant("alice", "a", by: policy) == "a")
        #expect(try tenant("bob", "c", by: policy) == "c")
    }

    @Test func whoMayPublishForAllNamesAny() throws {
        for user in ["us", "relay"] {
            #expect(try tenant(user, "z", by: policy) == "z")
            #expect(try tenant(user, nil, by: policy) == nil)
            #expect(policy.maySpeakForOthers(user))
        }
        #expect(!policy.maySpeakForOthers("alice"))
        #expect(try tenant(nil, "z", by: PublisherPolicy()) == "z")
    }

    @Test(arguments: [
        ("alice", "b"), ("alice", ""), ("bob", nil), ("bob", "default"), ("mallory", "a"),
        ("", "a"),
        (nil, "a"), (nil, nil), ("alice", "*"),
    ])
    func whoPublishesForAnotherIsRefused(user: String?, named: String?) {
        let error = #expect(throws: RequestRefusal.self) {
            try tenant(user, named, by: policy)
        }
        #expect(error?.kind == .forbiddenTenant)
    }

    @Test func ourOwnUserIsBoundWhereTheMapHasIt() {
        let bound = PublisherPolicy(tenants: ["us": ["a"]], ownUser: "us")
        #expect(throws: RequestRefusal.self) { try tenant("us", "b", by: bound) }
        #expect(!bound.maySpeakForOthers("us"))
    }

    @Test(arguments: [
        ("amq.gen-x", true), ("amq.rabbitmq.reply-to.x", true), ("replies.x", true),
        ("answers", true), ("", true), ("answers2", false), ("replies", false),
        ("amq.genx", false), ("sandmill.dead", false), ("sandmill.work.python.low", false),
    ])
    func onlyReplyQueuesAreAnsweredTo(queue: String, isAllowed: Bool) {
        let properties = MessageProperties(replyTo: queue, userID: "alice")
        #expect(((try? policy.check(properties)) != nil) == isAllowed)
    }

    @Test func whoeverHasOurUserMayBeAnsweredToEverywhereButAtOurQueues() {
        let foreign = MessageProperties(replyTo: "any", userID: "us")
        #expect((try? policy.check(foreign)) != nil)
        let own = MessageProperties(replyTo: "sandmill.dead", userID: "us")
        #expect((try? policy.check(own)) == nil)
    }

    @Test func aRefusalIsAnnouncedToNobodyWhomItsPublisherMayNotReach() {
        func letter(_ user: String, tenant: String, replyTo: String) -> DeadLetter {
            policy.addressed(
                DeadLetter(
                    errorType: "unroutable",
                    reason: "no queue takes it",
                    queue: "sandmill.unrouted",
                    routingKey: "python.normal",
                    deliveries: 0,
                    properties: MessageProperties(
                        replyTo: replyTo,
                        userID: user,
                        headers: ["tenant": tenant]
                    ),
                    body: .complete([])
                )
            )
        }
        #expect(letter("bob", tenant: "b", replyTo: "answers").tenant == "b")
        #expect(letter("bob", tenant: "b", replyTo: "answers").replyQueue == "answers")
        #expect(letter("bob", tenant: "a", replyTo: "answers").tenant == nil)
        #expect(letter("bob", tenant: "b", replyTo: "answers2").replyQueue == nil)
        #expect(letter("bob", tenant: "b", replyTo: "sandmill.dead").replyQueue == nil)
        #expect(letter("bob", tenant: "b", replyTo: "").replyQueue == nil)
    }
}
