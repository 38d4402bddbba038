internal import CRabbitMQ

extension MessageProperties {
    init(copying properties: amqp_basic_properties_t) {
        let flags = unsafe properties._flags
        func has(_ flag: CInt) -> Bool { flags & UInt32(flag) != 0 }
        if has(AMQP_BASIC_CONTENT_TYPE_FLAG) {
            contentType = unsafe String(copying: properties.content_type)
        }
        if has(AMQP_BASIC_CONTENT_ENCODING_FLAG) {
            contentEncoding = unsafe String(copying: properties.content_encoding)
        }
        if has(AMQP_BASIC_HEADERS_FLAG) {
            headers = unsafe FieldTable(copying: properties.headers)
        }
        if has(AMQP_BASIC_DELIVERY_MODE_FLAG) {
            isPersistent = unsafe properties.delivery_mode == AMQP_DELIVERY_PERSISTENT.rawValue
        }
        if has(AMQP_BASIC_PRIORITY_FLAG) { priority = unsafe properties.priority }
        if has(AMQP_BASIC_CORRELATION_ID_FLAG) {
            correlationID = unsafe String(copying: properties.correlation_id)
        }
        if has(AMQP_BASIC_REPLY_TO_FLAG) { replyTo = unsafe String(copying: properties.reply_to) }
        if has(AMQP_BASIC_EXPIRATION_FLAG) {
            expiration = unsafe String(copying: properties.expiration)
        }
        if has(AMQP_BASIC_MESSAGE_ID_FLAG) {
            messageID = unsafe String(copying: properties.message_id)
        }
        if has(AMQP_BASIC_TIMESTAMP_FLAG) { timestamp = unsafe properties.timestamp }
        if has(AMQP_BASIC_TYPE_FLAG) { type = unsafe String(copying: properties.type) }
        if has(AMQP_BASIC_USER_ID_FLAG) { userID = unsafe String(copying: properties.user_id) }
        if has(AMQP_BASIC_APP_ID_FLAG) { appID = unsafe String(copying: properties.app_id) }
    }
}

extension Arena {
    /// - Throws: ``AMQPError/Code/invalidArgument`` when a property is longer than 255 bytes.
    mutating func properties(
        _ properties: MessageProperties
    ) throws(AMQPError) -> amqp_basic_properties_t {
        var result = unsafe amqp_basic_properties_t()
        var flags: CInt = 0
        if let value = properties.contentType {
            flags |= AMQP_BASIC_CONTENT_TYPE_FLAG
            unsafe result.content_type = try shortString(value, "content type")
        }
        if let value = properties.contentEncoding {
            flags |= AMQP_BASIC_CONTENT_ENCODING_FLAG
            unsafe result.content_encoding = try shortString(value, "content encoding")
        }
        if let value = properties.headers {
            flags |= AMQP_BASIC_HEADERS_FLAG
            unsafe result.headers = try table(value)
        }
        if properties.isPersistent {
            flags |= AMQP_BASIC_DELIVERY_MODE_FLAG
            unsafe result.delivery_mode = UInt8(AMQP_DELIVERY_PERSISTENT.rawValue)
        }
        if let value = properties.priority {
            flags |= AMQP_BASIC_PRIORITY_FLAG
            unsafe result.priority = value
        }
        if let value = properties.correlationID {
            flags |= AMQP_BASIC_CORRELATION_ID_FLAG
            unsafe result.correlation_id = try shortString(value, "correlation id")
        }
        if let value = properties.replyTo {
            flags |= AMQP_BASIC_REPLY_TO_FLAG
            unsafe result.reply_to = try shortString(value, "reply-to")
        }
        if let value = properties.expiration {
            flags |= AMQP_BASIC_EXPIRATION_FLAG
            unsafe result.expiration = try shortString(value, "expiration")
        }
        if let value = properties.messageID {
            flags |= AMQP_BASIC_MESSAGE_ID_FLAG
            unsafe result.message_id = try shortString(value, "message id")
        }
        if let value = properties.timestamp {
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
            unsafe result.timestamp = value
        }
        if let value = properties.type {
            flags |= AMQP_BASIC_TYPE_FLAG
            unsafe result.type = try shortString(value, "message type")
        }
        if let value = properties.userID {
            flags |= AMQP_BASIC_USER_ID_FLAG
            unsafe result.user_id = try shortString(value, "user id")
        }
        if let value = properties.appID {
            flags |= AMQP_BASIC_APP_ID_FLAG
            unsafe result.app_id = try shortString(value, "application id")
        }
        unsafe result._flags = UInt32(flags)
        return unsafe result
    }
}
