/// Being written by helper `docker`: replace this file.
enum EngineAdvisories {
    static func warnings(for version: EngineVersion) -> [String] { [] }
}
