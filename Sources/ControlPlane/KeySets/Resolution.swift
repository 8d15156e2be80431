import Foundation
import MeshModel

/// Names by way of the system's resolver.
enum Resolution {
    /// The addresses of a name; the call blocks.
    ///
    /// - Throws: `KeySetFetcher.Failure` when the name can't be resolved.
    static func addresses(of host: String, port: Int) throws -> [IPAddress] {
        if let address = IPAddress(parsing: host) { return [address] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0 else {
            throw KeySetFetcher.Failure(description: "\(host) can't be resolved")
        }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next, addresses.count < 64 {
            if let address = self.address(entry.pointee) { addresses.append(address) }
            next = entry.pointee.ai_next
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let pointer = entry.ai_addr else { return nil }
        var text = [CChar](repeating: 0, count: 64)
        guard getnameinfo(pointer, entry.ai_addrlen, &text, 64, nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        // A scope, as in fe80::1%eth0, belongs to link-local addresses only.
        let plain = String(decoding: bytes, as: UTF8.self).prefix { $0 != "%" }
        return IPAddress(parsing: String(plain))
    }
}
