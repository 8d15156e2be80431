package import MeshModel

/// What ECS says about the task that we run in (task metadata endpoint, version 4).
package struct TaskMetadata: Hashable, Sendable {
    /// The task's ARN.
    package var taskARN: String
    /// The task's IPv4 and IPv6 addresses in its own network.
    package var addresses: [IPAddress]

    /// The last part of the ARN.
    package var taskID: String { self.taskARN.split(separator: "/").last.map { String($0) } ?? "" }

    /// Reads the answer to `GET ${ECS_CONTAINER_METADATA_URI_V4}/task`; nil when it is none.
    package init?(body: [UInt8]) {
        guard let document = try? JSONReader.parse(body).object, let arn = document["TaskARN"]?.string,
            arn.utf8.count <= 2_048, arn.hasPrefix("arn:")
        else { return nil }
        self.taskARN = arn
        var addresses: [IPAddress] = []
        for container in document["Containers"]?.array ?? [] {
            for network in container.object?["Networks"]?.array ?? []
            where network.object?["NetworkMode"]?.string == "awsvpc" {
                for key in ["IPv4Addresses", "IPv6Addresses"] {
                    for text in network.object?[key]?.array ?? [] {
                        guard let ip = text.string.flatMap({ IPAddress(parsing: $0) }), !addresses.contains(ip) else {
                            continue
                        }
                        addresses.append(ip)
                    }
                }
            }
        }
        self.addresses = Array(addresses.prefix(16))
    }

    /// Where to ask, from the value of `ECS_CONTAINER_METADATA_URI_V4`; nil when it leads anywhere but to ECS.
    package static func endpoint(_ url: String) -> (address: SocketAddress, request: HTTPClientRequest)? {
        guard url.utf8.count <= 512, url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard case .address(let address) = DialTarget(authority: rest[..<slash], defaultPort: 80),
            address.ip.isLoopback || address.ip == IPAddress(v4: 0xa9fe_aa02),
            let request = HTTPClientRequest(host: String(rest[..<slash]), target: "\(rest[slash...])/task")
        else { return nil }
        return (address, request)
    }
}
