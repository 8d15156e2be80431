/// A set of instructions in the order in which they were put in, cleared in no time.
struct InstructionSet: Sendable {
    private(set) var members: [Int32] = []
    private var places: [Int32]

    /// An empty set of numbers below `capacity`.
    init(capacity: Int) {
        self.members.reserveCapacity(capacity)
        self.places = Array(repeating: 0, count: capacity)
    }

    /// Puts a number in; false when it is in already.
    mutating func insert(_ number: Int) -> Bool {
        let place = Int(self.places[number])
        if place < self.members.count, Int(self.members[place]) == number { return false }
        self.places[number] = Int32(truncatingIfNeeded: self.members.count)
        self.members.append(Int32(truncatingIfNeeded: number))
        return true
    }

    mutating func removeAll() { self.members.removeAll(keepingCapacity: true) }
}
