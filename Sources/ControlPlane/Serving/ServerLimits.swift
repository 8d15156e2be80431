import GRPCNIOTransportHTTP2

/// What callers may cost the server. One value, reviewed together.
package struct ServerLimits: Sendable, Hashable {
    /// The most TCP connections at once.
    package var connections = 12_000
    /// The most discovery streams at once.
    package var streams = 10_000
    /// The most calls at once on one connection.
    package var callsPerConnection = 16
    /// The longest time from a connection to the end of its TLS handshake.
    package var handshake: Duration = .seconds(10)
    /// The largest message, in bytes: a reconnect names what the data plane has, about 1 MiB for 10,000 resources.
    package var messageBytes = 16 << 20
    /// The largest message of `CreateCertificate`, in bytes.
    package var certificateRequestBytes = 64 << 10
    /// The longest time from a stream's start to its first request.
    package var firstRequest: Duration = .seconds(10)
    /// The longest time for a response to be taken by the transport; slower data planes come back and start over.
    package var send: Duration = .seconds(60)
    /// The longest time for one call of `CreateCertificate`.
    package var certificateCall: Duration = .seconds(15)
    /// Silence after which a ping asks whether the other side is still there.
    package var keepalive: Duration = .seconds(30)
    /// The longest wait for the answer to that ping.
    package var keepaliveTimeout: Duration = .seconds(10)

    /// How long a connection may stay without a call. Pings do not count, or a stranger could hold every place with them.
    package var idle: Duration = .seconds(300)

    /// Makes the defaults named above.
    package init() {}

    /// The limits in the transport's terms.
    func transport<Factory: HTTP2ServerTransport.ListenerFactory>(
        _ type: Factory.Type
    ) -> HTTP2ServerTransport.Custom<Factory>.Config {
        var config = HTTP2ServerTransport.Custom<Factory>.Config.defaults
        config.http2.maxConcurrentStreams = self.callsPerConnection
        config.rpc.maxRequestPayloadSize = self.messageBytes
        config.connection.maxIdleTime = self.idle
        config.connection.keepalive.time = self.keepalive
        config.connection.keepalive.timeout = self.keepaliveTimeout
        config.connection.keepalive.clientBehavior.allowWithoutCalls = true
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(5)
        return config
    }
}
