/// The routing keys of events, by which subscribers bind.
public enum EventTopic {
    /// `execution.<state>.<pool>.<tenant>`: an execution ended; `*` in place of a state matches any.
    public static func execution(_ state: String, pool: String, tenant: String) -> String {
        "execution.\(state).\(pool).\(word(tenant))"
    }

    /// `batch.completed.<pool>.<tenant>`: all of a batch have ended.
    public static func completedBatch(pool: String, tenant: String) -> String {
        "batch.completed.\(pool).\(word(tenant))"
    }

    /// `request.refused.<pool>.<tenant>`: a request was refused; `_` stands for what is not known.
    public static func refusedRequest(pool: String?, tenant: String?) -> String {
        "request.refused.\(pool ?? "_").\(tenant.map(word) ?? "_")"
    }

    /// A tenant as one word of a routing key: its dots become underscores.
    private static func word(_ tenant: String) -> String {
        String(tenant.map { $0 == "." ? "_" : $0 })
    }
}
