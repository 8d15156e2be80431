import DataPlane
import Glibc
import MeshModel
import TunnelEngine

extension MeshContext {
    /// Binds `port`, to IPv4 only where the system has no IPv6.
    @discardableResult
    func binding<Result>(
        _ port: UInt16,
        isPrivate: Bool = false,
        _ bind: (SocketAddress) throws(SocketError) -> Result
    ) throws(ListenFailure) -> Result {
        let address = self.listenAddress(port: port, isPrivate: isPrivate)
        do throws(SocketError) {
            do throws(SocketError) {
                return try bind(address)
            } catch {
                let lacksIPv6 = error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL
                guard lacksIPv6, address.ip.isUnspecified, !address.ip.isV4 else { throw error }
                return try bind(SocketAddress(ip: IPAddress(v4: 0), port: port))
            }
        } catch {
            throw ListenFailure(address: address, error: error)
        }
    }

    /// Opens `port`, or takes over what the process before left there; one socket or several.
    ///
    /// - Parameters:
    ///   - workload: the key of the served workload; nil for an endpoint of the process itself.
    ///   - worker: the number of the loop among those that open the same port; nil when it is the only one.
    func sockets(
        _ port: UInt16,
        isPrivate: Bool = false,
        workload: String? = nil,
        worker: Int? = nil,
        scope: SocketScope = .process
    ) throws(ListenFailure) -> [ListeningSocket] {
        try self.binding(port, isPrivate: isPrivate) { address throws(SocketError) in
            let place = ListenerBook.Place(workload: workload, address: address)
            return try self.listeners.open(place, worker: worker, scope: scope)
        }
    }
}
