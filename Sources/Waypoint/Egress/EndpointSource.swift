import DataPlane
import HTTPRouting
import MeshModel
import MeshProtos

/// Where a destination's endpoints come from.
enum EndpointSource: Sendable, Hashable {
    /// Discovery knows them.
    case discovery
    /// It is the address that the client asked for: resolution NONE, PASSTHROUGH.
    case asked
    /// It is whom the request names, by a name that ends so (`.example.com`): a wildcard with resolution DYNAMIC_DNS.
    case named(suffix: String)

    init(_ cluster: TulleL7.Cluster) {
        if cluster.resolvesAuthority {
            // Without a wildcard no name ends so.
            self = .named(suffix: cluster.hostname.hasPrefix("*.") ? cluster.hostname.dropFirst().lowercased() : "*")
        } else {
            self = cluster.keepsDestination ? .asked : .discovery
        }
    }
}

/// What a client says of where it wants to go, beside the service.
struct EgressWish {
    /// The address that it asked its ztunnel for; 0.0.0.0 where it gave a name.
    var asked: SocketAddress
    private enum Name {
        case authority(String)
        case server(String?)
    }

    private let said: Name

    /// - Parameter authority: a request's, with or without port.
    init(asked: SocketAddress, authority: String) {
        self.asked = asked
        self.said = .authority(authority)
    }

    /// - Parameter serverName: that of a TLS handshake.
    init(asked: SocketAddress, serverName: String?) {
        self.asked = asked
        self.said = .server(serverName)
    }

    /// Whom the request is for: its authority, or the server's name of TLS; nil for none. Read each time, as few
    /// destinations ask for it.
    var name: String? {
        switch self.said {
        case .authority(let text): Self.host(DialTarget(authority: text, defaultPort: 80))
        case .server(let text): text.flatMap { Self.host(DialTarget(host: $0, port: 443)) }
        }
    }

    /// An address is no name, however it is written.
    private static func host(_ target: DialTarget?) -> String? {
        guard case .name(let name, _) = target else { return nil }
        return name
    }
}

/// Whom a request goes to.
enum EndpointChoice {
    case endpoint(EndpointHandle)
    /// Nobody; what is answered.
    case none(LocalReply)
}

/// How an endpoint is reached.
enum EndpointWay {
    /// As the mesh says.
    case workload(EndpointTarget)
    /// In the clear, outside of the mesh.
    case address(SocketAddress)
    /// The same, at an address that the name has at that moment.
    case name(String, port: UInt16)
}
