import BoringTLS
import Glibc
import MeshModel

/// A tunnel inside another one: TLS and HTTP/2 of its own over the outer tunnel's stream, so that whoever ends the outer
/// one relays bytes that it can't read.
///
/// It carries one connection and is never pooled: the far side chose a workload for it. It closes, and the outer stream
/// with it, when that connection ends. Confined to its loop.
package final class InnerTunnel: LinkOwner, RelayObserver {
    private let loop: EventLoop
    private var dial: TunnelDial?
    private(set) var link: Link?
    private weak var pool: TunnelPool?

    /// Sets the tunnel up over `outer`, which it takes over, also when it fails.
    ///
    /// - Parameters:
    ///   - peer: the address that the outer tunnel's connection goes to, for messages.
    ///   - identities: whom the inner peer may prove to be, as SPIFFE URIs.
    ///   - headers: those of the inner CONNECT request.
    ///   - completion: called once unless it is cancelled, never from within this initialiser; with the open stream and
    ///     the response's headers.
    init(
        pool: TunnelPool,
        through outer: StreamEnd,
        peer: SocketAddress,
        context: TLSContext,
        expecting identities: [String],
        headers: [HTTP2Header],
        completion: @escaping (Result<StreamEnd, TunnelError>) -> Void
    ) throws(TunnelError) {
        let loop = pool.loop
        self.loop = loop
        self.pool = pool
        self.dial = TunnelDial(pool: pool, headers: { headers }, entry: nil) { [weak self] result in
            completion(result)
            if case .failure = result { self?.link?.close(.closedLocally) }
        }
        let near: Int32
        let far: Int32
        do throws(SocketError) {
            (near, far) = try Self.socketPair()
        } catch {
            outer.close(isAbortive: true)
            throw .link(.socket(error))
        }
        let relay: Relay
        do throws(SocketError) {
            relay = try Relay.join(loop: loop, socket: far, stream: outer, socketIsDownstream: true, observer: self)
        } catch {
            Socket.close(near)
            throw .link(.socket(error))
        }
        do throws(LinkError) {
            self.link = try Link.over(
                near,
                loop: loop,
                peer: peer,
                context: context,
                expecting: .oneOf(identities),
                limits: pool.limits.link,
                owner: self
            )
        } catch {
            relay.close("the inner tunnel could not begin")
            throw .link(error)
        }
    }

    /// Two ends of a stream within this process; neither blocks.
    private static func socketPair() throws(SocketError) -> (Int32, Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let result = withUnsafeMutablePointer(to: &ends) { pointer in
            pointer.withMemoryRebound(to: Int32.self, capacity: 2) { socketpair(AF_UNIX, kind, 0, $0) }
        }
        guard result == 0 else { throw SocketError(code: errno, call: "socketpair") }
        return ends
    }

    /// The inner response's headers once the tunnel is open.
    package var responseHeaders: [HTTP2Header] { self.dial?.responseHeaders ?? [] }

    /// Gives up; the completion is not called.
    package func cancel() {
        self.dial?.cancel()
        self.link?.close(.closedLocally)
    }

    // MARK: LinkOwner

    package func linkOpened(_ link: Link) {
        guard self.pool?.accepts(link) ?? true else { return }
        guard let dial = self.dial, dial.isWanted else { return link.close(.closedLocally) }
        if !dial.begin(on: link) { dial.fail(.link(.http2(HTTP2Error(.refusedStream, .tooManyStreams)))) }
    }

    package func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        link.reset(stream, .refusedStream)  // a tunnel server opens no streams
    }

    package func linkCapacityChanged(_ link: Link) {
        // Before the answer it is the dial that decides; afterwards the one stream was all that the link is for.
        if link.activeStreams == 0, self.dial?.isWanted != true { link.close(.closedLocally) }
    }

    package func linkClosed(_ link: Link, _ error: LinkError) {
        self.link = nil
        self.pool?.forget(self)
        if let dial = self.dial, dial.isWanted { dial.fail(.link(error)) }
    }

    // MARK: RelayObserver

    /// The link sees the end of its socket by itself.
    package func relayEnded(_ relay: Relay, outcome: RelayOutcome) {}
}
