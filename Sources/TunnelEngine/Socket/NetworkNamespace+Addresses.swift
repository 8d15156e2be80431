import Glibc
package import MeshModel

extension NetworkNamespace {
    /// The most addresses that are read of one namespace.
    package static let addressLimit = 64

    /// The addresses by which others reach this namespace: those of its devices without loopback and link-local ones.
    ///
    /// - Throws: ``SocketError`` when the namespace can't be entered or read.
    package func addresses() throws(SocketError) -> [IPAddress] {
        let (addresses, code) = try self.run { () -> ([IPAddress], Int32) in
            var first: UnsafeMutablePointer<ifaddrs>?
            guard getifaddrs(&first) == 0 else { return ([], errno) }
            defer { freeifaddrs(first) }
            var addresses: [IPAddress] = []
            var next = first
            while let entry = next?.pointee, addresses.count < Self.addressLimit {
                next = entry.ifa_next
                guard let address = entry.ifa_addr.flatMap({ Self.address($0) }), Self.isReachable(address),
                    !addresses.contains(address)
                else { continue }
                addresses.append(address)
            }
            return (addresses, 0)
        }
        guard code == 0 else { throw SocketError(code: code, call: "getifaddrs") }
        return addresses
    }

    private static func address(_ native: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
        let raw = UnsafeRawPointer(native)
        switch Int32(native.pointee.sa_family) {
        case AF_INET:
            var address = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            return withUnsafeBytes(of: &address) { IPAddress(bytes: $0) }
        case AF_INET6:
            var address = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: &address) { IPAddress(bytes: $0) }?.canonical
        default:
            return nil
        }
    }

    private static func isReachable(_ address: IPAddress) -> Bool {
        if let v4 = address.v4 { return v4 >> 16 != 0xa9fe && v4 >> 24 != 127 }
        return address.v6Halves.high >> 54 != 0xfe80 >> 6 && !address.isLoopback
    }
}
