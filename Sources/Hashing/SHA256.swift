internal import CCrypto

/// A SHA-256 (FIPS 180-4) of bytes that come one after the other, by OpenSSL's libcrypto.
///
/// A copy goes on by itself.
public struct SHA256: Sendable {
    private var context = Context()

    /// Begins with no bytes.
    public init() {}

    /// Takes the next bytes.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        if !isKnownUniquelyReferenced(&context) { context = context.copy() }
        context.update(bytes)
    }

    /// The digest of the bytes until now; more may follow.
    public func finalize() -> Digest {
        context.copy().finish()
    }

    /// The digest of `bytes`.
    public static func hash(_ bytes: some Collection<UInt8>) -> Digest {
        let context = Context()
        context.update(bytes)
        return context.finish()
    }

    /// The code that proves that who made it knows `key` (RFC 2104).
    public static func authenticationCode(
        for bytes: some Collection<UInt8>,
        key: [UInt8]
    ) -> Digest {
        let bytes = Array(bytes)
        return unsafe Digest { code in
            let made = unsafe HMAC(
                EVP_sha256(),
                key,
                CInt(key.count),
                bytes,
                bytes.count,
                code,
                nil
            )
            return unsafe made != nil
        }
    }
}

/// What libcrypto keeps of a hash.
///
/// It changes only while one owner has it, which is what makes it `Sendable`.
@safe private final class Context: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// Begins with no bytes.
    init() {
        unsafe pointer = EVP_MD_CTX_new()
        let isReady = unsafe EVP_DigestInit_ex(pointer, EVP_sha256(), nil) == 1
        precondition(isReady, "libcrypto has SHA-256")
    }

    private init(copyOf other: Context) {
        unsafe pointer = EVP_MD_CTX_new()
        let isCopied = unsafe EVP_MD_CTX_copy_ex(pointer, other.pointer) == 1
        precondition(isCopied, "a hash that was begun can be copied")
    }

    deinit { unsafe EVP_MD_CTX_free(pointer) }

    func copy() -> Context { Context(copyOf: self) }

    func update(_ bytes: some Collection<UInt8>) {
        let result = bytes.withContiguousStorageIfAvailable { bytes in
            unsafe EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count)
        }
        guard let result else { return update(Array(bytes)) }
        precondition(result == 1, "a hash that was begun takes bytes")
    }

    /// Nothing may follow.
    func finish() -> Digest {
        unsafe Digest { unsafe EVP_DigestFinal_ex(pointer, $0, nil) == 1 }
    }
}

extension Digest {
    /// Has libcrypto write the bytes and say whether it did.
    fileprivate init(_ write: (UnsafeMutablePointer<UInt8>?) -> Bool) {
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            let isWritten = unsafe write(buffer.baseAddress)
            precondition(isWritten, "libcrypto has SHA-256")
            count = 32
        }
    }
}
