import AWSClient
import ArgumentParser
import Foundation
import MeshModel

/// Which control plane a command talks to, and who it says it is.
struct ControlPlaneOptions: ParsableArguments, Sendable {
    /// Where tulled listens unless it is configured otherwise.
    static let usual = "http://127.0.0.1:15014"

    @Option(help: "Admin address of tulled; TULLE_ADMIN_URL, else \(Self.usual), unless given.")
    var controlPlane: String?

    @Option(help: "PEM file of the certificate chain to show to an https control plane.")
    var cert: String?

    @Option(help: "PEM file of the certificate's private key.")
    var key: String?

    @Option(help: "PEM file of the roots that vouch for the control plane; the system's unless given.")
    var caCert: String?

    func validate() throws {
        if let address = self.controlPlane, !Self.isAddress(address) {
            throw ValidationError("--control-plane is \"\(address)\"; only http:// and https:// are allowed")
        }
        guard (self.cert == nil) == (self.key == nil) else {
            throw ValidationError("--cert and --key go together; only one of them is given")
        }
        if let address = self.controlPlane, address.hasPrefix("http://"), self.cert != nil {
            throw ValidationError("--cert is shown over https only, and --control-plane is \"\(address)\"")
        }
    }

    /// The address that is given, by flag or environment.
    func address(in environment: [String: String]) throws(CommandFailure) -> String {
        if let address = self.controlPlane { return address }
        guard let address = environment["TULLE_ADMIN_URL"], !address.isEmpty else { return Self.usual }
        guard Self.isAddress(address) else {
            throw CommandFailure(
                "TULLE_ADMIN_URL is \"\(address.prefix(200))\"; only http:// and https:// are allowed",
                hint: "such as \(Self.usual)",
                status: .usage
            )
        }
        return address
    }

    /// A network that shows the certificate.
    func transport() throws(CommandFailure) -> NetworkTransport {
        var identity: TransportIdentity?
        if let certificate = self.cert, let key = self.key {
            do {
                identity = try TransportIdentity(certificatePath: certificate, keyPath: key)
            } catch {
                throw CommandFailure(
                    "\(error)",
                    hint: "--cert and --key name PEM files: a chain, its own certificate first, and a private key",
                    status: .noInput
                )
            }
        }
        if let path = self.caCert, !FileManager.default.isReadableFile(atPath: path) {
            throw CommandFailure("cannot read \(path)", hint: "--ca-cert names a PEM file", status: .noInput)
        }
        return NetworkTransport(caBundlePath: self.caCert, identity: identity)
    }

    /// Whether this is plain HTTP to another host than our own: tulled answers no questions there.
    static func isPlainAndRemote(_ address: String) -> Bool {
        guard address.hasPrefix("http://"), let host = URL(string: address)?.host() else { return false }
        let name = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        if name == "localhost" || name.hasSuffix(".localhost") { return false }
        return IPAddress(parsing: name)?.isLoopback != true
    }

    private static func isAddress(_ text: String) -> Bool {
        text.hasPrefix("http://") || text.hasPrefix("https://")
    }
}
