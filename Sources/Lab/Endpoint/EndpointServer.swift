import Foundation
import Glibc
package import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 server of the lab: metadata, the ECS agent's introspection, the Docker API.
package final class EndpointServer: Sendable {
    /// Answers one request.
    package typealias Service = @Sendable (EndpointRequest) async -> EndpointAnswer

    /// Where to listen.
    package enum Place: Sendable {
        /// TCP; port 0 takes any.
        ///
        /// ECS's link-local address is the same in every lab, so each lab's server hears its own bridge (`device`)
        /// only.
        case tcp(host: String, port: Int, device: String?)
        /// A unix socket that only root may open; the file is made anew.
        case unix(path: String)
    }

    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    /// The TCP port it listens on; 0 on a unix socket.
    package var port: Int { self.channel.localAddress?.port ?? 0 }

    /// Listens.
    ///
    /// Fails with `port_in_use` if the place is taken.
    package static func start(at place: Place, group: any EventLoopGroup, service: @escaping Service) async throws
        -> EndpointServer
    {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandlers(
                        IdleStateHandler(allTimeout: .seconds(30)),
                        EndpointHandler(service: service)
                    )
                }
            }
        do {
            switch place {
            case .tcp(let host, let port, let device):
                let channel =
                    try await bootstrap
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .serverChannelInitializer { channel in Self.bind(channel, to: device) }
                    .bind(host: host, port: port).get()
                return EndpointServer(channel: channel)
            case .unix(let path):
                let channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
                    .get()
                chmod(path, 0o600)
                return EndpointServer(channel: channel)
            }
        } catch let error as IOError {
            throw LabError(.portInUse, "can't listen on \(place): \(error)")
        }
    }

    /// Ties a socket to a network interface, whose name has 15 bytes at most.
    private static func bind(_ channel: any Channel, to device: String?) -> EventLoopFuture<Void> {
        guard let device, let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        var low: UInt64 = 0
        var high: UInt64 = 0
        for (index, byte) in device.utf8.prefix(15).enumerated() {
            // The kernel reads the name byte by byte, so the first one is the lowest of a little-endian number.
            if index < 8 { low |= UInt64(byte) << (8 * index) } else { high |= UInt64(byte) << (8 * (index - 8)) }
        }
        return options.unsafeSetSocketOption(
            level: .socket,
            name: NIOBSDSocket.Option(rawValue: SO_BINDTODEVICE),
            value: InterfaceName(low: low.littleEndian, high: high.littleEndian)
        )
    }

    /// An interface's name as the kernel takes it: 16 bytes, the rest zero.
    private struct InterfaceName: Sendable {
        var low: UInt64
        var high: UInt64
    }

    /// Stops listening.
    package func stop() async { try? await self.channel.close() }
}

extension EndpointServer.Place: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port, _): "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
