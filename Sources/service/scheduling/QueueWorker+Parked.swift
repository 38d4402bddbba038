internal import FoundationEssentials
internal import Logging
internal import SandmillEntity

/// The executions that wait in the store.
extension QueueWorker {
    /// Runs what waits in the store, as soon as there is room for it.
    func takeParked() async {
        await withDiscardingTaskGroup { group in
            for await _ in places.vacancies {
                await waitUntilReady()
                while !isDraining, let room = places.room() {
                    let token = UUID.random()
                    ledger.held.hold(token)
                    defer { ledger.held.letGo(token) }
                    let start = ContinuousClock.now
                    for taken in await take(room, token: token) {
                        ledger.held.hold(token)
                        // Read here, so that the task holds no body.
                        let execution = await execution(of: taken, token: token)
                        if let execution {
                            telemetry.trace(.claim, of: execution, since: start)
                        }
                        let isLimited = taken.isLimited
                        group.addTask {
                            if let execution { await run(execution) }
                            if isLimited { places.assumeParked() }
                        }
                    }
                }
            }
        }
    }

    private func take(_ room: ExecutionSlots.Capacity, token: UUID) async -> [TakenExecution] {
        let takeRequest = TakeRequest(
            token: token,
            worker: configuration.worker,
            pool: decoder.pool.name,
            count: room.count,
            newcomers: room.newcomers,
            held: room.held
        )
        var taken: [TakenExecution] = []
        do throws(StoreError) {
            taken = try await ledger.take(takeRequest)
        } catch {
            logger.error(
                "What waits in the store could not be taken.",
                metadata: [
                    LogKey.pool: "\(decoder.pool.name)", LogKey.reason: "\(error.message)",
                ]
            )
        }
        places.fill(taken.map { ($0.lane, ByteCount($0.request.body.count)) }, of: room)
        intake.lookAgain()
        return taken
    }

    /// Reads an execution that waited in the store; ends it if the pool takes it no more.
    private func execution(of taken: TakenExecution, token: UUID) async -> ClaimedExecution? {
        do throws(RequestRefusal) {
            return ClaimedExecution(
                submission: try decoder.decode(taken.request, level: taken.lane.level),
                request: taken.request,
                token: token,
                grant: taken.grant
            )
        } catch {
            places.leave(taken.lane, size: taken.request.body.count)
            await end(taken.unrunnable)
            ledger.held.letGo(token)
            return nil
        }
    }

    private func end(_ execution: UnstartedExecution) async {
        do throws(StoreError) {
            try await ledger.finish(
                attempts.completionEvents.end(execution, wasQueued: false, by: configuration.worker)
            )
        } catch {
            logger.error(
                "The end of an execution could not be written.",
                metadata: [
                    LogKey.execution: "\(execution.record.id.text)",
                    LogKey.reason: "\(error.message)",
                ]
            )
        }
    }

    /// Counts what waits in the store: other workers put executions there too, and those of a dead one are
    /// nobody's.
    ///
    /// Once a second, or less often where it takes long: it reads a row of everything that waits. What holds
    /// nothing is asked for each second all the same.
    func countParked() async {
        var due = ContinuousClock.now
        var report = FailureReport()
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            let start = ContinuousClock.now
            if start < due {
                places.assumeParked()
                continue
            }
            let limit = places.beginCount()
            do throws(StoreError) {
                let parked = try await ledger.parked(pool: decoder.pool.name, upTo: limit)
                places.correct(parked, upTo: limit)
                intake.lookAgain()
                due = .now + min((.now - start) * 10, .seconds(10))
                report.end()
            } catch {
                guard report.isDue() else { continue }
                logger.warning(
                    "What waits in the store could not be counted.",
                    metadata: [
                        LogKey.pool: "\(decoder.pool.name)", LogKey.reason: "\(error.message)",
                    ]
                )
            }
        }
    }
}
