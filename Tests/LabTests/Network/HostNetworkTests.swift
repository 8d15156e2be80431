import Foundation
import Testing

@testable import Lab

@Suite struct HostNetworkTests {
    @Test(arguments: [("10.81.0.0/16", "02:0a:0a:51:00:01"), ("172.31.240.0/20", "02:0a:ac:1f:f0:01")])
    func `the router's hardware address is its own, and the same each time`(_ network: String, _ expected: String)
        throws
    {
        let path = NSTemporaryDirectory() + "lab-ledger-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let host = HostNetwork(
            bridge: "tulle-none",
            network: try IPv4Network(parsing: network),
            networkV6: nil,
            ledger: try Ledger(path: path)
        )
        #expect(host.hardwareAddress == expected)
    }
}
