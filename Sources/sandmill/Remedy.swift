import FoundationEssentials
import SandmillConfiguration
import SandmillService

/// What mends a failure, where its kind or its words tell.
enum Remedy {
    /// What mends an error, of the sandboxes of `pool` if there is one; nil where only the place tells in which it
    /// came.
    static func of(_ error: any Error, pool: PoolConfiguration?) -> String? {
        if let pool, let error = error as? SandboxError { return of(error, pool: pool) }
        return ofServer(error)
    }

    private static func ofServer(_ error: any Error) -> String? {
        switch error {
        case let error as BrokerError where error.code == .refused:
            "correct user, password and virtual host in broker.url (or SANDMILL_BROKER_URL_FILE); rabbitmqctl "
                + "list_permissions tells what the user may"
        case let error as BrokerError where error.code == .topologyDiffers:
            "delete what differs; what is missing sandmill topology declare makes, or a worker that starts"
        case let error as StoreError where error.code == .accessRefused:
            "correct user, password and database in database.url (or SANDMILL_DATABASE_URL_FILE), or let the user "
                + "in: pg_hba.conf, grant"
        default: nil
        }
    }

    private static func of(_ error: SandboxError, pool: PoolConfiguration) -> String? {
        guard error.code == .engineRefused else { return nil }
        let key = "pools.\(pool.name)"
        let words = error.message.lowercased()
        if let runtime = pool.containerRuntime, words.contains("runtime"),
            words.contains(runtime.lowercased())
        {
            return
                "install \(runtime) and name it to the engine (\"runtimes\" of /etc/docker/daemon.json), or set "
                + "\(key).container_runtime"
        }
        if words.contains("traceback"), words.contains("import") {
            let module = error.message.firstMatch(of: /No module named '([A-Za-z0-9_.]+)'/)
            let name = module.map { String($0.1) }
            return
                "take \(name ?? "the module that cannot be imported") out of \(key).preload, or build an image "
                + "that has it (sandbox-image/build)"
        }
        return nil
    }
}
