internal import CCurl

/// One request on its way and the response that is coming in.
///
/// It is made and used on the curl thread only.
final class Exchange {
    typealias Completion = CheckedContinuation<Result<HTTPResponse, CurlError>, Never>

    let easy: EasyHandle
    private let headers: StringList
    private let responseLimit: Int
    private var unsent: FilePart?
    private var response = HTTPResponse(status: 0)
    private var isTooLarge = false
    private var completion: Completion?

    init(_ request: HTTPRequest, settings: ClientConfiguration) throws(CurlError) {
        easy = EasyHandle()
        try easy.prepare(url: request.url, settings: settings, timeout: request.timeout)
        try easy.set(CURLOPT_CUSTOMREQUEST, to: request.method.rawValue)

        // Without these two, libcurl waits for "100 Continue" and calls every body a form.
        var lines = ["Expect:"]
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        headers = StringList(lines + (try request.headers.lines()))
        try unsafe easy.set(CURLOPT_HTTPHEADER, to: UnsafeMutableRawPointer(headers.pointer))

        responseLimit = request.responseLimit

        if request.method == .post {
            // On a connection that was used before and ends, libcurl would send it again by itself.
            try easy.set(CURLOPT_FRESH_CONNECT, to: 1)
            try easy.set(CURLOPT_FORBID_REUSE, to: 1)
        }
        switch (request.body, request.method) {
        case (let body?, _): try easy.setBody(body)
        case (nil, .post): try easy.setBody([])
        case (nil, .put): try send(request.file)
        case (nil, .get), (nil, .delete): try easy.set(CURLOPT_HTTPGET, to: 1)
        }
        try collectResponse()
    }

    /// Names who waits for the response.
    func start(_ completion: Completion) {
        self.completion = completion
    }

    /// Ends the exchange; `code` is what libcurl says of the whole transfer.
    func finish(_ code: CURLcode) {
        guard code == CURLE_OK else {
            fail(isTooLarge ? Self.tooLarge : easy.error(code))
            return
        }
        do throws(CurlError) {
            response.status = try easy.responseCode()
            completion?.resume(returning: .success(response))
        } catch {
            fail(error)
        }
    }

    /// Ends the exchange without a response.
    func fail(_ error: CurlError) {
        completion?.resume(returning: .failure(error))
    }

    /// Has libcurl read the body from a file; nil for no bytes.
    private func send(_ file: FilePart?) throws(CurlError) {
        guard let file else { return try easy.setBody([]) }
        unsent = file
        try easy.set(CURLOPT_UPLOAD, to: 1)
        try easy.set(CURLOPT_INFILESIZE_LARGE, toOffset: file.count)
        try unsafe easy.set(CURLOPT_READFUNCTION) { bytes, _, count, context in
            guard let exchange = unsafe Exchange.from(context) else { return 0 }
            let buffer = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: count)
            // A file that has become shorter ends the transfer, which would otherwise wait for more.
            return unsafe exchange.unsent?.read(into: buffer) ?? Int(CURL_READFUNC_ABORT)
        }
        try unsafe easy.set(CURLOPT_READDATA, to: Unmanaged.passUnretained(self).toOpaque())
    }

    private func collectResponse() throws(CurlError) {
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        try unsafe easy.set(CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            guard let exchange = unsafe Exchange.from(context) else { return 0 }
            unsafe exchange.takeHeader(UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        }
        try unsafe easy.set(CURLOPT_HEADERDATA, to: this)
        try unsafe easy.set(CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            guard let exchange = unsafe Exchange.from(context) else { return 0 }
            return unsafe exchange.takeBody(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        try unsafe easy.set(CURLOPT_WRITEDATA, to: this)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Exchange? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    }

    /// Takes one line of a head; a status line begins a new one, since the last response counts.
    private func takeHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            response.headers = [:]
        } else {
            response.headers.append(line: line[...])
        }
    }

    /// Takes a part of the body; returning less than its length ends the transfer.
    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        isTooLarge = bytes.count > responseLimit - response.body.count
        guard !isTooLarge else { return 0 }
        unsafe response.body.append(contentsOf: bytes)
        return bytes.count
    }

    private static let tooLarge = CurlError(.responseTooLarge, "the response is too large")
}
