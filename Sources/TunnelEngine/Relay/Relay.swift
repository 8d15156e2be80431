package import BoringTLS

/// How a relay ended.
package enum RelayOutcome: Sendable, Hashable {
    /// Both directions ended in order.
    case complete
    /// The end that was accepted failed or was reset.
    case downstreamFailed(String)
    /// The end that was dialled failed or was reset.
    case upstreamFailed(String)
    /// The tunnel's peer is not accepted any more: its certificate was revoked, has ended, or no root vouches for it.
    case peerDisowned(TLSError)
    /// One direction had ended, and the other was silent for too long.
    case halfClosedTooLong(String)
    /// The owner ended it, for example when policy changed or a drain ran out of time.
    case closed(String)
}

/// Who is told that a relay ended.
package protocol RelayObserver: AnyObject {
    /// Called once, on the loop's thread, when both ends are closed.
    func relayEnded(_ relay: Relay, outcome: RelayOutcome)
}

/// Moves bytes between two ends until both directions are done.
///
/// Each direction ends by itself (half-close); a failure of either end ends both, and the other side sees a reset.
package final class Relay {
    /// Bytes from downstream to upstream.
    package internal(set) var bytesFromDownstream: UInt64 = 0
    /// Bytes from upstream to downstream.
    package internal(set) var bytesFromUpstream: UInt64 = 0
    private var downstream: (any RelayEnd)?
    private var upstream: (any RelayEnd)?
    /// Nil once it has ended.
    var observer: (any RelayObserver)?
    private var openDirections = 2
    private let loop: EventLoop
    /// Made when one direction has ended.
    private var silence: LoopAlarm?

    /// Makes a relay without ends; `connect` starts it, and by then it has an observer.
    init(loop: EventLoop, observer: (any RelayObserver)? = nil) {
        self.loop = loop
        self.observer = observer
    }

    /// Joins the ends. The relay holds itself alive through them until it ends.
    func connect(downstream: any RelayEnd, upstream: any RelayEnd) {
        self.downstream = downstream
        self.upstream = upstream
    }

    /// Whether it has ended.
    package var isEnded: Bool { self.observer == nil }

    /// Ends both directions at once; the observer is told `reason`, and the ends' peers that it was no orderly end
    /// where `isAbortive`.
    package func close(_ reason: String, isAbortive: Bool = true) {
        self.end(.closed(reason), isAbortive: isAbortive)
    }

    /// One direction is done: all its bytes and its end were delivered.
    func directionEnded() {
        self.openDirections -= 1
        if self.openDirections == 0 { return self.end(.complete, isAbortive: false) }
        if self.observer != nil, self.loop.halfClosedMilliseconds > 0 { self.awaitSilence() }
    }

    /// Ends the relay when nothing moves for too long; nobody else would, if the applications forgot each other.
    private func awaitSilence() {
        let alarm = self.silence ?? LoopAlarm(loop: self.loop)
        self.silence = alarm
        let before = self.bytesFromDownstream &+ self.bytesFromUpstream
        let wait = self.loop.halfClosedMilliseconds
        alarm.set(after: wait) { [weak self] in
            guard let self else { return }
            guard self.bytesFromDownstream &+ self.bytesFromUpstream == before else { return self.awaitSilence() }
            let text = "one side ended, and the other was silent for \(wait / 1_000) s"
            self.end(.halfClosedTooLong(text), isAbortive: true)
        }
    }

    /// `end` failed; the other side is reset.
    func failed(_ end: any RelayEnd, _ reason: String) {
        self.end(end === self.downstream ? .downstreamFailed(reason) : .upstreamFailed(reason), isAbortive: true)
    }

    /// The tunnel's peer is not accepted any more; both sides are reset.
    func disowned(_ error: TLSError) { self.end(.peerDisowned(error), isAbortive: true) }

    private func end(_ outcome: RelayOutcome, isAbortive: Bool) {
        guard let observer = self.observer else { return }
        self.observer = nil
        self.silence?.cancel()
        self.silence = nil
        let (downstream, upstream) = (self.downstream, self.upstream)
        self.downstream = nil
        self.upstream = nil
        downstream?.close(isAbortive: isAbortive)
        upstream?.close(isAbortive: isAbortive)
        observer.relayEnded(self, outcome: outcome)
    }
}

extension Relay {
    /// Relays between two connected sockets of one loop, for traffic that does not go through a tunnel.
    ///
    /// Takes over both descriptors, also when it throws. `early` are bytes that were read from downstream before.
    /// `sieve` says how many of the bytes that downstream sends are passed on; the others are dropped.
    package static func join(
        loop: EventLoop,
        downstream: Int32,
        early: [UInt8] = [],
        sieve: ((UnsafeRawBufferPointer) -> Int)? = nil,
        upstream: Int32,
        observer: any RelayObserver
    ) throws(SocketError) -> Relay {
        let relay = Relay(loop: loop, observer: observer)
        let down = SocketEnd(loop: loop, relay: relay, isDownstream: true)
        let up = SocketEnd(loop: loop, relay: relay, isDownstream: false)
        do throws(SocketError) {
            try down.adopt(downstream)
        } catch {
            Socket.close(upstream)
            throw error
        }
        do throws(SocketError) {
            try up.adopt(upstream)
        } catch {
            down.close(isAbortive: true)
            throw error
        }
        relay.connect(downstream: down, upstream: up)
        down.start(with: up, early: early, sieve: sieve)
        up.start(with: down, early: [])
        return relay
    }

    /// Relays between a socket that `source` watches and an open tunnel stream of the same loop; takes over the socket.
    package static func join(
        loop: EventLoop,
        watchedBy source: EventSource,
        early: [UInt8] = [],
        sieve: ((UnsafeRawBufferPointer) -> Int)? = nil,
        stream: StreamEnd,
        socketIsDownstream: Bool,
        observer: any RelayObserver
    ) -> Relay {
        let relay = Relay(loop: loop, observer: observer)
        let end = SocketEnd(loop: loop, relay: relay, isDownstream: socketIsDownstream)
        end.adopt(from: source)
        relay.join(end, stream, early: early, sieve: sieve)
        return relay
    }

    /// Relays between a socket and an open tunnel stream of the same loop.
    ///
    /// Takes over the descriptor, also when it throws; then the stream is reset as well. The observer is never called
    /// from within. `early` and `sieve` are for the bytes of the socket.
    package static func join(
        loop: EventLoop,
        socket: Int32,
        early: [UInt8] = [],
        sieve: ((UnsafeRawBufferPointer) -> Int)? = nil,
        stream: StreamEnd,
        socketIsDownstream: Bool,
        observer: any RelayObserver
    ) throws(SocketError) -> Relay {
        let relay = Relay(loop: loop, observer: observer)
        let end = SocketEnd(loop: loop, relay: relay, isDownstream: socketIsDownstream)
        do throws(SocketError) {
            try end.adopt(socket)
        } catch {
            stream.close(isAbortive: true)
            throw error
        }
        relay.join(end, stream, early: early, sieve: sieve)
        return relay
    }

    private func join(
        _ end: SocketEnd,
        _ stream: StreamEnd,
        early: [UInt8],
        sieve: ((UnsafeRawBufferPointer) -> Int)?
    ) {
        if end.isDownstream {
            self.connect(downstream: end, upstream: stream)
        } else {
            self.connect(downstream: stream, upstream: end)
        }
        stream.attach(to: end, relay: self, isDownstream: !end.isDownstream)
        end.start(with: stream, early: early, sieve: sieve, starting: stream)
    }
}
