package import MeshModel

/// A listening TCP socket that no loop watches yet: opened here, or received from the process before this one.
package struct ListeningSocket {
    /// The socket; whoever takes this value must close it.
    package let descriptor: Int32
    /// Where it listens, with the port that the kernel chose where port 0 was asked for.
    package let address: SocketAddress
    /// Kept until just before the socket is closed; nil for none.
    package let lease: AnyObject?

    /// Opens a listener.
    package init(opening address: SocketAddress, scope: SocketScope = .process) throws(SocketError) {
        self.init(try Socket.listen(address, scope: scope), address: address)
    }

    /// Takes over a socket that listens already.
    package init(_ descriptor: Int32, address: SocketAddress, lease: AnyObject? = nil) {
        self.descriptor = descriptor
        self.address = Socket.localAddress(descriptor) ?? address
        self.lease = lease
    }
}
