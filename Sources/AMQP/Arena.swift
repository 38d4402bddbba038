internal import CRabbitMQ

/// Memory for the C values of one call: it owns a librabbitmq pool and frees it at the end.
///
/// What it hands out stays valid until the next ``recycle()``.
@safe struct Arena: ~Copyable {
    private var pool = unsafe amqp_pool_t()

    init() {
        unsafe init_amqp_pool(&pool, 4_096)
    }

    deinit {
        var pool = unsafe pool
        unsafe empty_amqp_pool(&pool)
    }

    /// Makes the memory free for the next call.
    mutating func recycle() {
        unsafe recycle_amqp_pool(&pool)
    }

    mutating func bytes(copying string: String) -> amqp_bytes_t {
        var string = string
        return string.withUTF8 { unsafe bytes(copying: UnsafeRawBufferPointer($0)) }
    }

    mutating func bytes(copying source: UnsafeRawBufferPointer) -> amqp_bytes_t {
        guard source.count > 0 else { return unsafe amqp_bytes_t() }
        let target = unsafe allocate(UInt8.self, count: source.count)
        unsafe UnsafeMutableRawBufferPointer(start: target, count: source.count)
            .copyMemory(from: source)
        return unsafe amqp_bytes_t(len: source.count, bytes: target)
    }

    /// A short string (AMQP 0-9-1, 4.2.5.3); `part` is named in the error.
    ///
    /// - Throws: ``AMQPError/Code/invalidArgument`` when it is longer than 255 bytes.
    mutating func shortString(_ string: String, _ part: String) throws(AMQPError) -> amqp_bytes_t {
        guard string.utf8.count <= UInt8.max else {
            throw AMQPError(.invalidArgument, "the \(part) is longer than 255 bytes")
        }
        return unsafe bytes(copying: string)
    }

    mutating func table(_ table: FieldTable) throws(AMQPError) -> amqp_table_t {
        guard !table.isEmpty else { return unsafe amqp_table_t() }
        let entries = unsafe allocate(amqp_table_entry_t.self, count: table.count)
        var count = 0
        for (key, value) in table {
            unsafe entries[count] = amqp_table_entry_t(
                key: try shortString(key, "name of a table's entry"),
                value: try field(value)
            )
            count += 1
        }
        return unsafe amqp_table_t(num_entries: CInt(count), entries: entries)
    }

    private mutating func field(_ value: FieldValue) throws(AMQPError) -> amqp_field_value_t {
        var field = unsafe amqp_field_value_t()
        unsafe field.set(AMQP_FIELD_KIND_VOID)
        switch value {
        case .void:
            break
        case .bool(let flag):
            unsafe field.set(AMQP_FIELD_KIND_BOOLEAN)
            unsafe field.value.boolean = flag ? 1 : 0
        case .int(let number):
            unsafe field.set(AMQP_FIELD_KIND_I64)
            unsafe field.value.i64 = number
        case .double(let number):
            unsafe field.set(AMQP_FIELD_KIND_F64)
            unsafe field.value.f64 = number
        case .timestamp(let seconds):
            unsafe field.set(AMQP_FIELD_KIND_TIMESTAMP)
            unsafe field.value.u64 = seconds
        case .string(let string):
            unsafe field.set(AMQP_FIELD_KIND_UTF8)
            unsafe field.value.bytes = bytes(copying: string)
        case .bytes(let array):
            unsafe field.set(AMQP_FIELD_KIND_BYTES)
            unsafe field.value.bytes = array.withUnsafeBytes { unsafe bytes(copying: $0) }
        case .array(let values):
            let entries = unsafe allocate(amqp_field_value_t.self, count: max(1, values.count))
            for (index, element) in values.enumerated() {
                unsafe entries[index] = try self.field(element)
            }
            unsafe field.set(AMQP_FIELD_KIND_ARRAY)
            unsafe field.value.array = amqp_array_t(
                num_entries: CInt(values.count),
                entries: entries
            )
        case .table(let table):
            unsafe field.set(AMQP_FIELD_KIND_TABLE)
            unsafe field.value.table = try self.table(table)
        }
        return unsafe field
    }

    /// Room for `count` values, at least one, which the caller fills.
    private mutating func allocate<Value>(
        _ type: Value.Type,
        count: Int
    ) -> UnsafeMutablePointer<Value> {
        // Multiples of eight keep every allocation in a page of the pool aligned.
        let size = (MemoryLayout<Value>.stride * count + 7) & ~7
        guard let memory = unsafe amqp_pool_alloc(&pool, size) else {
            preconditionFailure("no memory is left")
        }
        return unsafe memory.assumingMemoryBound(to: Value.self)
    }
}

extension amqp_field_value_t {
    fileprivate mutating func set(_ kind: amqp_field_value_kind_t) {
        unsafe self.kind = UInt8(kind.rawValue)
    }
}
