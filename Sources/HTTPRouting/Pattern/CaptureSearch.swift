/// Finds where a pattern and its groups match within a text (Pike's algorithm): leftmost, and of the matches that begin
/// there the one that RE2 prefers. Every place of the text is looked at once in a search.
struct CaptureSearch {
    private let program: RegularExpressionProgram
    private var now: Threads
    private var then: Threads
    private var pending: [Pending] = []
    /// Instructions looked at, over all searches.
    private(set) var steps = 0

    /// Searches with a program that captures.
    init(_ program: RegularExpressionProgram) {
        self.program = program
        self.now = Threads(capacity: program.instructions.count)
        self.then = Threads(capacity: program.instructions.count)
    }

    /// The places of the first match at or after `start`: two for the whole, then two for each group, -1 for a group
    /// that took no part; nil without a match.
    mutating func first(in bytes: Span<UInt8>, from start: Int) -> [Int]? {
        let slots = self.program.slots
        let blank = Array(repeating: -1, count: slots)
        var found: [Int]?
        var position = start
        self.now.removeAll()
        while true {
            if found == nil {
                self.now.follow(
                    self.program.start,
                    of: self.program,
                    at: position,
                    in: bytes,
                    places: blank,
                    pending: &self.pending,
                    steps: &self.steps
                )
            }
            if self.now.order.isEmpty, found != nil { return found }
            var next = position
            let letter: Int? =
                position < bytes.count ? self.program.alphabet.next(in: bytes, at: &next) : nil
            self.then.removeAll()
            for (thread, number) in self.now.order.enumerated() {
                let places = self.now.places[(thread * slots)..<((thread + 1) * slots)]
                self.steps += 1
                if self.program.instructions[number] == .match {
                    found = Array(places)
                    break
                }
                guard case .take(let set, let target) = self.program.instructions[number], let letter,
                    self.program.alphabet.has(set: set, class: letter)
                else { continue }
                self.then.follow(
                    target,
                    of: self.program,
                    at: next,
                    in: bytes,
                    places: Array(places),
                    pending: &self.pending,
                    steps: &self.steps
                )
            }
            guard letter != nil else { return found }
            swap(&self.now, &self.then)
            position = next
        }
    }
}

extension CaptureSearch {
    private enum Pending {
        case explore(Int)
        case restore(slot: Int, place: Int)
    }

    /// Threads in order of preference, each with the places it remembers; -1 for none.
    private struct Threads {
        private var set: InstructionSet
        private(set) var order: [Int] = []
        private(set) var places: [Int] = []

        init(capacity: Int) { self.set = InstructionSet(capacity: capacity) }

        mutating func removeAll() {
            self.set.removeAll()
            self.order.removeAll(keepingCapacity: true)
            self.places.removeAll(keepingCapacity: true)
        }

        /// Adds the threads that an instruction leads to without taking a scalar.
        mutating func follow(
            _ first: Int,
            of program: RegularExpressionProgram,
            at position: Int,
            in bytes: Span<UInt8>,
            places: [Int],
            pending: inout [Pending],
            steps: inout Int
        ) {
            var places = places
            pending.append(.explore(first))
            while let item = pending.popLast() {
                switch item {
                case .restore(let slot, let place): places[slot] = place
                case .explore(let number):
                    guard self.set.insert(number) else { continue }
                    steps += 1
                    switch program.instructions[number] {
                    case .take, .match:
                        self.order.append(number)
                        self.places += places
                    case .split(let one, let other):
                        pending.append(.explore(other))
                        pending.append(.explore(one))
                    case .save(let slot, let next):
                        pending.append(.restore(slot: slot, place: places[slot]))
                        places[slot] = position
                        pending.append(.explore(next))
                    case .check(let assertion, let next):
                        if RegularExpressionProgram.holds(assertion, at: position, in: bytes) {
                            pending.append(.explore(next))
                        }
                    }
                }
            }
        }
    }
}
