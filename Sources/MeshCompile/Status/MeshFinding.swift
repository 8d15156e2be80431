/// Something that its owner should mend; the rest works on.
package struct MeshFinding: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The kinds of finding.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// All virtual addresses are taken.
        case addressesExhausted = "addresses_exhausted"
        /// A waypoint was asked for and does not stand in front of it.
        case waypointUnbound = "waypoint_unbound"
        /// A part of a declared resource has no effect.
        case withoutEffect = "without_effect"
    }

    /// Which kind.
    package var code: Code
    /// The name of what it is about.
    package var subject: String
    /// What was found and what to do.
    package var detail: String

    /// Joins the three.
    package init(_ code: Code, _ subject: String, _ detail: String) {
        self.code = code
        self.subject = subject
        self.detail = detail
    }

    package var description: String { "\(self.code.rawValue): \(self.subject): \(self.detail)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.subject, left.code.rawValue, left.detail) < (right.subject, right.code.rawValue, right.detail)
    }
}
