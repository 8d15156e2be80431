/// Where a workload runs; empty parts are unknown.
package struct Locality: Hashable, Sendable, CustomStringConvertible {
    /// The region, such as `eu-west-1`.
    package var region: String
    /// The zone, such as `eu-west-1b`.
    package var zone: String
    /// The part of the zone.
    package var subzone: String

    /// Joins the three.
    package init(region: String = "", zone: String = "", subzone: String = "") {
        self.region = region
        self.zone = zone
        self.subzone = subzone
    }

    /// `region/zone/subzone` without empty parts at the end.
    package var description: String {
        var parts = [self.region, self.zone, self.subzone]
        while parts.last?.isEmpty == true { parts.removeLast() }
        return parts.joined(separator: "/")
    }
}
