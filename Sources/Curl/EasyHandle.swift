internal import CCurl

/// The owner of a `CURL`: one transfer's settings, and of an upgraded connection its two ends.
///
/// It belongs to the curl thread from the moment it is added to a ``MultiHandle``.
@safe
struct EasyHandle: ~Copyable {
    /// What libcurl calls this handle; valid for as long as the owner lives.
    let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>

    init() {
        guard globalCode == CURLE_OK, let pointer = unsafe curl_easy_init() else {
            preconditionFailure("libcurl cannot be initialised")
        }
        unsafe self.pointer = unsafe pointer
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    /// Makes this a handle that will connect to `url` with `settings`.
    func prepare(
        url: String,
        settings: ClientConfiguration,
        timeout: Duration?
    ) throws(CurlError) {
        try unsafe set(CURLOPT_ERRORBUFFER, to: UnsafeMutableRawPointer(errorText))
        try set(CURLOPT_NOSIGNAL, to: 1)
        try set(CURLOPT_URL, to: url)
        // What is signed, or names a file, is not to be shortened at its dots.
        try set(CURLOPT_PATH_AS_IS, to: 1)
        try set(CURLOPT_PROTOCOLS_STR, to: "http,https")
        try set(CURLOPT_HTTP_VERSION, to: Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_SSL_ENABLE_ALPN, to: 0)
        // An empty proxy also keeps libcurl from looking for one in the environment.
        try set(CURLOPT_PROXY, to: "")
        try set(CURLOPT_TCP_KEEPALIVE, to: 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, to: settings.connectTimeout.milliseconds)
        if let timeout { try set(CURLOPT_TIMEOUT_MS, to: timeout.milliseconds) }
        if let path = settings.unixSocket { try set(CURLOPT_UNIX_SOCKET_PATH, to: path) }
        if let path = settings.tls.authorities { try set(CURLOPT_CAINFO, to: path) }
        if let path = settings.tls.certificate { try set(CURLOPT_SSLCERT, to: path) }
        if let path = settings.tls.key { try set(CURLOPT_SSLKEY, to: path) }
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe errorText.deallocate()
    }

    func set(_ option: CURLoption, to value: Int) throws(CurlError) {
        try check(unsafe sandmill_curl_set_long(pointer, option, value))
    }

    func set(_ option: CURLoption, toOffset value: Int) throws(CurlError) {
        try check(unsafe sandmill_curl_set_offset(pointer, option, value))
    }

    /// Sets an option to a string, of which libcurl makes a copy.
    func set(_ option: CURLoption, to value: String) throws(CurlError) {
        guard !value.utf8.contains(0) else {
            throw CurlError(.invalidRequest, "a string has a NUL character")
        }
        try check(unsafe sandmill_curl_set_string(pointer, option, value))
    }

    /// Sets an option to a pointer, which must stay valid for as long as the handle.
    @unsafe
    func set(_ option: CURLoption, to value: UnsafeMutableRawPointer?) throws(CurlError) {
        try check(unsafe sandmill_curl_set_pointer(pointer, option, value))
    }

    @unsafe
    func set(
        _ option: CURLoption,
        to function:
            @escaping @convention(c) (
                UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?
            ) -> Int
    ) throws(CurlError) {
        try check(unsafe sandmill_curl_set_write_function(pointer, option, function))
    }

    /// Sets the request's body to these bytes, of which libcurl makes a copy.
    func setBody(_ bytes: [UInt8]) throws(CurlError) {
        try set(CURLOPT_POSTFIELDSIZE_LARGE, toOffset: bytes.count)
        // libcurl takes a null pointer, which an empty array may have, for "ask a callback".
        guard !bytes.isEmpty else { return try set(CURLOPT_COPYPOSTFIELDS, to: "") }
        try check(
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe sandmill_curl_set_pointer(
                    pointer,
                    CURLOPT_COPYPOSTFIELDS,
                    UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                )
            }
        )
    }

    /// The status code of the response; 0 before there is one.
    func responseCode() throws(CurlError) -> Int {
        var code = 0
        try check(unsafe sandmill_curl_get_long(pointer, CURLINFO_RESPONSE_CODE, &code))
        return code
    }

    /// The socket of a connection made with `CURLOPT_CONNECT_ONLY`.
    func activeSocket() throws(CurlError) -> CInt {
        var socket: curl_socket_t = CURL_SOCKET_BAD
        try check(unsafe sandmill_curl_get_socket(pointer, CURLINFO_ACTIVESOCKET, &socket))
        return socket
    }

    /// Hands bytes to the kernel without waiting.
    ///
    /// - Returns: How many it took, from the first on; nil when it takes none at the moment.
    func send(_ bytes: ArraySlice<UInt8>) throws(CurlError) -> Int? {
        var count = 0
        let code = unsafe bytes.withUnsafeBytes { bytes in
            unsafe curl_easy_send(pointer, bytes.baseAddress, bytes.count, &count)
        }
        return try transferred(count, code)
    }

    /// Takes bytes that have arrived, without waiting.
    ///
    /// - Returns: How many were put into `buffer`, 0 at the end of the stream; nil when none are
    ///   there yet.
    func receive(into buffer: inout [UInt8]) throws(CurlError) -> Int? {
        var count = 0
        let code = unsafe buffer.withUnsafeMutableBytes { buffer in
            unsafe curl_easy_recv(pointer, buffer.baseAddress, buffer.count, &count)
        }
        return try transferred(count, code)
    }

    private func transferred(_ count: Int, _ code: CURLcode) throws(CurlError) -> Int? {
        if code == CURLE_AGAIN { return nil }
        guard code == CURLE_OK else { throw error(code) }
        return count
    }

    /// The error of `code`, with what libcurl says of this very case.
    func error(_ code: CURLcode) -> CurlError {
        CurlError(code, detail: unsafe String(cString: errorText))
    }
}

extension Duration {
    /// Whole milliseconds, at least one: libcurl takes 0 for no limit.
    fileprivate var milliseconds: Int { max(1, Int(self / .milliseconds(1))) }
}

/// What `curl_global_init` returned; it must come before any other call, and once.
private let globalCode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
