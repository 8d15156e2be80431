import BoringTLS

/// TLS between a ``ByteStream`` and the socket or tunnel stream that carries it: the relay end that takes plaintext.
///
/// Nothing is sent in the clear but what is meant to go before TLS. Ciphertext waits here only while the carrier has no
/// room, and no more is taken meanwhile; plaintext never waits here. Confined to its loop; a relay's end releases it.
final class TLSEnd: RelayEnd {
    private let session: TLSSession
    private let loop: EventLoop
    /// Whether the carrier says what has left (a socket does).
    private let carrierReports: Bool
    private var relay: Relay?
    private var carrier: (any RelayEnd)?
    private var inlet: (any RelayEnd)?
    private var onOpen: (() -> Void)?
    /// What goes before TLS.
    private var preface: [UInt8]
    private var isOpen = false
    /// Bytes of ciphertext that the carrier gave and that were not given back.
    private var received = 0
    /// Bytes of plaintext that were passed on and not given back.
    private var delivered = 0
    /// Bytes of ciphertext that the carrier took and has not sent.
    private var handed = 0
    /// Whether capacity was denied since there was room last.
    private var isAwaited = false
    private var isEnding = false
    private var isEndSaid = false
    private var hasPeerEnded = false
    private var isFlushing = false

    init(session: TLSSession, preface: [UInt8], loop: EventLoop, relay: Relay, carrierReports: Bool) {
        self.session = session
        self.preface = preface
        self.loop = loop
        self.relay = relay
        self.carrierReports = carrierReports
    }

    /// Joins both sides.
    /// - Parameter onOpen: called when the peer is verified, before any plaintext is passed on.
    func join(carrier: any RelayEnd, inlet: any RelayEnd, onOpen: @escaping () -> Void) {
        self.carrier = carrier
        self.inlet = inlet
        self.onOpen = onOpen
    }

    /// Begins the handshake; a server waits for its client.
    func begin() { if self.carrier != nil { self.advance() } }

    private func advance() {
        switch self.session.handshake() {
        case .needsInput: self.flush()
        case .failed: self.fail()
        case .complete:
            self.isOpen = true
            if self.isEnding { self.session.shutdown() }
            self.flush()
            let onOpen = self.onOpen
            self.onOpen = nil
            onOpen?()
            self.inlet?.resume()
        }
    }

    private func fail() {
        let error = self.session.failure ?? TLSError(.protocolError, "TLS failed without a stated reason")
        // There may be an alert that tells the peer why.
        self.flush()
        guard let relay = self.relay, let carrier = self.carrier else { return }
        relay.failed(carrier, "TLS: \(error)")
    }

    /// The relay has ended.
    func release() {
        self.carrier = nil
        self.inlet = nil
        self.relay = nil
        self.onOpen = nil
    }

    // MARK: Plaintext to the carrier

    func capacity() -> Int {
        guard let carrier = self.carrier, self.isOpen, !self.isEnding, self.isDrained else {
            self.isAwaited = true
            return 0
        }
        let room = min(carrier.capacity(), LoopScratch.relayBytes)
        if room <= 0 { self.isAwaited = true }
        return room
    }

    private var isDrained: Bool { self.preface.isEmpty && self.session.outputCount == 0 }

    func take(_ bytes: UnsafeRawBufferPointer) {
        guard self.carrier != nil else { return }
        guard case .written = self.session.write(bytes) else { return self.fail() }
        self.flush()
    }

    func takeEnd() {
        self.isEnding = true
        if self.isOpen { self.session.shutdown() }
        self.flush()
    }

    func resume() { self.carrier?.resume() }

    func credited(_ count: Int) {
        let plain = min(max(count, 0), self.delivered)
        self.delivered -= plain
        let cipher = min(plain, self.received)
        self.received -= cipher
        if cipher > 0 { self.carrier?.credited(cipher) }
    }

    /// Relays close the carrier and the inlet, which releases this end.
    func close(isAbortive: Bool) { self.release() }

    /// Hands over what waits, as far as the carrier takes it.
    func flush() {
        guard !self.isFlushing else { return }
        self.isFlushing = true
        let hasSent = self.sendPreface() && self.sendOutput()
        self.isFlushing = false
        guard hasSent, let carrier = self.carrier else { return }
        if self.isOpen, self.isEnding, !self.isEndSaid {
            self.isEndSaid = true
            carrier.takeEnd()
        }
        self.tellProgress()
        if self.isOpen, self.isAwaited, !self.isEnding {
            self.isAwaited = false
            self.inlet?.resume()
        }
    }

    private func sendPreface() -> Bool {
        while !self.preface.isEmpty {
            guard let carrier = self.carrier else { return false }
            let count = min(carrier.capacity(), self.preface.count)
            guard count > 0 else { return false }
            let piece = Array(self.preface.prefix(count))
            self.preface.removeFirst(count)
            if self.carrierReports { self.handed += count }
            piece.withUnsafeBytes { carrier.take($0) }
        }
        return true
    }

    private func sendOutput() -> Bool {
        while self.session.outputCount > 0 {
            guard let carrier = self.carrier else { return false }
            let count = min(carrier.capacity(), self.session.outputCount)
            guard count > 0 else { return false }
            if self.carrierReports { self.handed += count }
            carrier.take(UnsafeRawBufferPointer(rebasing: self.session.output[..<count]))
            self.session.consumeOutput(count)
        }
        return true
    }

    private func tellProgress() {
        // Plaintext and ciphertext do not correspond byte by byte; what counts is whether something is left.
        self.inlet?.credited(self.isDrained && self.handed == 0 ? .max : 0)
    }

    /// The carrier has sent so many bytes.
    func left(_ count: Int) {
        self.handed -= min(count, self.handed)
        self.tellProgress()
    }

    // MARK: Ciphertext from the carrier

    func room() -> Int { self.isOpen ? self.inlet?.capacity() ?? 0 : LoopScratch.relayBytes }

    func arrived(_ bytes: UnsafeRawBufferPointer) {
        guard self.carrier != nil else { return }
        self.received += bytes.count
        if !self.hasPeerEnded {
            self.session.provideCiphertext(bytes)
            if !self.isOpen { self.advance() }
            if self.isOpen { self.read() }
            self.session.endCiphertext()
        }
        // What no plaintext stands for has been used up.
        let used = self.received - self.delivered
        if used > 0 {
            self.received -= used
            self.carrier?.credited(used)
        }
        // Reading may have made something to say.
        if self.session.outputCount > 0 { self.flush() }
    }

    func endArrived() {
        guard self.carrier != nil, !self.hasPeerEnded else { return }
        self.session.endInput()
        if self.isOpen { self.read() } else { self.advance() }
    }

    private func read() {
        let buffer = self.loop.scratch.carried
        while self.carrier != nil, !self.hasPeerEnded {
            switch self.session.read(into: buffer) {
            case .bytes(let count):
                self.delivered += count
                self.inlet?.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            case .needsInput: return
            case .closed:
                self.hasPeerEnded = true
                self.inlet?.takeEnd()
            case .failed: return self.fail()
            }
        }
    }
}
