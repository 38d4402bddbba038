/// What a publisher may ask for beside what a request says: the tenants it may publish for, and the
/// queues that get completion events.
///
/// The broker verifies the property `user_id` (RabbitMQ's manual, "Validated User-ID"), so it is the one
/// part of a message that tells who published it. What this installation publishes has its own user.
public struct PublisherPolicy: Sendable {
    /// The tenant that stands for all.
    public static let allTenants = "*"

    /// Queues that whoever asks has made to be answered: direct reply-to, and those that the broker named.
    private static let replyQueues = ["amq.rabbitmq.reply-to.*", "amq.gen-*"]

    private let tenants: [String: [String]]?
    private let ownUser: String?
    private let ownQueues: String?
    private let replyQueues: [String]

    /// Describes a policy; by default everything is allowed.
    ///
    /// - Parameters:
    ///   - tenants: For which tenants each user may publish; nil where everybody may for each.
    ///   - ownUser: Who may publish for each unless `tenants` says otherwise, and answer to each queue but
    ///     ours.
    ///   - ownQueues: What the names of our queues begin with: they get no answers.
    ///   - replyQueues: Names of queues that may be answered to, or beginnings of names with a `*` behind.
    public init(
        tenants: [String: [String]]? = nil,
        ownUser: String? = nil,
        ownQueues: String? = nil,
        replyQueues: [String] = ["*"]
    ) {
        self.tenants = tenants
        self.ownUser = ownUser
        self.ownQueues = ownQueues
        self.replyQueues = Self.replyQueues + replyQueues
    }

    /// Whether what a user passes on counts as published by whom the user says.
    public func maySpeakForOthers(_ user: String) -> Bool {
        tenants?[user]?.contains(Self.allTenants) ?? (user == ownUser)
    }

    /// Checks who published a message.
    ///
    /// - Returns: Its properties, with the tenant that its user has if that has only one.
    public func check(
        _ properties: MessageProperties
    ) throws(RequestRefusal) -> MessageProperties {
        var properties = properties
        properties.headers["tenant"] = try tenant(of: properties)
        try checkReplyQueue(of: properties)
        return properties
    }

    /// The dead letter, with who is to hear of it: its tenant, if whoever published it may speak for that, and
    /// the queue that it names, if that may be answered to.
    public func addressed(_ letter: DeadLetter) -> DeadLetter {
        var letter = letter
        var properties = letter.properties
        do {
            properties.headers["tenant"] = try tenant(of: properties)
            letter.tenant = try? SubmissionDecoder.tenant(properties)
        } catch {
            letter.tenant = nil
        }
        let mayBeAnswered = (try? checkReplyQueue(of: properties)) != nil
        if mayBeAnswered, let queue = properties.replyTo, (1...255).contains(queue.utf8.count) {
            letter.replyQueue = queue
        }
        return letter
    }

    private func tenant(of properties: MessageProperties) throws(RequestRefusal) -> String? {
        let named = properties.headers["tenant"]
        guard let tenants else { return named }
        guard let user = properties.userID, !user.isEmpty else {
            throw RequestRefusal(
                .forbiddenTenant,
                "nobody can tell who published it: it has no property user_id, which broker.users asks for"
            )
        }
        guard let allowed = tenants[user] ?? (user == ownUser ? [Self.allTenants] : nil) else {
            throw RequestRefusal(
                .forbiddenTenant,
                "the user \"\(user)\" may publish for no tenant: broker.users does not have it"
            )
        }
        if allowed.contains(Self.allTenants) { return named }
        if let tenant = named ?? (allowed.count == 1 ? allowed[0] : nil), allowed.contains(tenant) {
            return tenant
        }
        let request =
            named.map { "for the tenant \"\($0.prefix(64))\"" } ?? "without a header tenant"
        throw RequestRefusal(
            .forbiddenTenant,
            "the user \"\(user)\" may not publish \(request), only for \(allowed.joined(separator: ", "))"
        )
    }

    /// An event goes by the default exchange, which leads to every queue that there is.
    private func checkReplyQueue(of properties: MessageProperties) throws(RequestRefusal) {
        guard let queue = properties.replyTo, !queue.isEmpty else { return }
        if let ownQueues, queue.hasPrefix(ownQueues) {
            throw RequestRefusal(
                .invalidRequest,
                "the property reply_to names \"\(queue)\", a queue of this installation"
            )
        }
        // Whoever has our own user may write to any queue without us.
        if let user = properties.userID, user == ownUser { return }
        guard replyQueues.contains(where: { Self.pattern($0, matches: queue) }) else {
            throw RequestRefusal(
                .invalidRequest,
                "the property reply_to names \"\(queue)\", which is no reply queue: it has to be direct "
                    + "reply-to, a queue that the broker has named, or one of broker.reply_queues"
            )
        }
    }

    private static func pattern(_ pattern: String, matches name: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
    }
}
