import MeshModel

/// Fields that only proxies of the mesh may say to each other, and that neither client nor application gets through.
extension [HeaderField] {
    /// Takes them out.
    mutating func removePrivate() {
        guard self.contains(where: { Self.isPrivate($0.name) }) else { return }
        self.removeAll { Self.isPrivate($0.name) }
    }

    /// Takes out fields that are called like a claim of a token, which only a token may make.
    mutating func removeClaims() {
        guard self.contains(where: { $0.name.utf8.first == UInt8(ascii: "@") }) else { return }
        self.removeAll { $0.name.utf8.first == UInt8(ascii: "@") }
    }

    private static func isPrivate(_ name: String) -> Bool {
        guard name.utf8.count > 6, name.utf8.first == UInt8(ascii: "x"),
            name.utf8.dropFirst().first == UInt8(ascii: "-")
        else { return false }
        return name.hasPrefix("x-envoy-") || name.hasPrefix("x-istio-") || name == "x-forwarded-network"
    }
}

extension HTTPRequestHead {
    /// Whether it is a gRPC request, by its content type.
    var isGRPC: Bool { self.fields.first(named: "content-type")?.hasPrefix("application/grpc") ?? false }
}
