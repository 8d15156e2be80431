/// Which workloads something may concern.
struct WorkloadScope: Hashable {
    /// Those of one namespace; nil for all.
    var namespace: String?
    /// Only those with all of these labels.
    var labels: [String: String]

    init(namespace: String?, labels: [String: String] = [:]) {
        self.namespace = namespace
        self.labels = labels
    }
}
