import ArgumentParser

/// `tulle completion`: what a shell needs to complete our commands.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a script that completes commands in a shell.",
        discussion: "Such as: source <(tulle completion bash)"
    )

    /// The shells that there are scripts for.
    enum Shell: String, ExpressibleByArgument, CaseIterable, Sendable {
        case bash
        case zsh
        case fish
    }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() {
        print(Self.script(for: self.shell))
    }

    static func script(for shell: Shell) -> String {
        let shell: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        return TulleCommand.completionScript(for: shell)
    }
}
