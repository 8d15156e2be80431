import MeshProtos

@testable import MeshXDS

typealias Request = EnvoyDiscovery.DeltaDiscoveryRequest
typealias Response = EnvoyDiscovery.DeltaDiscoveryResponse

let policies = XDSTypes.authorization
let addresses = XDSTypes.address

/// Resources whose content is a number.
func resource(_ name: String, _ content: UInt8 = 0, aliases: [String] = []) -> ResourceCatalog.Resource {
    ResourceCatalog.Resource(name: name, bytes: [content], aliases: aliases)
}

func response(
    _ nonce: String,
    _ resources: [(String, UInt8)] = [],
    removed: [String] = [],
    type: String = addresses
) -> Response {
    .with {
        $0.nonce = nonce
        $0.typeURL = type
        $0.removedResources = removed
        $0.resources = resources.map { name, content in
            .with {
                $0.name = name
                $0.version = "v\(content)"
                $0.resource = .with {
                    $0.typeURL = type
                    $0.value = [content]
                }
            }
        }
    }
}

/// The first request of a type on a stream.
func first(
    _ type: String = addresses,
    subscribe: [String] = [],
    unsubscribe: [String] = [],
    versions: [String: String] = [:]
) -> Request {
    .with {
        $0.node = .with { $0.id = "ztunnel~10.0.0.1~a.b~b.svc.cluster.local" }
        $0.typeURL = type
        $0.resourceNamesSubscribe = subscribe
        $0.resourceNamesUnsubscribe = unsubscribe
        $0.initialResourceVersions = versions
    }
}

func ack(_ nonce: String, _ type: String = addresses, error: String? = nil) -> Request {
    .with {
        $0.typeURL = type
        $0.responseNonce = nonce
        $0.errorDetail = error.map { text in .with { $0.message = text } }
    }
}

extension DeltaPush {
    /// The message as a client reads it.
    var message: Response {
        get throws { try Response(decoding: Array(self.parts.joined())) }
    }
}
