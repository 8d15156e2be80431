import Synchronization

/// Takes turns by weight: the place whose deadline is earliest is next, and then waits one over its weight (earliest
/// deadline first). Places come round evenly spaced, and a weight may change from one turn to the next.
final class DeadlineScheduler: Sendable {
    private struct Slot {
        var deadline: Double
        var place: Int32
    }

    private let heap: Mutex<[Slot]>

    /// Begins every place somewhere in its first round, so that several waypoints don't begin with the same endpoint.
    init(_ weights: [Double], random: inout PickRandom) {
        var slots: [Slot] = []
        slots.reserveCapacity(weights.count)
        for (place, weight) in weights.enumerated() where weight > 0 {
            slots.append(Slot(deadline: (1 - random.unit()) / weight, place: Int32(truncatingIfNeeded: place)))
        }
        // A sorted array is a heap.
        slots.sort { $0.deadline < $1.deadline }
        self.heap = Mutex(slots)
    }

    /// The next place; nil where none has weight.
    /// - Parameter weight: the weight of the place for its next turn; what is not above zero counts as hardly anything.
    func next(_ weight: (Int) -> Double) -> Int? {
        self.heap.withLock { heap in
            guard var slot = heap.first else { return nil }
            let place = Int(slot.place)
            slot.deadline += 1 / max(weight(place), 1e-9)
            Self.replaceFirst(&heap, by: slot)
            return place
        }
    }

    private static func replaceFirst(_ heap: inout [Slot], by slot: Slot) {
        let count = heap.count
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < count else { break }
            if child + 1 < count, heap[child + 1].deadline < heap[child].deadline { child += 1 }
            guard heap[child].deadline < slot.deadline else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = slot
    }
}
