/// What an owner says about a service or task by tags; hints and constraints, never authority.
package struct ObservedSettings: Codable, Sendable, Hashable {
    /// `tulle/namespace`; `nil` leaves it to configuration.
    package var namespace: String?
    /// `tulle/service-account`; `nil` leaves it to configuration.
    package var serviceAccount: String?
    /// `tulle/hostname`: further names that the service answers to.
    package var hostnames: [String] = []
    /// `tulle/ports`; `nil` means that port mappings decide, an empty list cannot be written.
    package var ports: [ObservedPort]?
    /// `tulle/mode`.
    package var captureMode: CaptureMode?
    /// `tulle/waypoint`, as `namespace/name` or `name`.
    package var waypoint: String?
    /// `tulle/network`.
    package var network: String?
    /// `tulle/locality`.
    package var locality: String?
    /// `tulle/weight`, 1–1000.
    package var weight: Int?
    /// `tulle/policy-mode strict`: plain connections are refused. `nil` leaves it to configuration.
    package var isStrict: Bool?
    /// `tulle/protocol-detect on`. `nil` leaves it to configuration.
    package var detectsProtocol: Bool?
    /// `tulle/discovery-enabled`. On a cluster it opts in, on a service `false` opts out.
    package var isDiscoveryEnabled: Bool?
    /// What was wrong with the tags; a bad tag counts as absent.
    package var diagnostics: [TagDiagnostic] = []

    /// Nothing said.
    package init() {}
}

/// A tag that could not be used, and why.
package struct TagDiagnostic: Codable, Sendable, Hashable, CustomStringConvertible {
    /// The tag's key.
    package var key: String
    /// The tag's value, cut to 256 characters.
    package var value: String
    /// What is wrong and what is allowed.
    package var reason: String

    /// Holds the parts; a long value is cut.
    package init(key: String, value: String, reason: String) {
        self.key = key
        self.value = String(value.prefix(256))
        self.reason = reason
    }

    package var description: String { "tag \(self.key)=\"\(self.value)\": \(self.reason)" }
}
