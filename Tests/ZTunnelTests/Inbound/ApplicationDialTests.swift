import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

struct ApplicationDialTests {
    private func dial(_ destination: String, from peer: String, told: Bool = false, preserves: Bool = true) throws
        -> ApplicationDial
    {
        let destination = try #require(SocketAddress(parsing: destination))
        var target = InboundTarget(destination: destination)
        if told { target.announced = InboundTarget.Announcement(destination: destination, host: nil) }
        let peer = try #require(SocketAddress(parsing: peer))
        return ApplicationDial(target, peer: peer, usesLoopback: true, preservesSource: preserves)
    }

    @Test("the application sees the client's address where that is wanted")
    func keepsTheSource() throws {
        #expect(try self.dial("10.0.0.2:80", from: "10.0.0.1:5").spoofed?.description == "10.0.0.1")
        #expect(try self.dial("[::2]:80", from: "[2001:db8::1]:5").spoofed?.description == "2001:db8::1")
        #expect(try self.dial("10.0.0.2:80", from: "10.0.0.1:5", preserves: false).spoofed == nil)
    }

    @Test(
        "an address that can't be kept is not tried",
        arguments: [("10.0.0.2:80", "10.0.0.2:5"), ("10.0.0.2:80", "[::9]:5"), ("127.0.0.1:80", "10.0.0.1:5")]
    )
    func doesNotKeep(_ destination: String, _ peer: String) throws {
        #expect(try self.dial(destination, from: peer).spoofed == nil)
    }

    @Test("an application that is told the destination is reached on the loopback")
    func usesTheLoopback() throws {
        let dial = try self.dial("10.0.0.2:80", from: "10.0.0.1:5", told: true)
        #expect(dial.address.description == "127.0.0.1:80" && dial.spoofed == nil)
        #expect(try self.dial("[2001:db8::2]:80", from: "10.0.0.1:5", told: true).address.description == "[::1]:80")
        #expect(try self.dial("127.0.0.9:80", from: "10.0.0.1:5", told: true).address.description == "127.0.0.9:80")
    }
}
