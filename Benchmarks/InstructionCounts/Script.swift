import Glibc
import Synchronization

/// Marks which instructions are a script's.
///
/// The tool counts from the call of ``countsBegin()`` to that of ``countsEnd()``, which it knows by their names, and takes
/// each count for the script whose line was written before.
enum Script {
    /// What was done before a script's work is counted: tables are filled, buffers grown, code bound.
    static let warmUp = 20

    /// Begins to count.
    /// - Parameters:
    ///   - name: the script's, with its group before a point.
    ///   - repetitions: how often its work is done until ``end()``.
    static func begin(_ name: String, _ repetitions: Int) {
        print("script \(name) \(repetitions)")
        fflush(nil)
        countsBegin()
    }

    /// Ends the count.
    static func end() { countsEnd() }

    /// Counts `work`, which does its work once a call.
    static func count(_ name: String, _ repetitions: Int, _ work: () throws -> Void) rethrows {
        for _ in 0..<self.warmUp { try work() }
        self.begin(name, repetitions)
        for _ in 0..<repetitions { try work() }
        self.end()
    }

    /// Ends the program: a script that went another way than it should counts nothing worth keeping.
    static func fail(_ reason: String, status: Int32 = 1) -> Never {
        let line = "InstructionCounts: \(reason)\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        exit(status)
    }
}

private let marks = Atomic<Int>(0)

/// Where a count begins. It does something, or it would be left out.
@inline(never)
func countsBegin() { marks.add(1, ordering: .relaxed) }

/// Where a count ends. It does something else than ``countsBegin()``, or the linker would make one of both.
@inline(never)
func countsEnd() { marks.subtract(1, ordering: .relaxed) }
