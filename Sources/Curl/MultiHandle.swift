internal import CCurl

/// The owner of a `CURLM`: all transfers of one thread and the connections they share.
///
/// Everything but ``wake()`` belongs to the curl thread.
@safe
struct MultiHandle: ~Copyable {
    private let pointer: UnsafeMutableRawPointer

    init() {
        guard let pointer = unsafe curl_multi_init() else {
            preconditionFailure("libcurl cannot be initialised")
        }
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe curl_multi_cleanup(pointer)
    }

    /// Adds a handle, which ``nextDone()`` will name by `id` once its transfer is over.
    func add(_ easy: borrowing EasyHandle, id: Int) throws(CurlError) {
        try unsafe easy.set(CURLOPT_PRIVATE, to: UnsafeMutableRawPointer(bitPattern: id))
        try check(unsafe curl_multi_add_handle(pointer, easy.pointer))
    }

    /// Takes a handle out, which ends its transfer or closes its upgraded connection.
    func remove(_ easy: borrowing EasyHandle) {
        unsafe curl_multi_remove_handle(pointer, easy.pointer)
    }

    /// Moves every transfer on as far as it goes without waiting.
    func perform() {
        var running: CInt = 0
        demand(unsafe curl_multi_perform(pointer, &running))
    }

    /// Waits until a transfer or one of `others` can move on, ``wake()`` is called, or time is up.
    func wait(_ others: inout [curl_waitfd], milliseconds: CInt) {
        let code = unsafe others.withUnsafeMutableBufferPointer { others in
            unsafe curl_multi_poll(
                pointer,
                others.baseAddress,
                CUnsignedInt(others.count),
                milliseconds,
                nil
            )
        }
        demand(code)
    }

    /// Ends the current ``wait(_:milliseconds:)`` or the next one; any thread may call it.
    func wake() {
        unsafe curl_multi_wakeup(pointer)
    }

    /// Returns a transfer that is over, and how it ended; each once.
    func nextDone() -> (id: Int, code: CURLcode)? {
        var left: CInt = 0
        while let message = unsafe curl_multi_info_read(pointer, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            var context: UnsafeMutablePointer<CChar>?
            unsafe sandmill_curl_get_pointer(
                message.pointee.easy_handle,
                CURLINFO_PRIVATE,
                &context
            )
            return (Int(bitPattern: context), unsafe message.pointee.data.result)
        }
        return nil
    }
}

/// Checks a call that fails only when the handle is misused or no memory is left.
private func demand(_ code: CURLMcode) {
    precondition(
        code == CURLM_OK,
        unsafe "libcurl: \(String(cString: curl_multi_strerror(code)))"
    )
}
