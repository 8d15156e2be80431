import Synchronization

/// Takes what is to be exported from any thread and keeps it for who sends it away.
///
/// Bounded: what comes when it is full pushes the oldest out, which is counted. Nothing here ever waits.
package final class ExportQueue<Element: Sendable>: Sendable {
    /// How much is kept.
    package struct Limits: Sendable, Hashable {
        /// Elements that wait; at least one.
        package var elements = 4_096
        /// Elements that are sent together; at least one.
        package var batch = 512

        /// The default limits.
        package init() {}
    }

    private struct Ring {
        /// Grows up to the limit; `first` is the place of the oldest.
        var places: [Element?] = []
        var first = 0
        var count = 0
        var wake: (@Sendable () -> Void)?
    }

    /// How many wait at most, and how many are sent together.
    private let limits: Limits
    private let ring = Mutex(Ring())
    private let droppedElements = Counter()

    /// An empty queue.
    package init(limits: Limits = Limits()) {
        var limits = limits
        limits.elements = max(1, limits.elements)
        limits.batch = max(1, min(limits.batch, limits.elements))
        self.limits = limits
    }

    /// Elements that were lost because they came too fast, or nobody took them in time.
    package var dropped: UInt64 { self.droppedElements.value }

    /// Elements that wait.
    package var waiting: Int { self.ring.withLock { $0.count } }

    /// Elements that are sent together.
    package var batch: Int { self.limits.batch }

    /// Sets who is called, on the adding thread, whenever a batch is full.
    package func onBatch(_ wake: @escaping @Sendable () -> Void) {
        self.ring.withLock { $0.wake = wake }
    }

    /// Adds an element.
    package func add(_ element: Element) {
        let wake: (@Sendable () -> Void)? = self.ring.withLock { ring in
            if ring.count == self.limits.elements {
                ring.places[ring.first] = element
                ring.first = (ring.first + 1) % self.limits.elements
                self.droppedElements.add()
                return nil
            }
            let place = (ring.first + ring.count) % self.limits.elements
            if place < ring.places.count { ring.places[place] = element } else { ring.places.append(element) }
            ring.count += 1
            return ring.count == self.limits.batch ? ring.wake : nil
        }
        wake?()
    }

    /// Takes the oldest elements, at most a batch.
    package func take() -> [Element] {
        self.ring.withLock { ring in
            var taken: [Element] = []
            taken.reserveCapacity(min(ring.count, self.limits.batch))
            while ring.count > 0, taken.count < self.limits.batch {
                if let element = ring.places[ring.first] { taken.append(element) }
                ring.places[ring.first] = nil
                ring.first = (ring.first + 1) % self.limits.elements
                ring.count -= 1
            }
            if ring.count == 0 { ring.first = 0 }
            return taken
        }
    }

    /// Counts elements that were taken and could not be sent.
    package func lost(_ count: Int) { self.droppedElements.add(UInt64(max(0, count))) }
}
