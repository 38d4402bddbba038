internal import FoundationEssentials
internal import Yams

extension Settings {
    /// Adds the settings of a YAML file: nested mappings of scalars and lists of scalars.
    mutating func add(yaml text: String, file: String) throws(ConfigurationError) {
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch {
            throw ConfigurationError(["\(file): not YAML: \(error)"])
        }
        guard let root, root != Node("") else { return }
        guard root.mapping != nil else {
            throw ConfigurationError(["\(file): expected sections with keys"])
        }
        var problems: [String] = []
        add(root, key: "", file: file, problems: &problems)
        if !problems.isEmpty { throw ConfigurationError(problems) }
    }

    private mutating func add(
        _ node: Node,
        key: String,
        file: String,
        problems: inout [String]
    ) {
        let origin = "\(file):\(node.mark?.line ?? 0)"
        switch node {
        case .scalar(let scalar):
            // A key without a value means its default.
            if !scalar.string.isEmpty || scalar.style != .plain {
                set(key, .scalar(scalar.string), origin: origin)
            } else {
                addEmptyKey(key)
            }
        case .sequence(let sequence):
            let elements = sequence.compactMap(\.scalar?.string)
            if elements.count == sequence.count {
                set(key, .list(elements), origin: origin)
            } else {
                problems.append("\(origin): \(key) is not a list of plain values")
            }
        case .mapping(let mapping):
            if mapping.isEmpty { addEmptySection(key, origin: origin) }
            for (name, value) in mapping {
                let part = name.scalar?.string ?? ""
                add(
                    value,
                    key: key.isEmpty ? part : "\(key).\(part)",
                    file: file,
                    problems: &problems
                )
            }
        case .alias:
            problems.append("\(origin): \(key) is an alias, which is not supported")
        }
    }

    /// Adds the environment: `broker.url` is `SANDMILL_BROKER_URL`, or, in a file whose path is in
    /// `SANDMILL_BROKER_URL_FILE`, its content without the final line break.
    ///
    /// Other variables with the prefix are left alone; see ``unknownVariables(in:keys:)``.
    mutating func add(
        environment: [String: String],
        keys: [String]
    ) throws(ConfigurationError) {
        var problems: [String] = []
        for key in keys {
            let name = Self.variable(of: key)
            if let value = environment[name] {
                set(key, .scalar(value), origin: name)
            } else if let path = environment[name + "_FILE"] {
                do {
                    let content = try String(contentsOfFile: path, encoding: .utf8)
                    set(
                        key,
                        .scalar(content.hasSuffix("\n") ? String(content.dropLast()) : content),
                        origin: path
                    )
                } catch {
                    problems.append("\(name)_FILE: \"\(path)\" cannot be read")
                }
            }
        }
        if !problems.isEmpty { throw ConfigurationError(problems) }
    }

    /// The variables with our prefix that set nothing, but for those of the scripts and tests of this project.
    static func unknownVariables(
        in environment: [String: String],
        keys: Set<String>
    ) -> [String] {
        let known = Set(keys.map(variable(of:)))
        return environment.keys.filter { name in
            name.hasPrefix(prefix) && !known.contains(name)
                && !(name.hasSuffix("_FILE") && known.contains(String(name.dropLast(5))))
                && !name.hasPrefix("SANDMILL_TEST_") && name != "SANDMILL_PODMAN_URL"
        }
        .sorted()
    }

    private static let prefix = "SANDMILL_"

    private static func variable(of key: String) -> String {
        prefix + key.uppercased().replacing(".", with: "_")
    }

    /// The elements of a list in brackets, as YAML has it; nil for any other text.
    static func elements(of text: String) -> [String]? {
        guard text.hasPrefix("["), let sequence = try? compose(yaml: text)?.sequence else {
            return nil
        }
        let elements = sequence.compactMap(\.scalar?.string)
        return elements.count == sequence.count ? elements : nil
    }

    /// Adds flags of the form `key=value`.
    mutating func add(assignments: [String]) throws(ConfigurationError) {
        for assignment in assignments {
            guard let separator = assignment.firstIndex(of: "=") else {
                throw ConfigurationError([
                    "--set: \"\(assignment)\" is not of the form key=value"
                ])
            }
            set(
                String(assignment[..<separator]),
                .scalar(String(assignment[assignment.index(after: separator)...])),
                origin: "--set"
            )
        }
    }
}
