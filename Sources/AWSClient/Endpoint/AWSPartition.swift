/// A group of regions under one DNS suffix.
package struct AWSPartition: Sendable, Hashable {
    /// As in ARNs: `aws`, `aws-cn`, …
    package var id: String
    /// Such as `amazonaws.com`.
    package var suffix: String
    /// The suffix of endpoints that speak IPv6 too; `nil` when there are none.
    package var dualStackSuffix: String?
    /// Where global services are signed for.
    package var globalRegion: String

    /// The partition of a region, by the region's name; regions that nobody knows yet count as `aws`.
    package init(region: String) {
        self =
            if region.hasPrefix("cn-") {
                Self("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1")
            } else if region.hasPrefix("us-gov-") {
                Self("aws-us-gov", "amazonaws.com", "api.aws", "us-gov-west-1")
            } else if region.hasPrefix("eusc-") {
                Self("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1")
            } else if region.hasPrefix("us-isob-") {
                Self("aws-iso-b", "sc2s.sgov.gov", nil, "us-isob-east-1")
            } else if region.hasPrefix("us-isof-") || region.hasPrefix("eu-isof-") {
                Self("aws-iso-f", "csp.hci.ic.gov", nil, "us-isof-south-1")
            } else if region.hasPrefix("eu-isoe-") {
                Self("aws-iso-e", "cloud.adc-e.uk", nil, "eu-isoe-west-1")
            } else if region.hasPrefix("us-iso-") {
                Self("aws-iso", "c2s.ic.gov", nil, "us-iso-east-1")
            } else {
                Self("aws", "amazonaws.com", "api.aws", "us-east-1")
            }
    }

    private init(_ id: String, _ suffix: String, _ dualStackSuffix: String?, _ globalRegion: String) {
        self.id = id
        self.suffix = suffix
        self.dualStackSuffix = dualStackSuffix
        self.globalRegion = globalRegion
    }

    /// Whether the text can be a region: letters, digits and single hyphens, such as `us-east-1`.
    ///
    /// Regions become part of host names, so nothing else may pass.
    package static func isPlausible(region: String) -> Bool {
        let parts = region.split(separator: "-", omittingEmptySubsequences: false)
        return region.utf8.count <= 32 && parts.count >= 3
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    }
            }
    }

    /// The hosts that a signed `GetCallerIdentity` for this region may name; compared whole, never by prefix or suffix.
    ///
    /// Empty for a text that cannot be a region.
    package static func securityTokenHosts(region: String) -> Set<String> {
        guard Self.isPlausible(region: region) else { return [] }
        let partition = AWSPartition(region: region)
        var hosts: Set<String> = [
            "sts.\(region).\(partition.suffix)", "sts-fips.\(region).\(partition.suffix)",
        ]
        if let dualStack = partition.dualStackSuffix {
            hosts.insert("sts.\(region).\(dualStack)")
        }
        return hosts
    }
}
