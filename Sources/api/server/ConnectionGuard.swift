internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import SandmillEntity

/// Holds a connection to its times, and answers what is no HTTP.
///
/// 1. A head is complete within `idle` from the connection's beginning, or from the last answer.
/// 2. A body is complete within `transfer` from its head.
/// 3. A client takes what is written to it within `transfer`.
/// 4. After an answer with `Connection: close` nothing more is answered, and the connection goes as
///    soon as the client has had time to read it.
///
/// On the event loop of its channel only.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a client that is turned away may go on sending before the connection is reset.
    private static let lingering: TimeAmount = .seconds(1)

    private let limits: GatewaySettings.Limits
    private var isReadingBody = false
    private var unanswered = 0
    private var isAnswering = false
    private var closesAfterAnswer = false
    private var isClosing = false
    private var departures: [AsyncStream<Never>.Continuation] = []
    private var deadline: Scheduled<Void>?
    private var stall: Scheduled<Void>?

    init(limits: GatewaySettings.Limits) {
        self.limits = limits
    }

    /// What ends when the client of a connection goes, or sends no more, before it has been answered.
    static func departure(from channel: any Channel) async throws -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        try await channel.eventLoop.submit {
            let handler = try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self)
            if channel.isActive {
                handler.departures.append(continuation)
            } else {
                continuation.finish()
            }
        }
        .get()
        return stream
    }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            try OldClients.add(to: context.pipeline.syncOperations)
        } catch {
            preconditionFailure("requests are read by \(error)")
        }
        setDeadline(limits.idle, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { tellDeparture() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        tellDeparture()
        context.fireChannelInactive()
    }

    private func tellDeparture() {
        for departure in departures { departure.finish() }
        departures = []
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        tellDeparture()
        deadline?.cancel()
        stall?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isReadingBody = true
            unanswered += 1
            setDeadline(limits.transfer, context)
            if head.headerFields[.expect]?.lowercased() == "100-continue" { invite(head, context) }
        case .body: break
        case .end:
            isReadingBody = false
            deadline?.cancel()
            if unanswered == 0 { setDeadline(limits.idle, context) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isClosing {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            isAnswering = true
            closesAfterAnswer = head.headerFields[.connection]?.lowercased() == "close"
        case .end:
            departures = []
            isAnswering = false
            unanswered -= 1
            if closesAfterAnswer {
                context.writeAndFlush(data, promise: promise)
                leave(context)
                return
            }
            if unanswered == 0, !isReadingBody { setDeadline(limits.idle, context) }
        default: break
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        turnAway(
            error == .headerOverflow
                ? Problem(.headerTooLarge, "above \(limits.header.bytes) bytes")
                : Problem(.invalidRequest, "it is not HTTP/1.1"),
            context
        )
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable {
            stall = context.eventLoop.assumeIsolated().scheduleTask(in: .init(limits.transfer)) {
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Tells a client that waits before it sends a body to send it (RFC 9110, section 10.1.1).
    private func invite(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        let length = head.headerFields[.contentLength].flatMap { Int64($0) } ?? 0
        guard length <= limits.body.bytes else { return }
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponse(status: .continue))),
            promise: nil
        )
    }

    private func setDeadline(_ limit: Duration, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            if self.isReadingBody {
                self.turnAway(Problem(.tooSlow, "the body did not come in time"), context)
            } else {
                context.close(promise: nil)
            }
        }
    }

    /// Answers instead of the router, unless an answer has begun, and ends the connection.
    private func turnAway(_ problem: Problem, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        // What is wrong may be what follows a request that is still to be answered.
        guard !isAnswering, unanswered == (isReadingBody ? 1 : 0) else {
            context.close(promise: nil)
            return
        }
        var head = problem.response.head
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(ByteBuffer(bytes: problem.document))),
            promise: nil
        )
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        leave(context)
    }

    /// Ends the connection once the client could read the answer: what it still sends would make the
    /// kernel reset the connection, and the answer be lost.
    private func leave(_ context: ChannelHandlerContext) {
        isClosing = true
        deadline?.cancel()
        context.close(mode: .output, promise: nil)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) {
            context.close(promise: nil)
        }
    }
}
