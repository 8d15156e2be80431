import CMeshLinux
import MeshModel

extension SocketAddress {
    /// The address in the shape of the system calls.
    var native: mesh_address {
        var native = mesh_address()
        native.port = self.port
        native.family = self.ip.isV4 ? 4 : 6
        withUnsafeMutableBytes(of: &native.bytes) { self.ip.write(into: $0) }
        return native
    }

    /// The same for a socket that is of IPv6, which names IPv4 peers by IPv4-mapped addresses.
    var mappedNative: mesh_address {
        let halves = self.ip.v6Halves
        return SocketAddress(ip: IPAddress(v6High: halves.high, v6Low: halves.low), port: self.port).native
    }

    /// Reads an address that a system call returned, in canonical form.
    init?(_ native: mesh_address) {
        let count = native.family == 4 ? 4 : 16
        let ip = withUnsafeBytes(of: native.bytes) { IPAddress(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        guard let ip else { return nil }
        self.init(ip: ip.canonical, port: native.port)
    }
}
