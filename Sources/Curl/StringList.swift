internal import CCurl

/// The owner of a `curl_slist`, in which libcurl takes header lines.
@safe
struct StringList: ~Copyable {
    /// The list for libcurl, which keeps the pointer: it must not outlive the owner.
    private(set) var pointer: UnsafeMutablePointer<curl_slist>?

    init(_ strings: [String]) {
        unsafe pointer = nil
        for string in strings {
            guard let longer = unsafe curl_slist_append(pointer, string) else {
                preconditionFailure("no memory is left")
            }
            unsafe pointer = unsafe longer
        }
    }

    deinit {
        unsafe curl_slist_free_all(pointer)
    }
}
