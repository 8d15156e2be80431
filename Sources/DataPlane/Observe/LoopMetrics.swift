package import MeshTelemetry
package import TunnelEngine

/// How busy the event loops are. Istio's ztunnel shows its own runtime's `tokio_…` in their place.
package enum LoopMetrics {
    /// Adds the metrics; loop 0 is the control loop, the others carry connections.
    package static func add(to registry: MetricsRegistry, _ loops: [EventLoop]) {
        registry.sampled("tulle_loop_threads", help: "Event loops, each on a thread of its own.") {
            Double(loops.count)
        }
        registry.sampledCounters("tulle_loop_turns_total", help: "Turns of an event loop.", labels: ["loop"]) {
            loops.map { (values: ["\($0.index)"], count: $0.activity.turns) }
        }
        registry.sampledCounter(
            "tulle_loop_busy_seconds_total",
            help: "Time that an event loop did not wait.",
            labels: ["loop"]
        ) {
            loops.map { (values: ["\($0.index)"], value: $0.activity.busySeconds) }
        }
        registry.sampled("tulle_loop_descriptors", help: "Descriptors that an event loop watches.", labels: ["loop"]) {
            loops.map { (values: ["\($0.index)"], value: Double($0.activity.descriptors)) }
        }
        // What must not grow for ever.
        registry.sampled("tulle_loop_timers", help: "Timers that run.") {
            Double(loops.reduce(0) { $0 + $1.timerCount })
        }
        registry.sampledCounter(
            "tulle_accept_pauses_total",
            help: "Pauses of listeners because no descriptor or memory was left."
        ) { loops.reduce(0) { $0 + $1.shortageCount } }
    }
}
