import CertificateAuthority
import Glibc

/// What tells one replica of the control plane from another, for people.
package enum ReplicaName {
    /// Our host's name: in ECS and in Kubernetes each replica has one of its own. "tulled" when the system tells none.
    package static var ours: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "tulled" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? "tulled" : PlainLine.of(name, bytes: 64)
    }
}
