package import AWSClient

/// What a running control plane says about itself on its admin port (`GET /bootstrap`).
package struct ControlPlaneFacts: Sendable, Hashable {
    /// Where ztunnels connect to, such as `https://mesh.example:15012`.
    package var url: String
    /// PEM of the roots that vouch for the control plane and the mesh.
    package var trustBundle: String
    /// The mesh's trust domain.
    package var trustDomain: String
    /// The network that workloads are on; empty for the only one.
    package var network: String
    /// The mesh's name for its cluster.
    package var cluster: String
    /// The domain that service names end in.
    package var meshDomain: String
    /// What attestations must be made for.
    package var audience: String

    /// Reads the answer's JSON.
    /// - Throws: `CommandFailure` that names the member which is missing or wrong.
    package init(_ json: JSONValue) throws(CommandFailure) {
        func text(_ name: String) throws(CommandFailure) -> String {
            guard let value = json[name]?.string else { throw Self.unreadable("\"\(name)\" is missing or no text") }
            return value
        }
        self.url = try text("url")
        self.trustBundle = try text("trustBundle")
        self.trustDomain = try text("trustDomain")
        self.network = try text("network")
        self.cluster = try text("cluster")
        self.meshDomain = try text("meshDomain")
        self.audience = try text("audience")
        guard self.url.hasPrefix("https://") else {
            throw Self.unreadable("\"url\" is \"\(self.url.prefix(200))\"; only https:// is allowed")
        }
        guard self.trustBundle.contains("-----BEGIN CERTIFICATE-----") else {
            throw Self.unreadable("\"trustBundle\" holds no PEM certificate")
        }
    }

    /// Asks the control plane.
    /// - Parameter address: its admin address, such as `http://127.0.0.1:15014`.
    /// - Throws: `CommandFailure` with the address, and what to check.
    package static func fetch(from address: String, over transport: any HTTPTransport) async throws -> Self {
        let body = try await AdminClient(address, over: transport).bytes("GET", "/bootstrap", bodyLimit: 256 * 1024)
        do {
            return try Self(try JSONValue(parsing: body))
        } catch let error as JSONError {
            throw Self.unreadable("\(error)")
        }
    }

    private static func unreadable(_ reason: String) -> CommandFailure {
        CommandFailure(
            "the control plane's /bootstrap answer cannot be used: \(reason)",
            hint: "is --control-plane really tulled's admin port, and of this version?"
        )
    }
}
