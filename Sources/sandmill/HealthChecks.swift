import SandmillAPI
import SandmillDocker
import SandmillRabbitMQ
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

    /// Whether there is a connection by which to publish, and the ends of executions come from the broker to
    /// those who wait for them.
    static func broker(
        _ publisher: ConfirmedPublisher,
        _ completions: Completions? = nil
    ) -> HealthCheck {
        HealthCheck("broker") {
            guard await publisher.isConnected else { return "it cannot be reached" }
            guard let completions, await !completions.isSubscribed else { return nil }
            return "completion events cannot be had from it"
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
        HealthCheck("results") { await health.recentFailure() }
    }

    /// Whether the record store takes what the worker has to write.
    static func ledger(_ ledger: ExecutionLedger) -> HealthCheck {
        HealthCheck("ledger") { ledger.delay.description }
    }

    /// Whether results can be read, from a bucket where they go to one.
    static func results(_ files: any ResultFiles, in bucket: ResultsBucket? = nil) -> HealthCheck {
        HealthCheck(bucket == nil ? "results" : "bucket") {
            do throws(ResultsError) {
                try await files.checkReadable()
                return nil
            } catch {
                return error.message
            }
        }
    }
}
