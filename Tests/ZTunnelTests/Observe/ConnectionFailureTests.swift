import BoringTLS
import DataPlane
import Glibc
import MeshModel
import MeshTelemetry
import Testing
import TunnelEngine

@testable import ZTunnel

struct ConnectionFailureTests {
    private let peer = SocketAddress(ip: IPAddress(v4: 0x0a00_0002), port: 15_008)

    @Test(arguments: [
        (ECONNREFUSED, DialFailure.refused), (EHOSTUNREACH, .hostUnreachable), (ENETUNREACH, .networkUnreachable),
        (ETIMEDOUT, .timedOut), (EACCES, .internalFailure),
    ])
    func namesTheErrorsOfTCP(_ code: CInt, _ dial: DialFailure) {
        let failure = ConnectionFailure(TCPDial.Failure.socket(SocketError(code: code, call: "connect")), to: self.peer)
        #expect(failure.dial == dial)
        #expect(failure.code == dial.rawValue)
        #expect(failure.status == 503)
    }

    @Test func blamesThePathWhenTheTunnelPortIsSilent() {
        let failure = ConnectionFailure(TunnelError.link(.connectTimedOut), to: self.peer)
        #expect(failure.flag == .networkPolicy)
        #expect(failure.message.contains("15008"))
        #expect(failure.dial == .timedOut)
    }

    @Test func tellsAWrongIdentityFromOtherTLSFailures() {
        let mismatch = TLSError(.peerIdentityMismatch, "expected a, the peer is b")
        #expect(ConnectionFailure(TunnelError.link(.tls(mismatch)), to: self.peer).flag == .identity)
        let other = TLSError(.handshakeFailed, "no")
        #expect(ConnectionFailure(TunnelError.link(.tls(other)), to: self.peer).flag == .tls)
    }

    @Test func tellsTheClientWhenThePeersPolicyRefused() {
        let failure = ConnectionFailure(TunnelError.refused(status: 401), to: self.peer)
        #expect(failure.code == "tunnel_refused")
        #expect(failure.dial == .denied)
        #expect(failure.message == "http status: 401")
    }

    @Test func namesThePolicyThatDenied() {
        #expect(ConnectionFailure(AuthorizationVerdict.allow(policy: nil)) == nil)
        let denied = ConnectionFailure(AuthorizationVerdict.deny(policy: "demo/p", .policyDenied))
        #expect(denied?.message == "connection closed due to policy rejection: explicitly denied by: demo/p")
        #expect(denied?.flag == .denied)
        #expect(denied?.status == 401)
        let byDefault = ConnectionFailure(AuthorizationVerdict.deny(policy: nil, .policyNotAllowed))
        #expect(byDefault?.code == "policy_not_allowed")
    }
}
