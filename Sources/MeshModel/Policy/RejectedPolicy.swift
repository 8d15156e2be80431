/// A policy that exists but could not be read. It may be a DENY, so what it covers is closed until it can be.
package struct RejectedPolicy: Hashable, Sendable {
    /// The workloads that it would apply to, as far as that could be read.
    package enum Coverage: Hashable, Sendable {
        /// All; also where the scope could not be read.
        case mesh
        /// Those of a namespace.
        case namespace(String)
        /// Those that list it.
        case listed
    }

    /// `namespace/name`, as xDS names it; empty for one without a name.
    package var key: String
    /// The workloads that it would apply to.
    package var coverage: Coverage

    /// Joins the two.
    package init(key: String, coverage: Coverage) {
        self.key = key
        self.coverage = coverage
    }

    /// Whether it would apply to the workloads of `namespace` without being listed.
    func covers(namespace: String) -> Bool {
        switch self.coverage {
        case .mesh: true
        case .namespace(let own): own == namespace
        case .listed: false
        }
    }
}
