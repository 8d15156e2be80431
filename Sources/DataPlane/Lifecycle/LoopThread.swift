import Glibc
package import TunnelEngine

/// Runs an event loop on a thread of its own.
package enum LoopThread {
    /// Starts the thread; false when the system has none left.
    package static func start(_ loop: EventLoop) -> Bool {
        let context = Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let failure = pthread_create(
            &thread,
            nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<EventLoop>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        guard failure == 0 else {
            context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
