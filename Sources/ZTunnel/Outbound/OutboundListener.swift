import MeshModel
import TunnelEngine

/// Takes the outbound connections that the platform redirects to port 15001.
final class OutboundListener: ListenerDelegate {
    private unowned let worker: Worker

    init(worker: Worker) {
        self.worker = worker
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        Socket.tune(descriptor, keepAlive: self.worker.context.keepAlive)
        guard let target = Socket.originalDestination(descriptor) ?? Socket.localAddress(descriptor) else {
            return Socket.close(descriptor)
        }
        let address = target.canonical
        OutboundConnection(worker: self.worker, descriptor: descriptor, source: peer, target: .address(address)).start()
    }
}
