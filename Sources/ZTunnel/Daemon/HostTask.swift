/// An ECS task that runs on this host, as the container runtime or the ECS agent tells of it.
package struct HostTask: Hashable, Sendable {
    /// One of its running containers.
    package struct Container: Hashable, Sendable {
        /// The runtime's id: 64 hexadecimal digits.
        package var id: String
        /// Its name in the task definition.
        package var name: String
        /// Its first process, in the host's numbers.
        package var process: Int32
        /// The value of `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, where it has one.
        package var credentialsPath: String?
    }

    /// Its ARN.
    package var arn: String
    /// Its containers; never empty.
    package var containers: [Container]
    /// Whether it shares the host's network, so that there is no namespace to serve.
    package var usesHostNetwork = false

    /// The last part of the ARN, by which the mesh knows it.
    package var id: String { Self.id(arn: self.arn) ?? "" }

    /// Where the credentials of its role are, on 169.254.170.2; all of a task's containers have the same.
    package var credentialsPath: String? { self.containers.compactMap(\.credentialsPath).first }

    /// Whether it brings a ztunnel of its own.
    package var hasOwnProxy: Bool { self.containers.contains { $0.name == Self.proxyName } }

    /// The name of the container that makes a task serve itself.
    static let proxyName = "ztunnel"

    /// The task id of an ARN such as `arn:aws:ecs:us-east-1:111122223333:task/cluster/0123…`; nil when it is none.
    static func id(arn: String) -> String? {
        guard arn.utf8.count <= 512, arn.hasPrefix("arn:"),
            arn.split(separator: ":").contains(where: { $0.hasPrefix("task/") }),
            let last = arn.split(separator: "/", omittingEmptySubsequences: false).last,
            (1...128).contains(last.utf8.count), last.utf8.allSatisfy({ Self.isIDByte($0) })
        else { return nil }
        return String(last)
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
