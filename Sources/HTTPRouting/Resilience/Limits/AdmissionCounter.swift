import Synchronization

/// Counts what is under way up to a bound. The bound is exact, whichever loops count at the same time.
final class AdmissionCounter: Sendable {
    private let count = Atomic<Int>(0)
    private let bound = Atomic<Int>(.max)
    private let refused = Atomic<Int>(0)

    /// What is under way.
    var current: Int { self.count.load(ordering: .relaxed) }
    /// How many were refused so far.
    var refusals: Int { self.refused.load(ordering: .relaxed) }

    /// Changes the bound; zero is none. What is under way stays.
    func limit(to bound: UInt32) { self.bound.store(bound == 0 ? .max : Int(bound), ordering: .relaxed) }

    /// Takes a place; nil when all are taken.
    /// - Parameter always: takes it in any case.
    func admit(always: Bool = false) -> Admission? {
        let bound = self.bound.load(ordering: .relaxed)
        var count = self.count.load(ordering: .relaxed)
        while true {
            let isAbove = count >= bound
            if isAbove, !always {
                self.refuse()
                return nil
            }
            let (exchanged, original) = self.count.weakCompareExchange(
                expected: count,
                desired: count + 1,
                ordering: .relaxed
            )
            if exchanged {
                if isAbove { self.refuse() }
                return Admission(self)
            }
            count = original
        }
    }

    /// Counts one that was refused for another reason.
    func refuse() { self.refused.wrappingAdd(1, ordering: .relaxed) }

    fileprivate func release() { self.count.wrappingSubtract(1, ordering: .relaxed) }
}

/// A place under a bound. It is given back when this value ends, on whatever path that happens, and never twice.
package struct Admission: ~Copyable, Sendable {
    private let counter: AdmissionCounter

    fileprivate init(_ counter: AdmissionCounter) { self.counter = counter }

    deinit { self.counter.release() }

    /// Gives the place back now instead of at the end of the scope.
    package consuming func release() {}
}
