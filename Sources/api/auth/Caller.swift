internal import SandmillService

/// Who makes a request.
struct Caller: Equatable, Sendable {
    /// Whose executions it submits.
    var tenant: String
    /// Whether it sees and ends executions of every tenant.
    var actsForAll: Bool
    /// Whether it may submit, cancel and rerun.
    var submits: Bool
    /// Whether it may see how the installation does.
    var operates: Bool
    /// What its requests are counted by.
    var key: String

    /// Nobody, for what everybody may have.
    static let anybody = Caller(
        tenant: "",
        actsForAll: false,
        submits: false,
        operates: false,
        key: ""
    )

    /// Whether something of `owner` is there for it.
    func sees(_ owner: String) -> Bool { actsForAll || owner == tenant }

    /// Whose it has to be, for ports that take a tenant; nil for anybody's.
    var scope: String? { actsForAll ? nil : tenant }
}
