import SandboxAgentCore

guard let options = AgentOptions(CommandLine.arguments.dropFirst()) else {
    fail("usage: sandbox-agent [--python PATH] [--script PATH] [--preload MODULE,...]")
}
var agent = Agent(options)
agent.serve()
