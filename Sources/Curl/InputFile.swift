internal import Glibc

/// The owner of a C stream that libcurl reads a request's body from.
@safe
struct InputFile: ~Copyable {
    /// The stream for libcurl's default read function, `fread`.
    let pointer: UnsafeMutablePointer<FILE>
    /// The file's length in bytes when it was opened.
    let size: Int

    /// Opens the regular file at `path`.
    init(path: String) throws(CurlError) {
        guard let file = unsafe fopen(path, "re") else { throw Self.unreadable(path) }
        var status = stat()
        guard unsafe fstat(fileno(file), &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            unsafe fclose(file)
            throw Self.unreadable(path)
        }
        unsafe pointer = unsafe file
        size = status.st_size
    }

    deinit {
        unsafe fclose(pointer)
    }

    private static func unreadable(_ path: String) -> CurlError {
        CurlError(.unreadableBody, "the file to send cannot be read", detail: path)
    }
}
