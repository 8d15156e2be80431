/// What the command line asks for.
package enum ProgramCommand: Hashable, Sendable {
    /// Run the proxy.
    case proxy
    /// Ask a running proxy whether it is ready.
    case healthCheck
    /// Print the version.
    case version
    /// Print how to use the program.
    case help
    /// The arguments make no sense; this is what is wrong.
    case misuse(String)

    /// Reads the arguments after the program's name.
    ///
    /// `proxy ztunnel` is what Istio's charts pass.
    package init(arguments: [String]) {
        switch (arguments.first, Array(arguments.dropFirst())) {
        case (nil, _), ("proxy", []), ("proxy", ["ztunnel"]): self = .proxy
        case ("healthcheck", []): self = .healthCheck
        case ("version", []), ("--version", []): self = .version
        case ("help", _), ("--help", _), ("-h", _): self = .help
        case (let first?, let rest):
            let known = ["proxy", "healthcheck", "version"].contains(first)
            self = .misuse(known ? "unexpected argument: \(rest.first ?? "")" : "unknown command: \(first)")
        }
    }

    /// The text of `help`.
    package static let usage: StaticString = """
        ztunnel: carries a task's connections over mutual TLS

        usage: ztunnel [command]

          proxy        run; the default
          healthcheck  exit 0 if the ztunnel on this address is ready, else 1
          version      print the version
          help         print this text

        Settings come from environment variables; BOOTSTRAP_TOKEN is required (see `tulle bootstrap`).

        """
}
