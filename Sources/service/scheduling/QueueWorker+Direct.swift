internal import FoundationEssentials
internal import SandmillEntity

/// A request that reaches this process without the broker, on its way to a worker.
struct DirectRequest: Sendable {
    /// Makes a claim durable.
    typealias Commit = @Sendable (Claim) async throws(StoreError) -> ClaimOutcome

    /// What became of it, under the id that it was taken in with.
    struct Answer: Sendable {
        let id: UUID
        let outcome: ClaimOutcome
    }

    let claim: Claim
    let commit: Commit
    let answer: CheckedContinuation<Result<Answer?, StoreError>, Never>
}

/// The requests that a gateway in the same process takes in.
extension QueueWorker {
    /// Takes a request in, which is claimed by this worker and run at once if there is room, and waits in the
    /// store if not, just as one that the broker delivers.
    ///
    /// - Parameters:
    ///   - claim: What is asked for; its intent is decided here.
    ///   - commit: Makes the claim durable.
    /// - Returns: What became of it, once that is durable; nil where it is to go to its queue in the broker,
    ///   since this worker takes nothing now, or enough of its lane waits in the store.
    /// - Throws: What `commit` throws.
    func take(
        _ claim: Claim,
        by commit: @escaping DirectRequest.Commit
    ) async throws(StoreError) -> DirectRequest.Answer? {
        guard lease.isHeld, places.isOpen(Lane(of: claim)) else { return nil }
        guard await pool.isServiceable else { return nil }
        guard await ledger.resultsHealth.isWritable() else { return nil }
        let result = await withCheckedContinuation { answer in
            let request = DirectRequest(claim: claim, commit: commit, answer: answer)
            if case .terminated = queueDirect.yield(Handover(request)) {
                answer.resume(returning: .success(nil))
            }
        }
        return try result.get()
    }

    /// Takes in and runs what ``take(_:by:)`` is given, until ``queueDirect`` is finished.
    func processDirect() async {
        await withDiscardingTaskGroup { group in
            for await request in direct {
                group.addTask {
                    if let execution = await claim(request) { await run(execution) }
                }
            }
        }
    }

    private func claim(_ handover: Handover<DirectRequest>) async -> ClaimedExecution? {
        guard let request = handover.take() else { return nil }
        let start = ContinuousClock.now
        do throws(StoreError) {
            let taken = try await takeIn(request.claim) { claim, _ async throws(StoreError) in
                try await request.commit(claim)
            }
            request.answer.resume(
                returning: .success(
                    DirectRequest.Answer(id: taken.claim.submission.id, outcome: taken.outcome)
                )
            )
            guard let execution = ClaimedExecution(taken) else { return nil }
            telemetry.trace(.claim, of: execution, since: start)
            return execution
        } catch {
            request.answer.resume(returning: .failure(error))
            return nil
        }
    }
}
