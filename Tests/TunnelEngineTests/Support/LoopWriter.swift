import Foundation

/// Runs what may block on a thread of its own.
enum LoopWriter {
    static func run(_ body: @escaping () -> Void) {
        let work = Unchecked(body)
        Thread.detachNewThread { work.value() }
    }
}
