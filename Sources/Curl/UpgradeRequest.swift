internal import CCurl

extension HTTPRequest {
    /// The request as bytes: an upgraded connection is made by libcurl, but spoken by us.
    ///
    /// It has no body.
    func upgradeBytes() throws(CurlError) -> [UInt8] {
        let url = try URLHandle(url)
        let host = url.get(CURLUPART_HOST) ?? ""
        let port = url.get(CURLUPART_PORT).map { ":\($0)" } ?? ""
        let path = url.get(CURLUPART_PATH) ?? "/"
        let query = url.get(CURLUPART_QUERY).map { "?\($0)" } ?? ""
        let lines =
            ["\(method.rawValue) \(path)\(query) HTTP/1.1", "Host: \(host)\(port)"]
            + ["Connection: Upgrade", "Upgrade: tcp", "Content-Length: 0"]
            + (try headers.lines())
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
