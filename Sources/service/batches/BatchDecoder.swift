internal import FoundationEssentials
internal import SandmillEntity

/// Reads a batch that is one document, or says what is wrong with it.
///
/// A member that cannot be understood is a dead letter by itself; the others run. What is wrong with
/// the document as a whole refuses all of it.
struct BatchDecoder {
    let decoders: [String: SubmissionDecoder]

    func decode(
        _ message: RequestMessage,
        from queue: String,
        worker: String
    ) throws(RequestRefusal) -> BatchAdmission {
        guard let id = message.properties.messageID.flatMap(UUID.init(text:)) else {
            throw RequestRefusal(.invalidRequest, "the property message_id is not a UUID")
        }
        try SubmissionDecoder.checkProperties(message.properties)
        let tenant = try SubmissionDecoder.tenant(message.properties)
        let document: BatchDocument
        do throws(RequestRefusal) {
            document = try BatchDocument(message.body)
        } catch {
            throw RequestFaults.all(after: error, of: message) { message throws(RequestRefusal) in
                _ = try BatchDocument(message.body)
            }
        }
        let pool = try pool(of: document)
        let members = Members(
            batch: id,
            document: document,
            properties: message.properties,
            decoder: pool.decoder
        )
        var admission = BatchAdmission(
            id: id,
            tenant: tenant,
            pool: pool.name,
            maximumRunning: document.maximumRunning,
            queue: queue,
            message: message,
            members: [],
            refused: []
        )
        var room = BatchLimits.bytes
        var ids: Set<UUID> = []
        for index in document.executions.indices {
            var (request, submission) = members.member(index)
            if case .success(let known) = submission, !ids.insert(known.id).inserted {
                submission = .failure(
                    RequestRefusal(.idConflict, at: "/id", "another member has it")
                )
                request.properties.messageID = members.ownID(index).text
            }
            room -= request.body.count
            guard room >= 0 else {
                throw RequestRefusal(
                    .tooLarge,
                    at: "/executions",
                    "above \(BatchLimits.bytes) bytes with the defaults of each"
                )
            }
            switch submission {
            case .success(let submission):
                let isFree = admission.members.count < document.maximumRunning ?? .max
                admission.members.append(
                    Claim(
                        token: .random(),
                        intent: isFree ? .park : .hold,
                        worker: worker,
                        submission: submission,
                        request: request
                    )
                )
            case .failure(let refusal):
                request.properties.userID = message.properties.userID
                var letter = DeadLetter(
                    errorType: refusal.kind.rawValue,
                    reason: "/executions/\(index) of batch \(id.text): \(refusal.reason)",
                    faults: refusal.faults,
                    queue: queue,
                    routingKey: "\(pool.name).\(document.level.rawValue)",
                    deliveries: nil,
                    properties: request.properties,
                    body: .complete(request.body)
                )
                letter.batchID = id
                letter.memberIndex = index
                admission.refused.append(letter)
            }
        }
        // In the order in which all statements lock rows.
        admission.members.sort { $0.submission.id < $1.submission.id }
        return admission
    }

    private func pool(
        of document: BatchDocument
    ) throws(RequestRefusal) -> (name: String, decoder: SubmissionDecoder) {
        guard let name = document.pool ?? (decoders.count == 1 ? decoders.keys.first : nil) else {
            throw RequestRefusal(.invalidRequest, at: "/pool", "missing")
        }
        guard let decoder = decoders[name] else { throw RequestRefusal.unknownPool(name) }
        return (name, decoder)
    }
}

/// Puts the members of a batch together: the defaults, and what each has instead.
private struct Members {
    let batch: UUID
    let document: BatchDocument
    let properties: MessageProperties
    let decoder: SubmissionDecoder

    /// What a member is called that says nothing about it.
    func ownID(_ index: Int) -> UUID { batch.derived(UInt64(index)) }

    /// A member as a request of its own, and what it asks for.
    func member(
        _ index: Int
    ) -> (request: RequestMessage, submission: Result<Submission, RequestRefusal>) {
        let own = document.executions[index]
        var request = RequestMessage(
            properties: MessageProperties(
                contentType: "application/json",
                messageID: ownID(index).text,
                timestamp: properties.timestamp,
                appID: properties.appID,
                headers: properties.headers
            ),
            body: DocumentCoder.encode(own)
        )
        let submission = Result { () throws(RequestRefusal) in
            guard case .object(var fields) = own else {
                throw RequestRefusal(.invalidRequest, at: "", "expected an object")
            }
            if let id = fields.removeValue(forKey: "id") {
                guard let uuid = id.string.flatMap(UUID.init(text:)) else {
                    throw RequestRefusal(.invalidRequest, at: "/id", "not a UUID")
                }
                request.properties.messageID = uuid.text
            }
            guard fields["batch"] == nil else {
                throw RequestRefusal(.invalidRequest, at: "/batch", "it is a member of this one")
            }
            var merged = document.defaults.merging(fields)
            merged["batch"] = .object([
                "id": .string(batch.text), "size": .integer(Int64(document.executions.count)),
            ])
            request.body = DocumentCoder.encode(JSONValue.object(merged))
            return try decoder.decode(request, level: document.level)
        }
        return (request, submission)
    }
}

extension [String: JSONValue] {
    /// Two ways to say the same, of which a request has one.
    private static let alternatives = ["stdin": "stdin_base64", "stdin_base64": "stdin"]
    /// The objects that are merged field by field.
    private static let merged: Set = ["env", "labels", "limits"]

    /// These fields, with others in place of those of the same name.
    fileprivate func merging(_ others: [String: JSONValue]) -> [String: JSONValue] {
        var fields = self
        for name in others.keys {
            if let other = Self.alternatives[name] { fields[other] = nil }
        }
        for (name, value) in others {
            if Self.merged.contains(name), case .object(let own) = value,
                case .object(let defaults)? = fields[name]
            {
                fields[name] = .object(defaults.merging(own) { $1 })
            } else {
                fields[name] = value
            }
        }
        return fields
    }
}

extension UUID {
    /// The id of a batch's member that has none of its own: always the same (RFC 9562, section 5.8).
    fileprivate func derived(_ index: UInt64) -> UUID {
        func half(_ bytes: Range<Int>) -> UInt64 {
            unsafe withUnsafeBytes(of: uuid) { unsafe $0[bytes].reduce(0) { $0 << 8 | UInt64($1) } }
        }
        var generator = SplitMix(state: half(0..<8) ^ index &* 0x9E37_79B9_7F4A_7C15)
        let mixed = generator.next() ^ half(8..<16)
        generator.state ^= mixed
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x8000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return UUID(high: high, low: low)
    }
}

/// Spreads a number over 64 bits (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
