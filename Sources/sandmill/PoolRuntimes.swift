import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

extension DatabaseClient {
    /// What every worker of a pool runs, the default first; nil where none has said so.
    func runtimes(of pool: String) async -> [String]? {
        let workers = (try? await directory.workers()) ?? []
        let served = workers.filter { $0.state != .lost }.compactMap { $0.runtimes[pool] }
        guard let first = served.first else { return nil }
        return first.filter { name in served.allSatisfy { $0.contains(name) } }
    }
}

extension Configuration {
    /// What a pool runs by this configuration, the default first; nil where it has no such pool.
    func runtimes(of pool: String) -> [String]? {
        pools.first { $0.name == pool }?.runtimes.map(\.name)
    }

    /// Takes for true what the workers of a pool say they run.
    ///
    /// Of what is not configured here the given runtimes tell the rest.
    mutating func assume(_ names: [String]?, of pool: String) {
        guard let names, !names.isEmpty,
            let index = pools.firstIndex(where: { $0.name == pool })
        else { return }
        let known = pools[index].runtimes + Runtime.given
        pools[index].runtimes = names.map { name in
            known.first { $0.name == name }
                ?? Runtime(name: name, entrypoint: "main", version: [], packages: [])
        }
    }
}
