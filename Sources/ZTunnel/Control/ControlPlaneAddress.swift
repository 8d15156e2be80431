import MeshModel
import TunnelEngine

/// Finds the control plane's address each time it is needed, so that it may move.
///
/// Confined to the control loop.
final class ControlPlaneAddress {
    /// `host:port`, as gRPC's `:authority`.
    let authority: String
    /// The name or address that the server's certificate must have.
    let host: String
    private let target: CaptureTarget
    private let resolver: NameResolver

    init(_ url: ControlPlaneURL, resolver: NameResolver) {
        self.target = url.target
        self.authority = "\(url.target)"
        self.resolver = resolver
        switch url.target {
        case .address(let address): self.host = "\(address.ip)"
        case .name(let name, _): self.host = name
        }
    }

    /// Gives the address, or why there is none.
    func find(completion: @escaping (Result<SocketAddress, DialFailure>) -> Void) {
        switch self.target {
        case .address(let address):
            completion(.success(address))
        case .name(let name, let port):
            self.resolver.resolve(name) { result in completion(result.map { SocketAddress(ip: $0, port: port) }) }
        }
    }
}
