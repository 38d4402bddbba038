internal import CRabbitMQ
internal import Glibc

/// Where Debian keeps the certificates of the authorities that the system trusts.
private let systemAuthorityFile = "/etc/ssl/certs/ca-certificates.crt"

/// The one owner of librabbitmq's connection state; its end frees it and closes the socket.
@safe struct Library: ~Copyable {
    let state: amqp_connection_state_t

    init() throws(AMQPError) {
        guard let state = unsafe amqp_new_connection() else {
            throw AMQPError(.connectionLost, "no memory is left for a connection")
        }
        unsafe self.state = unsafe state
    }

    deinit {
        _ = unsafe amqp_destroy_connection(state)
    }

    /// Connects; the library sets `TCP_NODELAY` and keep-alive.
    ///
    /// - Throws: ``AMQPError/Code/unreachable`` or ``AMQPError/Code/tlsFailed``.
    func openSocket(
        to endpoint: Endpoint,
        at address: Endpoint.Address
    ) throws(AMQPError) {
        let socket = unsafe try makeSocket(for: endpoint)
        var timeout = timeval(endpoint.addressTimeout)
        let status = unsafe amqp_socket_open_noblock(
            socket,
            address.host,
            CInt(address.port),
            &timeout
        )
        guard status != AMQP_STATUS_OK.rawValue else { return }
        let reason = errorText(status)
        // The library numbers its TLS errors from -0x0200 down.
        let code: AMQPError.Code = -0x02FF ... -0x0200 ~= status ? .tlsFailed : .unreachable
        throw AMQPError(code, "no connection to \(address): \(reason)")
    }

    /// The socket, not yet connected; it belongs to the state.
    private func makeSocket(for endpoint: Endpoint) throws(AMQPError) -> OpaquePointer? {
        guard let tls = endpoint.tls else { return unsafe amqp_tcp_socket_new(state) }
        guard let socket = unsafe amqp_ssl_socket_new(state) else {
            throw AMQPError(.tlsFailed, "TLS cannot be set up")
        }
        let verifies: amqp_boolean_t = tls.verifiesPeer ? 1 : 0
        unsafe amqp_ssl_socket_set_verify_peer(socket, verifies)
        unsafe amqp_ssl_socket_set_verify_hostname(socket, verifies)
        _ = unsafe amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
        if tls.verifiesPeer {
            let file = tls.authorityFile ?? systemAuthorityFile
            guard unsafe amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
                throw AMQPError(.tlsFailed, "\(file) holds no certificates that can be read")
            }
        }
        if let certificate = tls.certificateFile {
            let key = tls.keyFile ?? certificate
            let status = unsafe amqp_ssl_socket_set_key(socket, certificate, key)
            guard status == AMQP_STATUS_OK.rawValue else {
                throw AMQPError(
                    .tlsFailed,
                    "\(certificate) and \(key) are no certificate and its key"
                )
            }
        }
        return unsafe socket
    }

    /// Logs in and enters the virtual host.
    ///
    /// - Throws: ``AMQPError/Code/accessRefused``, ``AMQPError/Code/virtualHostRefused``,
    ///   ``AMQPError/Code/timedOut`` or ``AMQPError/Code/connectionLost``.
    func logIn(to endpoint: Endpoint, clientProperties: FieldTable) throws(AMQPError) {
        var timeout = timeval(endpoint.addressTimeout)
        try check(unsafe amqp_set_handshake_timeout(state, &timeout))
        var arena = Arena()
        var properties = unsafe try arena.table(clientProperties)
        let reply = unsafe sandmill_amqp_login(
            state,
            endpoint.virtualHost,
            0,
            AMQP_DEFAULT_FRAME_SIZE,
            CInt(clamping: max(1, endpoint.heartbeat.components.seconds)),
            &properties,
            endpoint.user,
            endpoint.password
        )
        switch unsafe reply.reply_type {
        case AMQP_RESPONSE_NORMAL:
            return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            throw unsafe AMQPError(refusal: reply.reply)
        default:
            try check(unsafe reply.library_error)
            throw AMQPError(.connectionLost, "the broker ended the connection during the login")
        }
    }
}

extension AMQPError {
    /// The error for the `connection.close` with which a broker refuses a login.
    fileprivate init(refusal method: amqp_method_t) {
        guard unsafe method.id == AMQP_CONNECTION_CLOSE_METHOD else {
            self.init(.connectionLost, "the broker answered the login with something else")
            return
        }
        let close = unsafe method.arguments(as: amqp_connection_close_t.self)
        let text = unsafe String(copying: close.reply_text)
        switch unsafe CInt(close.reply_code) {
        case AMQP_ACCESS_REFUSED:
            self.init(
                .accessRefused,
                "the broker refuses the user or the password: \(text)",
                replyCode: unsafe close.reply_code
            )
        case AMQP_NOT_ALLOWED:
            self.init(
                .virtualHostRefused,
                "the broker refuses the virtual host: \(text)",
                replyCode: unsafe close.reply_code
            )
        default:
            self.init(connectionClosedWith: unsafe close.reply_code, text: text)
        }
    }
}

/// Turns a library's status into an error.
func check(_ status: CInt) throws(AMQPError) {
    guard status < 0 else { return }
    switch amqp_status_enum(status) {
    case AMQP_STATUS_TABLE_TOO_BIG:
        throw AMQPError(.invalidArgument, "a table does not fit into a frame")
    case AMQP_STATUS_TIMEOUT:
        throw AMQPError(.timedOut, "the broker did not answer in time")
    case AMQP_STATUS_HEARTBEAT_TIMEOUT:
        throw AMQPError(.connectionLost, "nothing was heard from the broker for two heartbeats")
    default:
        throw AMQPError(.connectionLost, "the connection was lost: \(errorText(status))")
    }
}

private func errorText(_ status: CInt) -> String {
    unsafe String(cString: amqp_error_string2(status))
}

extension timeval {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(
            tv_sec: Int(seconds),
            tv_usec: Int(attoseconds / 1_000_000_000_000)
        )
    }
}
