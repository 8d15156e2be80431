package import MeshModel
import TunnelEngine

/// Finds the control plane's address each time it is needed, so that it may move.
///
/// Confined to the control loop.
package final class ControlPlaneAddress {
    /// `host:port`, as gRPC's `:authority`.
    package let authority: String
    /// The name or address that the server's certificate must have.
    package let host: String
    private let target: DialTarget
    private let resolver: NameResolver

    /// Finds the address of `url` by `resolver`, where it has a name.
    package init(_ url: ControlPlaneURL, resolver: NameResolver) {
        self.target = url.target
        self.authority = "\(url.target)"
        self.resolver = resolver
        switch url.target {
        case .address(let address): self.host = "\(address.ip)"
        case .name(let name, _): self.host = name
        }
    }

    /// Gives the address, or why there is none.
    package func find(completion: @escaping (Result<SocketAddress, DialFailure>) -> Void) {
        switch self.target {
        case .address(let address):
            completion(.success(address))
        case .name(let name, let port):
            self.resolver.resolve(name) { result in completion(result.map { SocketAddress(ip: $0, port: port) }) }
        }
    }
}
