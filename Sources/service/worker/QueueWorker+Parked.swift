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
                while let room = places.room() {
                    let token = UUID.random()
                    ledger.held.hold(token)
                    defer { ledger.held.letGo(token) }
                    for taken in await take(room, token: token) {
                        ledger.held.hold(token)
                        group.addTask { await run(taken, token: token) }
                    }
                }
            }
        }
    }

    private func take(_ room: Places.Room, token: UUID) async -> [TakenExecution] {
        let vacancy = Vacancy(
            token: token,
            worker: configuration.worker,
            pool: decoder.pool.name,
            count: room.count,
            newcomers: room.newcomers,
            held: room.held
        )
        var taken: [TakenExecution] = []
        do throws(StoreError) {
            taken = try await ledger.take(vacancy)
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

    /// Runs an execution that waited in the store, if the pool still takes it.
    private func run(_ taken: TakenExecution, token: UUID) async {
        do throws(RequestRefusal) {
            let submission = try decoder.decode(taken.request, level: taken.lane.level)
            await run(
                ClaimedExecution(
                    submission: submission,
                    request: taken.request,
                    token: token,
                    grant: taken.grant
                )
            )
        } catch {
            places.leave(taken.lane)
            await end(taken.unrunnable)
            ledger.held.letGo(token)
        }
        if taken.isLimited { places.suspectParked() }
    }

    private func end(_ execution: UnrunExecution) async {
        do throws(StoreError) {
            try await ledger.finish(
                runner.announcer.end(execution, wasQueued: false, by: configuration.worker)
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

    /// Other workers put executions into the store too, and those of a dead one are nobody's.
    func lookAtStoreEverySecond() async {
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            let limit = places.beginCount()
            do throws(StoreError) {
                let parked = try await ledger.parked(pool: decoder.pool.name, upTo: limit)
                places.correct(parked, upTo: limit)
                intake.lookAgain()
            } catch {
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
