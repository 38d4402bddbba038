import ArgumentParser

/// Prints what has a shell complete our commands.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Prints the completions for a shell: bash, zsh or fish.",
        discussion: """
            Example: sandmill completion bash > /etc/bash_completion.d/sandmill
            Example: sandmill completion zsh > "${fpath[1]}/_sandmill"
            Example: sandmill completion fish > ~/.config/fish/completions/sandmill.fish
            """
    )

    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]))
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw ValidationError("\"\(shell)\" is not bash, zsh or fish.")
        }
        Terminal.write(Sandmill.completionScript(for: shell))
    }
}
