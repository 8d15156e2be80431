import CertificateAuthority
import ControlPlane
import Foundation
import MeshModel
import Testing

/// What keys of sessions are made of.
@Suite struct SessionSecretsTests {
    private static let orders = NamespacedHostname(namespace: "shop", hostname: "orders.shop.mesh.internal")
    private static let cart = NamespacedHostname(namespace: "shop", hostname: "cart.shop.mesh.internal")
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    /// Opens the directory as a start of the control plane does.
    private func keys(
        _ directory: TemporaryDirectory,
        after seconds: TimeInterval = 0,
        of service: NamespacedHostname = Self.orders
    ) throws -> [[UInt8]] {
        let state = try StateDirectory(path: directory.path)
        return try SessionSecretFile(state: state).load(now: Self.start.addingTimeInterval(seconds)).keys(for: service)
    }

    @Test("keys outlive a restart, and each service has its own")
    func durable() throws {
        let directory = try TemporaryDirectory()
        let first = try self.keys(directory)
        #expect(first.map(\.count) == [32])
        #expect(try self.keys(directory, after: 29 * 86_400) == first)
        #expect(try self.keys(directory, of: Self.cart) != first)
        #expect(try self.keys(try TemporaryDirectory()) != first)
        let file = "\(directory.path)/session-secrets.json"
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("a start after a month makes another, and the one before opens for one more month")
    func rotated() throws {
        let directory = try TemporaryDirectory()
        let first = try self.keys(directory)
        let second = try self.keys(directory, after: 31 * 86_400)
        #expect(second.count == 2)
        #expect(second.last == first.first)
        let third = try self.keys(directory, after: 62 * 86_400)
        #expect(third.count == 2)
        #expect(third.last == second.first)
        #expect(Set(first + second + third).count == 3)
    }

    @Test(
        "a file that can't be read is replaced",
        arguments: ["", "x", "{}", #"{"version":1,"secrets":[{"created":1,"secret":"AA=="}]}"#]
    )
    func unreadable(_ content: String) throws {
        let directory = try TemporaryDirectory()
        do {
            let state = try StateDirectory(path: directory.path)
            try state.write("session-secrets.json", Array(content.utf8))
        }
        let keys = try self.keys(directory)
        #expect(keys.map(\.count) == [32])
        #expect(try self.keys(directory) == keys)
    }
}
