internal import CRabbitMQ

/// Tables nest at most this deep; what is deeper is dropped, so that a hostile message cannot make
/// its readers recurse without end.
private let maximumDepth = 32

extension String {
    /// Copies bytes from the broker, repairing what is not UTF-8.
    ///
    /// There a `?` stands for each byte that is not ASCII, so that it grows no longer than AMQP can
    /// carry.
    init(copying bytes: amqp_bytes_t) {
        let buffer = unsafe UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len)
        if let text = unsafe String(validating: buffer, as: UTF8.self) {
            self = text
        } else {
            let ascii = unsafe buffer.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }
            self = String(decoding: ascii, as: UTF8.self)
        }
    }
}

extension [UInt8] {
    init(copying bytes: amqp_bytes_t) {
        self = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len))
    }
}

extension FieldTable {
    init(copying table: amqp_table_t, depth: Int = 0) {
        self.init()
        let count = unsafe Int(table.num_entries)
        for index in 0..<count {
            let entry = unsafe table.entries[index]
            unsafe self[String(copying: entry.key)] = FieldValue(
                copying: entry.value,
                depth: depth + 1
            )
        }
    }
}

extension FieldValue {
    fileprivate init(copying field: amqp_field_value_t, depth: Int) {
        let value = unsafe field.value
        switch unsafe amqp_field_value_kind_t(UInt32(field.kind)) {
        case AMQP_FIELD_KIND_BOOLEAN: self = unsafe .bool(value.boolean != 0)
        case AMQP_FIELD_KIND_I8: self = unsafe .int(Int64(value.i8))
        case AMQP_FIELD_KIND_U8: self = unsafe .int(Int64(value.u8))
        case AMQP_FIELD_KIND_I16: self = unsafe .int(Int64(value.i16))
        case AMQP_FIELD_KIND_U16: self = unsafe .int(Int64(value.u16))
        case AMQP_FIELD_KIND_I32: self = unsafe .int(Int64(value.i32))
        case AMQP_FIELD_KIND_U32: self = unsafe .int(Int64(value.u32))
        case AMQP_FIELD_KIND_I64: self = unsafe .int(value.i64)
        case AMQP_FIELD_KIND_U64: self = unsafe .int(Int64(clamping: value.u64))
        case AMQP_FIELD_KIND_F32: self = unsafe .double(Double(value.f32))
        case AMQP_FIELD_KIND_F64: self = unsafe .double(value.f64)
        case AMQP_FIELD_KIND_DECIMAL:
            let scale = unsafe (0..<value.decimal.decimals).reduce(1.0) { scale, _ in scale * 10 }
            self = unsafe .double(Double(value.decimal.value) / scale)
        case AMQP_FIELD_KIND_TIMESTAMP: self = unsafe .timestamp(value.u64)
        case AMQP_FIELD_KIND_UTF8:
            let bytes = unsafe [UInt8](copying: value.bytes)
            self = String(validating: bytes, as: UTF8.self).map(Self.string) ?? .bytes(bytes)
        case AMQP_FIELD_KIND_BYTES: self = unsafe .bytes([UInt8](copying: value.bytes))
        case AMQP_FIELD_KIND_ARRAY where depth < maximumDepth:
            let entries = unsafe UnsafeBufferPointer(
                start: value.array.entries,
                count: Int(value.array.num_entries)
            )
            self = unsafe .array(entries.map { unsafe FieldValue(copying: $0, depth: depth + 1) })
        case AMQP_FIELD_KIND_TABLE where depth < maximumDepth:
            self = unsafe .table(FieldTable(copying: value.table, depth: depth))
        default: self = .void
        }
    }
}
