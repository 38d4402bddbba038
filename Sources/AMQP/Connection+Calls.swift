extension Connection {
    /// Writes a request and waits for its answer.
    @discardableResult
    func call(_ request: Request, on channel: ChannelToken) async throws(AMQPError) -> Reply {
        try await result(of: request, on: channel).get()
    }

    func result(
        of request: Request,
        on channel: ChannelToken
    ) async -> Result<Reply, AMQPError> {
        await withCheckedContinuation { continuation in
            start(request, on: channel, for: .caller(continuation))
        }
    }

    /// Writes a request that has an answer, which goes to `receiver`.
    func start(_ request: Request, on channel: ChannelToken, for receiver: ReplyReceiver) {
        guard let reply = request.reply else { preconditionFailure("nobody will answer this") }
        do throws(AMQPError) {
            try write(request, on: channel)
            let call = PendingCall(
                reply: reply,
                deadline: .now + options.callTimeout,
                receiver: receiver
            )
            channels[channel.number]?.calls.append(call)
        } catch {
            deliver(.failure(error), to: receiver)
        }
    }

    /// Writes a request; a failure of the socket ends the connection.
    func write(_ request: Request, on channel: ChannelToken) throws(AMQPError) {
        try checkOpen(channel)
        uncount(settledBy: request, on: channel.number)
        do throws(AMQPError) {
            try native?.send(request, on: channel.number)
        } catch {
            guard error.code != .invalidArgument else { throw error }
            end(error)
            throw closeReason ?? error
        }
    }

    func checkOpen(_ channel: ChannelToken) throws(AMQPError) {
        if let reason = closeReason ?? channel.closeReason { throw reason }
    }

    /// Opens a channel.
    public func openChannel() async throws(AMQPError) -> Channel {
        let token = try reserveChannel()
        do throws(AMQPError) {
            try await call(.openChannel, on: token)
        } catch {
            abandon(token)
            throw error
        }
        return Channel(connection: self, token: token)
    }

    /// Closes a channel that nobody will use, without waiting for it.
    ///
    /// The broker answers what was asked before, an opening among it, and then this.
    func abandon(_ channel: ChannelToken) {
        guard closeReason == nil, channel.closeReason == nil else { return }
        channels[channel.number]?.lane = nil
        start(.closeChannel, on: channel, for: .nobody)
    }

    /// Takes the lowest free number: the library keeps memory for every number ever used.
    func reserveChannel() throws(AMQPError) -> ChannelToken {
        if let closeReason { throw closeReason }
        let maximum = native?.channelMaximum ?? 0
        guard let number = (1...max(1, maximum)).first(where: { channels[$0] == nil }) else {
            throw AMQPError(.refused, "all \(maximum) channels of the connection are in use")
        }
        let channel = ChannelToken(number)
        channels[number] = ChannelState(channel, bodyLimit: options.bodyLimit)
        return channel
    }

    /// Cancels the channel's consumers, then closes it: what the broker delivers while it closes a
    /// channel would be seen by nobody.
    func close(_ channel: ChannelToken) async {
        guard closeReason == nil, channel.closeReason == nil else { return }
        for tag in channels[channel.number]?.consumers.keys ?? [:].keys {
            _ = await result(of: .cancelConsumer(tag: tag), on: channel)
        }
        _ = await result(of: .closeChannel, on: channel)
    }

    /// Takes an answer of the broker.
    ///
    /// A channel is served in order, but the answers about consumers come from their queues and may
    /// be overtaken, so a call is found by what it waits for.
    func handle(_ reply: Reply, on number: UInt16) throws(AMQPError) {
        guard let calls = channels[number]?.calls else { return }
        guard let index = calls.firstIndex(where: { $0.reply == reply.kind }) else {
            // The broker and this side may close a channel at the same moment.
            guard reply.kind == .channelClosed else { throw .unexpectedFrame }
            return
        }
        channels[number]?.calls.remove(at: index)
        switch reply.kind {
        case .consumerCancelled(let tag):
            channels[number]?.consumers.removeValue(forKey: tag)?.finish()
        case .channelClosed:
            endChannel(number, AMQPError(.closed, "this side has closed the channel"))
        default:
            break
        }
        deliver(.success(reply), to: calls[index].receiver)
    }

    /// Forgets a channel; all that waits on it fails.
    func endChannel(_ number: UInt16, _ reason: AMQPError) {
        guard let state = channels.removeValue(forKey: number) else { return }
        state.token.closeReason = reason
        unacknowledgedBytes -= state.unacknowledged.values.reduce(0, +)
        for call in state.calls { deliver(.failure(reason), to: call.receiver) }
        for source in state.consumers.values { source.finish(throwing: reason) }
        if let lane = state.lane { endLane(lane, on: state.token, reason) }
    }

    /// Fails the calls that the broker has not answered in time.
    ///
    /// An answer that comes after all still finds its place.
    func expireCalls() {
        let error =
            blockedReason.map {
                AMQPError(.blocked, "the broker answers nothing because it is blocked: \($0)")
            } ?? AMQPError(.timedOut, "the broker did not answer in \(options.callTimeout)")
        for number in channels.keys {
            for index in channels[number]?.calls.indices ?? 0..<0 {
                guard let call = channels[number]?.calls[index], call.deadline < .now else { break }
                channels[number]?.calls[index].receiver = .nobody
                deliver(.failure(error), to: call.receiver)
            }
        }
    }

    private func deliver(_ result: Result<Reply, AMQPError>, to receiver: ReplyReceiver) {
        switch receiver {
        case .caller(let continuation): continuation.resume(returning: result)
        case .lane(let lane): finishOpening(lane, result)
        case .nobody: break
        }
    }
}
