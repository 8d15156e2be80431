import MeshModel

@testable import HTTPRouting

/// Requests for tests.
enum RequestLab {
    static func request(
        _ fields: [(String, String)] = [],
        query: String? = nil,
        scheme: String = "http",
        source: UInt32 = 0x0a01_0101,
        port: UInt16 = 4000,
        peer: String? = nil,
        tokens: [ClaimValue] = []
    ) -> RequestView {
        RequestView(
            method: "GET",
            scheme: scheme,
            authority: "echo",
            path: "/",
            query: query,
            fields: fields.map { HeaderField($0.0, $0.1) },
            tokens: tokens,
            connection: ConnectionFacts(
                peer: peer.flatMap { try? SPIFFEID(parsing: $0) },
                local: nil,
                source: SocketAddress(ip: IPAddress(v4: source), port: port),
                destination: SocketAddress(ip: IPAddress(v4: 0xf0f0_0001), port: 80)
            )
        )
    }
}
