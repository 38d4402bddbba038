import SandboxAgentCore
import Testing

struct AgentOptionsTests {
    @Test func optionsReplaceTheDefaults() throws {
        let arguments = ["--python", "/opt/python", "--preload", "json,math", "--script", "/w.py"]
        let options = try #require(AgentOptions(arguments))
        #expect(options.python == "/opt/python")
        #expect(options.script == "/w.py")
        #expect(options.modules == ["json", "math"])
    }

    @Test func runtimesAreThoseNamedAndPythonWithoutAny() throws {
        let options = try #require(
            AgentOptions(["--runtime", "sh=/bin/sh", "--runtime", "python"])
        )
        #expect(options.runtimes.map(\.name) == ["sh", "python"])
        #expect(options.runtimes.map(\.executable) == ["/bin/sh", nil])
        #expect(try #require(AgentOptions([])).runtimes.map(\.name) == ["python"])
    }

    @Test func nothingIsPreloadedWhenTheListIsEmpty() throws {
        #expect(try #require(AgentOptions(["--preload", ""])).modules.isEmpty)
    }

    @Test(arguments: [["--python"], ["--verbose", "1"], ["json"]])
    func whatIsNotUnderstoodIsRefused(_ arguments: [String]) {
        #expect(AgentOptions(arguments) == nil)
    }
}
