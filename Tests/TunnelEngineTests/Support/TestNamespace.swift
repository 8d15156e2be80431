import CMeshLinux
import Glibc
import TunnelEngine

/// A network namespace of a test's own; making one takes root.
enum TestNamespace {
    static let isPossible = TestNamespace.make() != nil

    /// A new namespace with nothing but a loopback device that is down.
    static func make() -> NetworkNamespace? {
        guard let home = NetworkNamespace.home else { return nil }
        let descriptor = mesh_netns_make(home.descriptor)
        return descriptor < 0 ? nil : try? NetworkNamespace(descriptor: descriptor)
    }

    /// Sets the loopback device up, so that addresses of 127.0.0.0/8 and ::1 work.
    static func raiseLoopback(_ namespace: NetworkNamespace) -> Bool {
        let result = try? namespace.run { () -> Bool in
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            defer { close(descriptor) }
            var request = ifreq()
            withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) { name in name.copyBytes(from: "lo".utf8) }
            request.ifr_ifru.ifru_flags = Int16(IFF_UP)
            return ioctl(descriptor, UInt(SIOCSIFFLAGS), &request) == 0
        }
        return result ?? false
    }

    /// The namespace of the calling thread.
    static var current: NetworkNamespace? { try? NetworkNamespace(path: "/proc/thread-self/ns/net") }
}
