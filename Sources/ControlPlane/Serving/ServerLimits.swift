import GRPCNIOTransportHTTP2

/// What callers may cost the server. One value, reviewed together.
package struct ServerLimits: Sendable, Hashable {
    /// The most TCP connections at once.
    package var connections = 12_000
    /// The most new TCP connections a second; each costs a handshake. Data planes come back after a pause.
    package var connectionsPerSecond = 500
    /// The most new TCP connections at once after a pause.
    package var connectionBurst = 2000
    /// The most discovery streams at once.
    package var streams = 10_000
    /// The most of them that one identity may have, so that one tenant cannot take all.
    package var streamsPerIdentity = 2500
    /// The most calls at once on one connection.
    package var callsPerConnection = 16
    /// How many bytes are encrypted at a time. The buffer for them stays as long as its connection, and one TLS record
    /// holds no more.
    package var portionBytes = 16 << 10
    /// How many bytes the first answers to data planes that join may take together; who comes then waits.
    package var joinBytes = 128 << 20
    /// How long a data plane may take for its first answer before the next gets its turn all the same.
    package var joinTurn: Duration = .seconds(2)
    /// The longest time from a connection to the end of its TLS handshake.
    package var handshake: Duration = .seconds(10)
    /// The largest message, in bytes: a reconnect names what the data plane has, about 1 MiB for 10,000 resources.
    package var messageBytes = 16 << 20
    /// The largest message of `CreateCertificate`, in bytes.
    package var certificateRequestBytes = 64 << 10
    /// The longest time from a stream's start to its first request.
    package var firstRequest: Duration = .seconds(10)
    /// How long the first addresses wait for the policies to be asked for too: clients ask for one type after the other,
    /// and policies are to go first. Clients that never ask for them lose just this time.
    package var companions: Duration = .milliseconds(50)
    /// The most requests a second on one stream; what comes faster is read later.
    package var requestsPerSecond = 200
    /// The most requests at once after a pause.
    package var requestBurst = 400
    /// The longest time for a response to be taken by the transport; slower data planes come back and start over.
    package var send: Duration = .seconds(60)
    /// The longest time for a response to be answered. Who reads nothing any more holds memory, and does not know it.
    package var answer: Duration = .seconds(120)
    /// How long a stream that was opened with an attestation may stay; its data plane then shows a new one.
    package var attestedStream: Duration = .seconds(3600)
    /// How old a connection gets, a tenth more or less by chance, so that data planes spread over all replicas; zero for
    /// any age. Calls in progress end in order.
    package var connectionAge: Duration = .seconds(1800)
    /// How long calls may take to end on a connection that is asked to leave.
    package var connectionGrace: Duration = .seconds(10)
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

    /// The age of the next connection; nil for any age.
    func randomConnectionAge() -> Duration? {
        self.connectionAge > .zero ? self.connectionAge * Double.random(in: 0.9...1.1) : nil
    }

    /// The limits in the transport's terms.
    func transport<Factory: HTTP2ServerTransport.ListenerFactory>(
        _ type: Factory.Type
    ) -> HTTP2ServerTransport.Custom<Factory>.Config {
        var config = HTTP2ServerTransport.Custom<Factory>.Config.defaults
        config.http2.maxConcurrentStreams = self.callsPerConnection
        config.rpc.maxRequestPayloadSize = self.messageBytes
        config.connection.maxIdleTime = self.idle
        config.connection.maxGraceTime = self.connectionGrace
        config.connection.keepalive.time = self.keepalive
        config.connection.keepalive.timeout = self.keepaliveTimeout
        config.connection.keepalive.clientBehavior.allowWithoutCalls = true
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(5)
        return config
    }
}
