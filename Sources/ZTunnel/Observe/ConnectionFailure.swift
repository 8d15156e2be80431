import BoringTLS
package import DataPlane
import Glibc
package import MeshIdentity
package import MeshModel
package import MeshTelemetry
package import TunnelEngine

/// Why a connection failed, for the access log, the metrics and the client.
package struct ConnectionFailure: Error, Hashable, Sendable {
    /// The stable code of the access log.
    package var code: String
    /// One line for the operator; says what to check.
    package var message: String
    /// Istio's flag in the metrics.
    package var flag: ConnectionLabels.Flag
    /// What a client of the proxy port is told.
    package var dial: DialFailure
    /// What a peer's CONNECT is answered with.
    package var status: Int

    /// The codes that arise here; further ones are those of ``RefusalCode``, ``DialFailure``, ``IdentityError`` and TLS.
    package enum Code: String, Sendable, CaseIterable {
        /// The CONNECT request's authority is no `host:port`.
        case authorityMalformed = "authority_malformed"
        /// The CONNECT request asks for an address that is not this workload's.
        case destinationMismatch = "destination_mismatch"
        /// The control plane has not told us about our own workload.
        case workloadUnknown = "workload_unknown"
        /// The CONNECT request names a service that is not known, or not backed by this workload.
        case serviceUnknown = "service_unknown"
        /// The connection would come back to this ztunnel.
        case recursiveCall = "recursive_call"
        /// A connection cannot be traced to where it wanted to go.
        case destinationUnknown = "original_destination_unknown"
        /// The peer answered CONNECT with another status than 200.
        case tunnelRefused = "tunnel_refused"
        /// TCP, TLS or HTTP/2 towards the peer failed.
        case tunnelFailed = "tunnel_failed"
        /// The client's side of a running connection failed.
        case downstreamReset = "downstream_reset"
        /// The server's side of a running connection failed.
        case upstreamReset = "upstream_reset"
        /// A policy that arrived later forbids the connection.
        case policyChanged = "policy_changed"
        /// The connection outlived the drain's deadline.
        case drained = "connection_drained"
        /// One side had ended, and the other was silent for too long.
        case halfClosed = "half_closed_timeout"
        /// More connections than this ztunnel carries at once.
        case overloaded = "overloaded"
        /// No endpoint could be reached within the time that a client waits.
        case dialDeadline = "dial_deadline"
        /// The control plane, asked on demand, did not say in time what the destination is.
        case discoveryUnanswered = "discovery_unanswered"
        /// The client left before the connection stood.
        case clientGone = "client_gone"
    }

    /// Joins the parts.
    package init(
        _ code: Code,
        _ message: String,
        flag: ConnectionLabels.Flag = .connect,
        dial: DialFailure = .internalFailure,
        status: Int = 503
    ) {
        self.init(code: code.rawValue, message: message, flag: flag, dial: dial, status: status)
    }

    private init(
        code: String,
        message: String,
        flag: ConnectionLabels.Flag,
        dial: DialFailure,
        status: Int
    ) {
        self.code = code
        self.message = message
        self.flag = flag
        self.dial = dial
        self.status = status
    }

    /// A decision of the mesh against the connection.
    package init(_ refusal: RefusalCode, detail: String) {
        switch refusal {
        case .policyDenied, .policyNotAllowed, .policyMissing, .policyInvalid:
            self.init(code: refusal.rawValue, message: detail, flag: .denied, dial: .denied, status: 401)
        default:
            self.init(code: refusal.rawValue, message: detail, flag: .connect, dial: .noHealthyUpstream, status: 503)
        }
    }

    /// A policy's verdict; nil when it allows.
    package init?(_ verdict: AuthorizationVerdict) {
        guard case .deny(let policy, let code) = verdict else { return nil }
        let reason =
            switch (code, policy) {
            case (.policyMissing, let key?): "policy \(key) has not arrived, so nothing is let through"
            case (.policyInvalid, let key?): "policy \(key) could not be read, so nothing is let through"
            case (_, let key?): "explicitly denied by: \(key)"
            case (_, nil): "allow policies exist, but none allowed"
            }
        self.init(code, detail: "connection closed due to policy rejection: \(reason)")
    }

    /// There is no certificate to use.
    package init(_ error: IdentityError) {
        self.init(
            code: error.code.rawValue,
            message: error.message,
            flag: .identity,
            dial: .tunnelFailed,
            status: 503
        )
    }

    /// A TCP connect failed.
    package init(_ failure: TCPDial.Failure, to destination: SocketAddress) {
        let dial = DialFailure(failure)
        self.init(
            code: dial.rawValue,
            message: "connection to \(destination) failed: \(failure)",
            flag: .connect,
            dial: dial,
            status: 503
        )
    }

    /// A tunnel could not be opened.
    package init(_ error: TunnelError, to destination: SocketAddress) {
        switch error {
        case .refused(let status):
            let dial: DialFailure = status == 401 || status == 403 ? .denied : .tunnelFailed
            self.init(.tunnelRefused, "http status: \(status)", dial: dial)
        case .link(.connectTimedOut):
            self.init(
                .tunnelFailed,
                "connect to \(destination) timed out; maybe a security group or network policy blocks HBONE port "
                    + "\(destination.port)",
                flag: .networkPolicy,
                dial: .timedOut
            )
        case .link(.socket(let error)):
            self.init(TCPDial.Failure.socket(error), to: destination)
        case .link(.tls(let error)):
            let isIdentity = error.code == .peerIdentityMismatch
            self.init(
                code: error.code.rawValue,
                message: "TLS with \(destination): \(error.message)",
                flag: isIdentity ? .identity : .tls,
                dial: .tunnelFailed,
                status: 503
            )
        case .link(.http2), .malformedResponse, .reset:
            self.init(.tunnelFailed, "tunnel to \(destination): \(error)", flag: .http2, dial: .tunnelFailed)
        case .responseTimedOut, .link(.handshakeTimedOut):
            self.init(.tunnelFailed, "tunnel to \(destination): \(error)", dial: .timedOut)
        case .link, .overloaded, .closed:
            self.init(.tunnelFailed, "tunnel to \(destination): \(error)", dial: .tunnelFailed)
        }
    }

    /// A running connection's peer is not accepted any more.
    private init(disowned error: TLSError) {
        let isRevoked = error.code == .peerCertificateRevoked
        self.init(
            code: error.code.rawValue,
            message: isRevoked
                ? "connection closed: peer certificate revoked by CRL"
                : "connection closed: peer is not accepted any more: \(error.message)",
            flag: isRevoked ? .revoked : .tls,
            dial: .tunnelFailed,
            status: 503
        )
    }

    /// A tunnel inside another one, through the gateway at `gateway`, could not be opened.
    package init(inner error: TunnelError, to gateway: SocketAddress) {
        self.init(error, to: gateway)
        self.message = "inner tunnel: \(self.message)"
    }

    /// The connection would come back to this ztunnel.
    package init(recursive address: SocketAddress) {
        self.init(.recursiveCall, "attempted recursive call to ourselves: \(address)")
    }

    /// How a relay ended; nil when it ended well.
    package init?(_ outcome: RelayOutcome) {
        switch outcome {
        case .complete: return nil
        case .downstreamFailed(let text): self.init(.downstreamReset, "client: \(text)")
        case .upstreamFailed(let text): self.init(.upstreamReset, "server: \(text)")
        case .peerDisowned(let error): self.init(disowned: error)
        case .halfClosedTooLong(let text): self.init(.halfClosed, text)
        case .closed(let text): self.init(.drained, text)
        }
    }
}

extension DialFailure {
    /// What a failed TCP connect means to a client.
    init(_ failure: TCPDial.Failure) {
        switch failure {
        case .timedOut: self = .timedOut
        case .socket(let error):
            switch error.code {
            case ECONNREFUSED: self = .refused
            case EHOSTUNREACH, EHOSTDOWN, EADDRNOTAVAIL: self = .hostUnreachable
            case ENETUNREACH, ENETDOWN: self = .networkUnreachable
            case ETIMEDOUT: self = .timedOut
            default: self = .internalFailure
            }
        }
    }
}

extension ConnectionFailure {
    /// A name that has no address.
    init(name: String, _ failure: DialFailure) {
        self.init(
            code: failure.rawValue,
            message: "\(name.prefix(255)) could not be resolved",
            flag: .connect,
            dial: failure,
            status: 503
        )
    }
}
