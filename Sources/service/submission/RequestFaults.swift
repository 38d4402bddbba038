internal import FoundationEssentials
internal import SandmillEntity

/// Finds everything that is wrong with a request, for its author to mend at once.
///
/// A decoder stops at the first fault. What that is about is taken out, and the rest is read again, until nothing
/// is wrong, or nothing can be taken out. So only what is refused costs more, and no check knows of it.
struct RequestFaults {
    /// The most faults that are told.
    private static let limit = 64
    /// The most bytes that are read again.
    private static let budget = 16 << 20

    private var faults: [RequestRefusal.Fault]
    private var document: JSONValue
    /// The places in the original of what is left of an array, by the array's pointer in the original.
    private var places: [String: [Int]] = [:]

    /// The refusal with everything that is wrong, first what it says itself.
    ///
    /// - Parameters:
    ///   - first: Why it was refused.
    ///   - request: The request.
    ///   - read: Reads a request up to the first fault.
    /// - Returns: The refusal.
    static func all(
        after first: RequestRefusal,
        of request: RequestMessage,
        read: (RequestMessage) throws(RequestRefusal) -> Void
    ) -> RequestRefusal {
        var request = request
        var budget = budget
        var search = RequestFaults(faults: first.faults, document: .null)
        var last = first.faults[0]
        while search.faults.count < limit, budget > 0 {
            if last.pointer == nil {
                guard request.properties.mendFirstFault() else { break }
            } else {
                if search.document == .null {
                    guard
                        let document = try? JSONDecoder().decode(
                            JSONValue.self,
                            from: Data(request.body)
                        )
                    else { break }
                    search.document = document
                }
                guard search.takeOut(last) else { break }
                request.body = DocumentCoder.encode(search.document)
            }
            budget -= max(request.body.count, budget / 1_000)
            do throws(RequestRefusal) {
                try read(request)
                break
            } catch {
                last = error.faults[0]
                search.add(last)
            }
        }
        return RequestRefusal(first.kind, search.faults)
    }

    /// Adds a fault of what is left, unless it is only there because something was taken out.
    private mutating func add(_ fault: RequestRefusal.Fault) {
        guard let pointer = fault.pointer else {
            faults.append(fault)
            return
        }
        let original = original(pointer)
        let isConsequence = faults.contains { known in
            guard let known = known.pointer else { return false }
            return known == original || known.hasPrefix(original + "/")
                || Self.consequences.contains {
                    known.hasPrefix($0.cause) && original.hasPrefix($0.effect)
                }
        }
        if !isConsequence { faults.append(RequestRefusal.Fault(at: original, fault.message)) }
    }

    /// What may be wrong only because something else is.
    private static let consequences: [(cause: String, effect: String)] = [
        ("/files", "/source"), ("/files", "/entrypoint"), ("/source", "/entrypoint"),
        ("/entrypoint", "/source"), ("/runtime", "/entrypoint"), ("/runtime", "/source"),
        ("/runtime", "/build_args"), ("/runtime", "/limits"), ("/limits", "/cases"),
    ]

    /// Takes out what a fault of what is left is about; false where nothing can be taken out.
    private mutating func takeOut(_ fault: RequestRefusal.Fault) -> Bool {
        guard let pointer = fault.pointer, pointer.first == "/" else { return false }
        var tokens = Self.tokens(pointer)
        while !tokens.isEmpty {
            if let rest = remove(tokens[...], from: document, at: "") {
                document = rest
                return true
            }
            // What is missing is not there; a request without a program gets one.
            if ["/source", "/entrypoint"].contains(pointer) {
                guard case .object(var fields) = document, fields["source"] == nil else {
                    return false
                }
                fields["source"] = .string("")
                fields["entrypoint"] = nil
                document = .object(fields)
                return true
            }
            tokens.removeLast()
        }
        return false
    }

    /// The value without what the tokens lead to; nil where they lead nowhere.
    private mutating func remove(
        _ tokens: ArraySlice<String>,
        from value: JSONValue,
        at pointer: String
    ) -> JSONValue? {
        guard let token = tokens.first else { return nil }
        let rest = tokens.dropFirst()
        switch value {
        case .object(var fields):
            guard let field = fields[token] else { return nil }
            let path = pointer + RequestRefusal.pointer(to: [token])
            if rest.isEmpty {
                fields[token] = nil
            } else {
                guard let inner = remove(rest, from: field, at: path) else { return nil }
                fields[token] = inner
            }
            return .object(fields)
        case .array(var elements):
            guard let index = Int(token), elements.indices.contains(index) else { return nil }
            let originals = places[pointer] ?? Array(elements.indices)
            if rest.isEmpty {
                elements.remove(at: index)
                var left = originals
                left.remove(at: index)
                places[pointer] = left
            } else {
                let path = "\(pointer)/\(originals[index])"
                guard let inner = remove(rest, from: elements[index], at: path) else { return nil }
                elements[index] = inner
            }
            return .array(elements)
        default: return nil
        }
    }

    /// The pointer in the original of a pointer in what is left.
    private func original(_ pointer: String) -> String {
        var original = ""
        for token in Self.tokens(pointer) {
            if let left = places[original], let index = Int(token), left.indices.contains(index) {
                original += "/\(left[index])"
            } else {
                original += RequestRefusal.pointer(to: [token])
            }
        }
        return original
    }

    private static func tokens(_ pointer: String) -> [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
    }
}

extension MessageProperties {
    /// Takes out the first property that a decoder refuses; false where there is none.
    fileprivate mutating func mendFirstFault() -> Bool {
        if messageID.flatMap(UUID.init(text:)) == nil {
            messageID = UUID.random().text
        } else if (try? SubmissionDecoder.checkProperties(self)) == nil {
            if (try? SubmissionDecoder.checkContentType(contentType)) == nil {
                contentType = nil
            } else {
                (appID, correlationID, replyTo) = (nil, nil, nil)
            }
        } else if (try? SubmissionDecoder.tenant(self)) == nil {
            headers["tenant"] = nil
        } else {
            return false
        }
        return true
    }
}
