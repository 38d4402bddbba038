/// What the agent is told on its command line.
public struct AgentOptions: Equatable {
    /// The interpreter that is kept warm.
    public var python = "/usr/bin/python3"
    /// What the interpreter runs to be warm.
    public var script = "/usr/lib/sandmill/warm.py"
    /// The modules it imports before the first program.
    public var modules = ["json", "math", "random", "re", "collections", "itertools", "datetime"]

    /// Reads `--python PATH`, `--script PATH` and `--preload MODULE,…`; nil if there is anything else.
    public init?(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let option = rest.next() {
            guard let value = rest.next() else { return nil }
            switch option {
            case "--python": python = value
            case "--script": script = value
            case "--preload": modules = value.split(separator: ",").map(String.init)
            default: return nil
            }
        }
    }
}
