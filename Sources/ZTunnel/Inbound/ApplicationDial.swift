import MeshModel

/// From where to where an inbound connection is continued to the application.
struct ApplicationDial: Hashable {
    /// Where to connect.
    var address: SocketAddress
    /// The address of the client, which the application shall see; nil where it sees one of ours.
    var spoofed: IPAddress?

    /// - Parameters:
    ///   - peer: where the connection came from.
    ///   - usesLoopback: whether an application that is told the destination is reached on the loopback.
    ///   - preservesSource: whether the application shall see the client's address.
    init(_ target: InboundTarget, peer: SocketAddress, usesLoopback: Bool, preservesSource: Bool) {
        self.address = target.destination
        let ip = target.destination.ip
        if target.announced != nil, usesLoopback, !ip.isLoopback {
            let loopback = ip.isV4 ? IPAddress(v4: 0x7f00_0001) : IPAddress(v6High: 0, v6Low: 1)
            self.address = SocketAddress(ip: loopback, port: target.destination.port)
        } else if preservesSource, !ip.isLoopback, peer.ip != ip, peer.ip.isV4 == ip.isV4 {
            self.spoofed = peer.ip
        }
    }
}
