/// The parameters of one statement, encoded one after another and framed as on the wire.
struct Parameters {
    /// What each is declared with.
    let types: [UInt32]
    private let bytes: [UInt8]
    private let fields: [Range<Int>?]

    init(_ values: [any PostgreSQLValue]) throws(PostgreSQLError) {
        var encoder = BinaryEncoder()
        var fields: [Range<Int>?] = []
        fields.reserveCapacity(values.count)
        for value in values {
            let start = encoder.bytes.count + 4
            try value.encode(to: &encoder)
            // A length is never negative: -1, all ones, is NULL.
            fields.append(encoder.bytes[start - 4] == 0xff ? nil : start..<encoder.bytes.count)
        }
        types = values.map { type(of: $0).postgreSQLType.identifier }
        bytes = encoder.bytes
        self.fields = fields
    }

    /// How many bytes they take to send.
    var size: Int { bytes.count }

    var count: Int32 { Int32(fields.count) }

    /// Lends what libpq takes: where each value is (nil for NULL), and how long.
    func withPointers<Result>(
        _ body: (_ values: [UnsafePointer<CChar>?], _ lengths: [Int32]) -> Result
    ) -> Result {
        unsafe bytes.withUnsafeBytes { buffer in
            let values = unsafe fields.map { field in
                unsafe field.flatMap { unsafe buffer.baseAddress?.advanced(by: $0.lowerBound) }?
                    .assumingMemoryBound(to: CChar.self)
            }
            return unsafe body(values, fields.map { Int32($0?.count ?? 0) })
        }
    }
}
