internal import Foundation
internal import SandmillEntity
public import SandmillService

/// Where a command finds test cases: a directory of `NAME.in`, each with its `NAME.out`, or a file of
/// JSON.
public struct CaseSource: Sendable {
    private let path: String

    /// The cases at `path`.
    public init(_ path: String) {
        self.path = path
    }

    /// The cases as a request has them; the output of those that do not say how is compared by
    /// `comparison`.
    public func cases(comparison: String?) throws -> [JSONValue] {
        let cases =
            SourceDirectory.isDirectory(path) ? try pairs().map(\.json) : try listed()
        guard !cases.isEmpty else { throw ClientError(.wrongInput, "\(path): there is no case") }
        return cases.map { $0.comparing(by: comparison) }
    }

    /// Each `NAME.in` of the directory, in the order of the names, with the numbers in them by value.
    ///
    /// Without a `NAME.out` nothing is expected of the output. A `NAME.out` alone is a mistake.
    private func pairs() throws -> [CaseDraft] {
        let root = URL(filePath: path, directoryHint: .isDirectory)
        let names = try FileManager.default.contentsOfDirectory(atPath: root.path)
        let inputs = Set(names.filter { $0.hasSuffix(".in") }.map { String($0.dropLast(3)) })
        let outputs = Set(names.filter { $0.hasSuffix(".out") }.map { String($0.dropLast(4)) })
        if let lonely = outputs.subtracting(inputs).min() {
            throw ClientError(.wrongInput, "\(path): there is no \(lonely).in for \(lonely).out")
        }
        let ordered = inputs.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
        return try ordered.map { name in
            CaseDraft(
                name: name,
                stdin: try Input.read(root.appending(path: "\(name).in").path),
                expectedStdout: outputs.contains(name)
                    ? try Input.read(root.appending(path: "\(name).out").path) : nil
            )
        }
    }

    /// The cases of a file, an array of them as a request has it, or a request's object with that.
    ///
    /// Its fields are not looked at: what is wrong with one, the refusal of the request says.
    private func listed() throws -> [JSONValue] {
        let text = Data(try Input.read(path))
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: text),
            case .array(let cases) = json["cases"] ?? json
        else { throw ClientError(.wrongInput, "\(path): not a JSON array of cases") }
        return cases
    }
}

extension JSONValue {
    /// The case, compared so if it does not say how.
    fileprivate func comparing(by comparison: String?) -> JSONValue {
        guard let comparison, case .object(var fields) = self, fields["compare"] == nil else {
            return self
        }
        fields["compare"] = .string(comparison)
        return .object(fields)
    }
}
