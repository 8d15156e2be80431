import Glibc

/// Something with a descriptor that an event loop watches, edge-triggered.
///
/// The loop holds a strong reference while the source is registered. All of a source's methods run on its loop's
/// thread. A base class rather than a protocol: one virtual call an event, no existential.
package class EventSource {
    /// The loop that owns this source.
    package let loop: EventLoop
    /// The descriptor, or -1 when there is none.
    package internal(set) final var descriptor: Int32 = -1
    /// The place in the loop's table while registered.
    final var slot: Int32 = -1

    /// Whether another descriptor may name the same socket, here or in another process; then the kernel goes on watching
    /// it after a close, and must be told.
    var mayBeShared: Bool { true }

    /// What this source was told of its descriptor and left alone: whoever takes it over looks there, for the kernel
    /// tells it only once.
    var untouched: Readiness { [.readable, .readEnded] }

    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Tells what became ready; edges are not repeated, so the source remembers what it did not use up.
    package func ready(_ readiness: Readiness) {}

    /// Runs once more in this turn of the loop, after the kernel's events; asked for by `EventLoop.runAgain`.
    package func again() {}

    /// Sends what was gathered during the batch; asked for by `EventLoop.flushLater`.
    package func flush() {}

    /// Says that a timer of this source ran out.
    package func timerFired(_ timer: LoopTimer) {}

    /// Says that the loop ends, to every source that is still registered; the source lets go of all it holds.
    package func loopEnded() { self.closeDescriptor() }

    /// Takes the descriptor out of the loop and closes it.
    package final func closeDescriptor() {
        guard self.descriptor >= 0 else { return }
        self.loop.deregister(self, tellsKernel: self.mayBeShared)
        Glibc.close(self.descriptor)
        self.descriptor = -1
    }

    /// Lets another source have the descriptor, which the kernel goes on watching.
    final func handOver(to other: EventSource) {
        self.loop.replace(self, by: other)
    }

    /// Takes the descriptor out of the loop and hands it to the caller, who must close it.
    package final func releaseDescriptor() -> Int32 {
        self.loop.deregister(self)
        defer { self.descriptor = -1 }
        return self.descriptor
    }
}
