internal import Foundation
internal import SandmillEntity
public import SandmillService

/// Where a command finds test cases: a directory, or a file of JSON.
///
/// In a directory a case `NAME` is `NAME.in`, which the program reads, with `NAME.out`, which it has to write;
/// the files of a directory `NAME`, which it finds beside it; and `NAME.points`, a number, which that is worth.
/// With a directory and a `NAME.out` there may be no `NAME.in`.
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
            SourceDirectory.isDirectory(path) ? try directories().map(\.json) : try listed()
        guard !cases.isEmpty else { throw ClientError(.wrongInput, "\(path): there is no case") }
        return cases.map { $0.comparing(by: comparison) }
    }

    /// The cases of the directory, in the order of the names, with the numbers in them by value.
    ///
    /// Without a `NAME.out` nothing is expected of the output. A `NAME.out` alone is a mistake.
    private func directories() throws -> [CaseDraft] {
        let directory = SourceDirectory(path)
        let entries = try directory.entries().map(\.name)
        func names(_ ending: String) -> Set<String> {
            Set(entries.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) })
        }
        let (inputs, outputs, points) = (names(".in"), names(".out"), names(".points"))
        let places = Set(entries.filter { SourceDirectory.isDirectory(directory.path($0)) })
        let cases = inputs.union(places.intersection(outputs))
        for (found, ending) in [(outputs, "out"), (points, "points")] {
            guard let lonely = found.subtracting(cases).min() else { continue }
            throw ClientError(
                .wrongInput,
                "\(path): there is no \(lonely).in for \(lonely).\(ending)"
            )
        }
        return try cases.sorted(by: String.precedes).map { name in
            var omissions: [String] = []
            let files =
                places.contains(name) ? try directory.files(below: name, noting: &omissions) : []
            if let omission = omissions.first { throw ClientError(.wrongInput, omission) }
            func read(_ names: Set<String>, _ ending: String) throws(ClientError) -> [UInt8]? {
                names.contains(name) ? try Input.read(directory.path("\(name).\(ending)")) : nil
            }
            return CaseDraft(
                name: name,
                stdin: try read(inputs, "in"),
                files: files,
                expectedStdout: try read(outputs, "out"),
                points: points.contains(name)
                    ? try number(directory.path("\(name).points")) : nil
            )
        }
    }

    private func number(_ path: String) throws(ClientError) -> Double {
        let text = String(decoding: try Input.readText(path), as: UTF8.self)
        guard let number = Double(text.filter { !$0.isWhitespace }), number.isFinite else {
            throw ClientError(.wrongInput, "\(path): not a number")
        }
        return number
    }

    /// The cases of a file, an array of them as a request has it, or a request's object with that.
    ///
    /// Its fields are not looked at: what is wrong with one, the refusal of the request says.
    private func listed() throws -> [JSONValue] {
        let text = Data(try Input.readText(path))
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
