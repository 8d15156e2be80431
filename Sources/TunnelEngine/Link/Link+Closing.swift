extension Link {
    /// Announces that no more streams are taken; streams in use go on.
    package func drain() {
        guard self.state == .open || self.state == .settling else { return self.close(.closedLocally) }
        self.http2.shutdownGracefully()
        self.queueFlush()
    }

    /// Whether the peer knows that no more streams are taken, and none is left: nothing is lost by closing.
    package var isDrained: Bool { self.state == .open && self.http2.isDrained && self.activeStreams == 0 }

    /// Says goodbye where that is possible and closes; every stream is reset.
    ///
    /// With `closedLocally` an open link first sends what waits, within `LinkLimits.closeMilliseconds`; the owner is
    /// told when that is done, which is at once unless the peer reads slowly.
    package func close(_ error: LinkError) {
        guard self.state != .closed else { return }
        if case .closedLocally = error {
            if self.state == .closing { return }
            if self.state == .open, self.failure == nil { return self.beginClose() }
        }
        self.finishClose(error)
    }

    func beginClose() {
        self.http2.goAway(.noError, debug: "")
        self.state = .closing
        self.endError = .closedLocally
        self.waiting = []
        self.loop.start(self.deadline, after: self.limits.closeMilliseconds)
        self.http2.transportClosed()
        if self.state == .closing { self.push() }
    }

    func finishClose(_ error: LinkError) {
        let isOrderly = self.state == .closing && self.outputCount == 0 && self.failure == nil
        self.state = .closed
        self.endError = error
        self.waiting = []
        if isOrderly, !self.peerHasEnded {
            Socket.shutdownWrite(self.descriptor)
            self.isLingering = true
            self.loop.start(self.deadline, after: self.limits.lingerMilliseconds)
            if self.isReadable { self.readAgain() }
        } else {
            self.loop.stop(self.deadline)
            self.closeDescriptor()
        }
        self.http2.transportClosed()
        let owner = self.owner
        self.owner = nil
        owner?.linkClosed(self, error)
    }

    func stopLingering() {
        self.isLingering = false
        self.loop.stop(self.deadline)
        self.closeDescriptor()
    }
}
