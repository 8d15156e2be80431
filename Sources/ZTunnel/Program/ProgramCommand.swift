/// What the command line asks for.
package enum ProgramCommand: Hashable, Sendable {
    /// Run the proxy.
    case proxy
    /// Ask a running proxy whether it is ready.
    case healthCheck
    /// Read or write redirect rules.
    case redirect(RedirectOptions)
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
        case ("redirect", let rest):
            do throws(RedirectOptions.Misuse) {
                self = .redirect(try RedirectOptions(arguments: rest))
            } catch {
                self = .misuse(error.text)
            }
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
          redirect     apply, remove or show the nftables rules that bring a task's traffic
                       to its ztunnel (see below); for an init container with NET_ADMIN
          version      print the version
          help         print this text

        redirect options, the same for all three actions:
          --uid 15301              the user that ztunnel runs as: its traffic stays direct
          --mark                   know ztunnel's traffic by its mark 0x539 instead
          --dns=on|off             DNS queries to port 15053; default on
          --ipv6=on|off            IPv6; default on, off lets it go around the mesh
          --inbound=on|off         plain inbound TCP to port 15006; default on
          --keep-source=on|off     let ztunnel connect to the application from its client's
                                   address; default off
          --exclude-port 22,...    outbound TCP ports that stay direct
          --exclude-inbound-port   inbound TCP ports that stay direct, beside ztunnel's own
          --exclude-cidr 10.1.0.0/16,...  destinations that stay direct
          --dry-run                print, and change nothing

        Settings come from environment variables; BOOTSTRAP_TOKEN is required (see `tulle bootstrap`).

        """
}
