public import SandmillEntity

/// Where results go when they do not stay in the results directory.
public struct UploadConfiguration: Equatable, Sendable {
    /// When a result goes there.
    public enum Moment: String, CaseIterable, Sendable {
        /// Before its record commits.
        case before
        /// Afterwards.
        case behind
    }

    /// How the store encrypts what it keeps.
    public enum Encryption: String, CaseIterable, Sendable {
        /// As the bucket says.
        case none
        /// With keys of the store.
        case aes256 = "AES256"
        /// With keys of AWS' Key Management Service.
        case kms = "aws:kms"
    }

    /// A key of the store; no text that is made of it tells what it is.
    public struct Secret: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
        /// What it is.
        public let text: String
        /// Says nothing.
        public var description: String { "secret" }
        /// Has nothing.
        public var customMirror: Mirror { Mirror(self, children: [:]) }
    }

    /// The object store.
    public var endpoint: String
    /// Its region.
    public var region: String
    /// The bucket.
    public var bucket: String
    /// What all keys begin with.
    public var prefix: String
    /// Who asks.
    public var accessKey: Secret
    /// What proves it.
    public var secretKey: Secret
    /// What belongs to a key that is a temporary one.
    public var sessionToken: Secret?
    /// Whether the bucket is the first part of the path, and not of the host.
    public var usesPathStyle: Bool
    /// How objects are encrypted.
    public var encryption: Encryption
    /// The certificate authorities that the store's certificate is checked against.
    public var caFile: String?
    /// When a result goes there.
    public var when: Moment
    /// How many bytes may wait.
    public var spool: ByteCount
    /// Whether who asks the gateway for a file is sent to the bucket.
    public var redirects: Bool
}

extension UploadConfiguration {
    /// Reads `results.upload`; nil where no bucket is named.
    init?(_ reader: inout SettingsReader) {
        let key = "results.upload"
        let bucket = reader.optionalString("\(key).bucket")
        region = reader.string("\(key).region", default: "us-east-1")
        endpoint = reader.string("\(key).endpoint", default: "https://s3.\(region).amazonaws.com")
        prefix = reader.optionalString("\(key).prefix") ?? ""
        let accessKey = reader.optionalString("\(key).access_key")
        let secretKey = reader.optionalString("\(key).secret_key")
        sessionToken = reader.optionalString("\(key).session_token").map(Secret.init)
        usesPathStyle = reader.flag("\(key).path_style", default: false)
        encryption = reader.choice("\(key).encryption", default: .none)
        caFile = reader.optionalString("\(key).ca_file")
        when = reader.choice("\(key).when", default: .before)
        spool = reader.bytes("\(key).spool", default: .mebibytes(4_096))
        redirects = reader.flag("\(key).redirect", default: false)
        guard let bucket else { return nil }
        self.bucket = bucket
        self.accessKey = Secret(text: accessKey ?? "")
        self.secretKey = Secret(text: secretKey ?? "")
        if accessKey == nil { reader.refuse("\(key).access_key", "is missing") }
        if secretKey == nil { reader.refuse("\(key).secret_key", "is missing") }
        if bucket.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\-]{1,62}/) == nil {
            reader.refuse("\(key).bucket", "is no name of a bucket")
        }
        if endpoint.wholeMatch(of: /https?:\/\/[A-Za-z0-9.\-]+(:[0-9]{1,5})?\/?/) == nil {
            reader.refuse("\(key).endpoint", "is not of the form https://host or https://host:port")
        }
        if region.wholeMatch(of: /[A-Za-z0-9\-]+/) == nil {
            reader.refuse("\(key).region", "is no name of a region")
        }
        if prefix.wholeMatch(of: /[A-Za-z0-9!_.*'()\-\/]{0,256}/) == nil {
            reader.refuse(
                "\(key).prefix",
                "is not up to 256 letters, digits and !_.*'()-/ of which the key of an object may be made"
            )
        }
    }
}
