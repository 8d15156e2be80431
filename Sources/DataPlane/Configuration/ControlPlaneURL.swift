/// Where the control plane answers: `https://host:port`, with nothing behind it.
package struct ControlPlaneURL: Hashable, Sendable {
    /// The host, as the certificate must name it, with its port.
    package var target: DialTarget

    /// Parses `https://host[:port]`, with or without a slash at the end; the port is 15012 where there is none.
    ///
    /// Plain HTTP is refused: the attestation is only safe with TLS.
    package init?(parsing text: String) {
        guard text.utf8.count <= 320 else { return nil }
        var rest = text[...]
        if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") {
            guard rest[..<colon].lowercased() == "https" else { return nil }
            rest = rest[colon...].dropFirst("://".count)
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let target = DialTarget(authority: rest, defaultPort: 15_012) else { return nil }
        self.target = target
    }
}
