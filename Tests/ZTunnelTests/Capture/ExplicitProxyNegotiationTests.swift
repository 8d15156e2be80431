import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

struct ExplicitProxyNegotiationTests {
    @Test func choosesTheProtocolByTheFirstByte() {
        var socks = ExplicitProxyNegotiation()
        #expect(socks.receive([]).next == .more)
        #expect(socks.receive([5]).next == .more)
        #expect(socks.receive([1, 0]) == CaptureStep(output: [5, 0], next: .more))
        var http = ExplicitProxyNegotiation()
        #expect(http.receive(Array("CONNECT a:1 HTTP/1.1\r\n\r\nx".utf8)).next == .connect(.name("a", port: 1)))
        let (toClient, toUpstream) = http.connected()
        #expect(toClient.starts(with: "HTTP/1.1 200".utf8))
        #expect(toUpstream == Array("x".utf8))
    }

    @Test(arguments: [0, 4, 22, 32, 97, 255] as [UInt8])
    func refusesWhatIsNeither(_ first: UInt8) {
        var proxy = ExplicitProxyNegotiation()
        #expect(proxy.receive([first, 1, 2, 3]) == CaptureStep(next: .refuse(.protocolUnknown)))
        #expect(proxy.failed(.refused).isEmpty)
    }

    @Test func answersOnlyOnce() {
        var proxy = ExplicitProxyNegotiation()
        _ = proxy.receive([5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80, 9])
        let (toClient, toUpstream) = proxy.connected()
        #expect(toClient == [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        #expect(toUpstream == [9])
        #expect(proxy.connected().toClient.isEmpty)
        #expect(proxy.failed(.refused).isEmpty)
    }
}
