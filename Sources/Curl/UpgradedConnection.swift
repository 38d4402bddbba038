internal import CCurl

/// The curl thread's side of an upgraded stream: a connection that libcurl made and carries.
///
/// ```
/// connecting ──connected()──▶ awaitingHead ──101 or 200──▶ open ──▶ over
///                                  └──any other status──▶ awaitingBody ──▶ over
/// ```
/// ``fail(_:)`` leads to `over` from anywhere. It is made and used on the curl thread only.
final class UpgradedConnection {
    typealias Completion = CheckedContinuation<Result<HTTPResponse, CurlError>, Never>

    private enum Phase {
        case connecting
        case awaitingHead(ResponseHead)
        case awaitingBody(HTTPResponse, length: Int)
        case open
        case over
    }

    /// Reads in a row before other connections have their turn.
    private static let burst = 16

    let easy: EasyHandle
    /// What the stream's user shares with this connection once it is open.
    let buffer = StreamBuffer()
    /// When the response must have come; nil for no limit, and once it has.
    private(set) var deadline: ContinuousClock.Instant?
    /// Whether there may be bytes that polling the socket does not show.
    private(set) var mayHaveMore = false

    private let responseLimit: Int
    private var phase = Phase.connecting
    private var completion: Completion?
    private var socket: CInt = -1
    private var isReading = true
    private var isSendBlocked = false
    private var sending: [UInt8]
    private var sent = 0

    init(_ request: HTTPRequest, settings: ClientConfiguration) throws(CurlError) {
        easy = EasyHandle()
        try easy.prepare(url: request.url, settings: settings, timeout: request.timeout)
        try easy.set(CURLOPT_CONNECT_ONLY, to: 1)
        sending = try request.upgradeBytes()
        responseLimit = request.responseLimit
        deadline = request.timeout.map { ContinuousClock.now + $0 }
    }

    /// Names who waits for the response.
    func start(_ completion: Completion) {
        self.completion = completion
    }

    var isConnecting: Bool { if case .connecting = phase { true } else { false } }
    var isOver: Bool { if case .over = phase { true } else { false } }

    /// What to poll for; nil when there is nothing to wait for.
    var wait: curl_waitfd? {
        var events = isReading ? CURL_WAIT_POLLIN : 0
        if isSendBlocked { events |= CURL_WAIT_POLLOUT }
        guard events != 0, socket >= 0 else { return nil }
        return curl_waitfd(fd: socket, events: Int16(events), revents: 0)
    }

    /// Goes on from where libcurl has left the connection; `code` is how that ended.
    func connected(_ code: CURLcode) {
        guard code == CURLE_OK else {
            fail(easy.error(code))
            return
        }
        phase = .awaitingHead(ResponseHead())
        do throws(CurlError) {
            socket = try easy.activeSocket()
            send()
        } catch {
            fail(error)
        }
    }

    /// Sends what is queued, as much as the kernel takes.
    func send() {
        guard !isOver else { return }
        isSendBlocked = false
        do throws(CurlError) {
            while true {
                if sent == sending.count {
                    sending = buffer.takeOutgoing()
                    sent = 0
                    if sending.isEmpty { return }
                }
                guard let count = try easy.send(sending[sent...]) else {
                    isSendBlocked = true
                    return
                }
                sent += count
            }
        } catch {
            fail(error)
        }
    }

    /// Reads on after a pause.
    func resume(into scratch: inout [UInt8]) {
        guard !isReading else { return }
        isReading = true
        receive(into: &scratch)
    }

    /// Takes what has arrived, in pieces of at most the length of `scratch`.
    func receive(into scratch: inout [UInt8]) {
        mayHaveMore = false
        do throws(CurlError) {
            for _ in 0..<Self.burst where isReading && !isOver {
                guard let count = try easy.receive(into: &scratch) else { return }
                if count == 0 { return end() }
                try accept(scratch[..<count])
            }
            mayHaveMore = isReading
        } catch {
            fail(error)
        }
    }

    /// Ends the connection with an error.
    func fail(_ error: CurlError) {
        phase = .over
        complete(.failure(error))
        buffer.end(.failed(error))
    }
}

extension UpgradedConnection {
    private func accept(_ bytes: ArraySlice<UInt8>) throws(CurlError) {
        switch phase {
        case .connecting, .over: break
        case .awaitingHead(var head):
            guard let (response, rest) = try head.append(bytes) else {
                phase = .awaitingHead(head)
                return
            }
            try begin(response, rest)
        case .awaitingBody(var response, let length):
            response.body += bytes.prefix(length - response.body.count)
            phase = .awaitingBody(response, length: length)
            if response.body.count == length { end() }
        case .open:
            isReading = buffer.deliver(bytes)
        }
    }

    /// Whether a connection is a stream after such a response; Docker's engine sends either.
    static func isUpgrade(_ response: HTTPResponse) -> Bool {
        response.status == 101 || response.status == 200
    }

    private func begin(
        _ response: HTTPResponse,
        _ rest: ArraySlice<UInt8>
    ) throws(CurlError) {
        if Self.isUpgrade(response) {
            phase = .open
            complete(.success(response))
        } else {
            phase = .awaitingBody(response, length: min(Self.bodyLength(response), responseLimit))
        }
        try accept(rest)
    }

    /// How long the body is at most (RFC 9112, section 6.3); a chunked one is left out.
    private static func bodyLength(_ response: HTTPResponse) -> Int {
        if let length = response.headers["Content-Length"] { return max(0, Int(length) ?? 0) }
        let hasBody = response.status >= 200 && response.status != 204 && response.status != 304
        return hasBody && response.headers["Transfer-Encoding"] == nil ? .max : 0
    }

    /// Ends the connection as the peer wishes.
    private func end() {
        switch phase {
        case .awaitingBody(let response, _):
            phase = .over
            complete(.success(response))
        case .open:
            phase = .over
            buffer.end(.finished)
        case .connecting, .awaitingHead, .over:
            fail(.connectionLost)
        }
    }

    private func complete(_ result: Result<HTTPResponse, CurlError>) {
        deadline = nil
        completion.take()?.resume(returning: result)
    }
}
