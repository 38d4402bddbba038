import SandboxAgentCore

guard let options = AgentOptions(CommandLine.arguments.dropFirst()) else {
    fail(AgentOptions.usage)
}
var agent = Agent(options)
agent.serve()
