extension ByteStream {
    // MARK: Sending

    /// How many bytes should be sent at most now; after 0 the owner hears when there is room again.
    ///
    /// More is taken, too, and waits: a message's head, or what goes around a chunk.
    package func capacity() -> Int {
        guard let transport = self.transport, !self.isSendEnded else { return 0 }
        var room = transport.capacity() - self.pending.count
        if room <= 0, !self.pending.isEmpty, self.calls == 0 {
            // What was gathered takes the room: it leaves now.
            self.drain()
            room = (self.transport?.capacity() ?? 0) - self.pending.count
        }
        if room <= 0 { self.ownerWaits = true }
        return max(0, room)
    }

    /// Sends bytes.
    package func send(_ bytes: UnsafeRawBufferPointer) {
        guard self.transport != nil, !self.isSendEnded, bytes.count > 0 else { return }
        self.bytesSent &+= UInt64(bytes.count)
        if self.calls > 0 || self.pending.count + bytes.count <= Self.gatherBytes { return self.gather(bytes) }
        self.drain()
        let sent = self.pending.isEmpty ? self.handOver(bytes) : 0
        self.store(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
    }

    /// Sends bytes.
    package func send(_ bytes: [UInt8]) { bytes.withUnsafeBytes { self.send($0) } }

    func gather(_ bytes: UnsafeRawBufferPointer) {
        self.store(bytes)
        self.flushSoon()
    }

    /// Lets `write` append to what leaves at the turn's end.
    func gather(_ write: (inout ByteQueue) -> Void) {
        guard self.transport != nil, !self.isSendEnded else { return }
        let before = self.pending.count
        write(&self.pending)
        let count = self.pending.count - before
        self.bytesSent &+= UInt64(count)
        self.flushSoon()
        if !self.loop.hold(count, progress: self.lastProgress) {
            self.loop.holdAnyway(count)
            self.refuseToHold()
        }
    }

    func flushSoon() {
        guard !self.flushIsQueued else { return }
        self.flushIsQueued = true
        if self.pending.isEmpty { self.lastProgress = self.loop.now }
        self.loop.flushLater(self)
    }

    /// Sends bytes of the partner as directly as possible; what has left is given back to it.
    func forward(_ bytes: UnsafeRawBufferPointer) {
        guard self.transport != nil, !self.isSendEnded else { return }
        self.bytesSent &+= UInt64(bytes.count)
        let sent = self.pending.isEmpty && self.calls == 0 ? self.handOver(bytes) : 0
        if sent > 0 { self.partner?.consumed(sent) }
        self.store(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        if self.calls > 0 { self.flushSoon() }
    }

    func forwardRoom() -> Int { self.pending.isEmpty ? self.transport?.capacity() ?? 0 : 0 }

    /// Gives the transport as much as it takes, and says how much that was.
    func handOver(_ bytes: UnsafeRawBufferPointer) -> Int {
        self.calls += 1
        defer { self.calls -= 1 }
        var sent = 0
        while sent < bytes.count, let transport = self.transport {
            let count = min(transport.capacity(), bytes.count - sent)
            guard count > 0 else { break }
            if self.countsUnsent { self.unsent += count }
            transport.take(UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]))
            sent += count
        }
        if sent > 0 { self.lastProgress = self.loop.now }
        return sent
    }

    func store(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0, self.transport != nil else { return }
        if self.pending.isEmpty { self.lastProgress = self.loop.now }
        guard self.loop.hold(bytes.count, progress: self.lastProgress) else { return self.refuseToHold() }
        self.pending.append(bytes)
    }

    /// There is no memory for what waits: the stream ends as if its peer were gone.
    func refuseToHold() {
        guard let transport = self.transport else { return }
        self.calls += 1
        self.relay.failed(transport, "too many bytes wait for a peer that does not read")
        self.calls -= 1
    }

    /// Bytes that wait here.
    package var pendingCount: Int { self.pending.count }

    /// Hands over what waits, as far as the transport takes it.
    func drain() {
        guard !self.pending.isEmpty, self.calls == 0 else { return }
        // Taken out first: what the transport tells in between may lead back here.
        var batch = ByteQueue()
        swap(&batch, &self.pending)
        let sent = batch.withBytes { self.handOver($0) }
        batch.consume(sent)
        self.loop.release(sent)
        if !batch.isEmpty { self.pending.withBytes { batch.append($0) } }
        if !batch.isEmpty { swap(&batch, &self.pending) }
        let own = min(sent, self.ownPending)
        self.ownPending -= own
        if sent > own { self.partner?.consumed(sent - own) }
    }

    /// Says that no more is sent; what was sent before still leaves.
    package func finish() {
        guard self.transport != nil, !self.isSendEnded else { return }
        self.isSendEnded = true
        self.endIsPending = true
        self.drain()
        self.finishWhenDrained()
    }

    func finishWhenDrained() {
        guard self.endIsPending, self.pending.isEmpty, let transport = self.transport else { return }
        self.endIsPending = false
        self.calls += 1
        transport.takeEnd()
        self.calls -= 1
    }

    /// The transport sent so many bytes; `.max` says that nothing is left.
    func left(_ count: Int) {
        self.unsent -= min(count, self.unsent)
        self.lastProgress = self.loop.now
    }

    func transportHasRoom() {
        self.hasRoom = true
        self.schedule()
    }
}
