internal import CCurl

/// The owner of a `CURLU`: a URL in its parts.
@safe
struct URLHandle: ~Copyable {
    private let pointer: OpaquePointer

    init(_ url: String) throws(CurlError) {
        guard let pointer = unsafe curl_url() else { preconditionFailure("no memory is left") }
        unsafe self.pointer = unsafe pointer
        guard unsafe curl_url_set(pointer, CURLUPART_URL, url, 0) == CURLUE_OK else {
            throw CurlError(.invalidRequest, "the URL is malformed", detail: url)
        }
    }

    deinit {
        unsafe curl_url_cleanup(pointer)
    }

    /// A part of the URL; nil when the URL has none.
    func get(_ part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(pointer, part, &text, 0) == CURLUE_OK,
            let text = unsafe text
        else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }
}
