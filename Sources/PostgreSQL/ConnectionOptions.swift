internal import CPostgreSQL

/// The options of a connection by libpq's keywords, out of a connection string.
struct ConnectionOptions {
    private let values: [String: String]

    /// - Throws: ``PostgreSQLError/Code/invalidConnectionString``.
    init(_ configuration: ConnectionConfiguration) throws(PostgreSQLError) {
        let given = try Self.parse(configuration.connectionString)
        let defaults = configuration.defaults.merging(given) { _, given in given }
        // Text is UTF-8 on our side whatever the environment says.
        values = defaults.merging(["client_encoding": "UTF8"]) { _, encoding in encoding }
    }

    /// All of them as keywords and values, quoted (manual, 34.1.1.1).
    var connectionString: String {
        values.map { keyword, value in
            let escaped = value.replacing(#"\"#, with: #"\\"#).replacing("'", with: #"\'"#)
            return "\(keyword)='\(escaped)'"
        }
        .joined(separator: " ")
    }

    /// How long one address may take, as libpq reads it: at least 2 s; 0 and less is for ever.
    var connectTimeout: Duration? {
        guard let seconds = values["connect_timeout"].flatMap({ Int($0) }), seconds > 0 else {
            return nil
        }
        return .seconds(max(seconds, 2))
    }

    private static func parse(_ string: String) throws(PostgreSQLError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = unsafe PQconninfoParse(string, &message) else {
            defer { unsafe PQfreemem(message) }
            throw PostgreSQLError(
                .invalidConnectionString,
                unsafe message.map { unsafe String(cString: $0).oneLine } ?? "out of memory"
            )
        }
        defer { unsafe PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                unsafe values[String(cString: keyword)] = unsafe String(cString: value)
            }
            unsafe option += 1
        }
        // An unencoded @ in a password makes its rest part of the host, which messages name.
        // (A leading one is an abstract socket.)
        for host in (values["host"] ?? "").split(separator: ",")
        where host.dropFirst().contains("@") {
            throw PostgreSQLError(
                .invalidConnectionString,
                "a host contains @: write %40 for one in a password"
            )
        }
        return values
    }
}
