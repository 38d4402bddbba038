import SandmillAPI
import SandmillDocker
import SandmillRepository
import SandmillResults
import SandmillService

extension HealthCheck {
    /// Whether the record store answers, with the schema that is needed.
    static func database(_ database: SandmillRepository.Database) -> HealthCheck {
        HealthCheck("database") {
            do throws(StoreError) {
                try await Migrator(database).check()
                return nil
            } catch {
                return error.isRetryable ? "it cannot be reached" : error.message
            }
        }
    }

    /// Whether the ends of executions come from the broker.
    static func broker(_ completions: Completions) -> HealthCheck {
        HealthCheck("broker") {
            await completions.isSubscribed ? nil : "it cannot be reached"
        }
    }

    /// Whether the container engine answers.
    static func engine(_ engine: DockerSandboxEngine) -> HealthCheck {
        HealthCheck("engine") {
            do throws(SandboxError) {
                _ = try await engine.warnings()
                return nil
            } catch {
                return error.message
            }
        }
    }

    /// Whether results can be written, so that anything is claimed.
    static func results(_ health: ResultsHealth) -> HealthCheck {
        HealthCheck("results") { await health.failure() }
    }

    /// Whether the record store takes what the worker has to write.
    static func ledger(_ ledger: ExecutionLedger) -> HealthCheck {
        HealthCheck("ledger") { ledger.delay.description }
    }

    /// Whether results can be read.
    static func results(_ files: OutputFiles) -> HealthCheck {
        HealthCheck("results") {
            do throws(ResultsError) {
                try await files.checkReadable()
                return nil
            } catch {
                return error.message
            }
        }
    }
}
