/// An AWS region, and what follows from its name.
package struct AWSRegion: Sendable, Hashable, CustomStringConvertible {
    /// Such as `eu-west-1`.
    package let name: String

    package var description: String { name }

    /// Takes a region's name.
    ///
    /// - Throws: ``AttestationError/regionMalformed(_:)`` unless it is lower-case words and a number joined by dashes.
    package init(_ name: String) throws(AttestationError) {
        let words = name.split(separator: "-", omittingEmptySubsequences: false)
        let isWord = { (word: Substring) in
            !word.isEmpty && word.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        }
        guard name.utf8.count <= 32, words.count >= 3, words.allSatisfy(isWord),
            words.last?.utf8.allSatisfy({ (0x30...0x39).contains($0) }) == true
        else {
            throw .regionMalformed(String(decoding: name.utf8.prefix(64), as: UTF8.self))
        }
        self.name = name
    }

    /// The region of the running task: `AWS_REGION`, then `AWS_DEFAULT_REGION`, then the task's ARN.
    ///
    /// - Parameters:
    ///   - environment: gives a variable's value; an empty one counts as absent.
    ///   - taskARN: `TaskARN` of the task metadata endpoint, where it was asked.
    /// - Throws: ``AttestationError`` when none is known, or the first one is malformed.
    package static func resolve(environment: (String) -> String?, taskARN: String?) throws(AttestationError)
        -> AWSRegion
    {
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let name = environment(variable), !name.isEmpty { return try AWSRegion(name) }
        }
        // arn:<partition>:ecs:<region>:<account>:task/…
        let parts = taskARN?.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false) ?? []
        guard parts.count == 6, parts[0] == "arn", parts[2] == "ecs" else { throw .regionUnknown }
        return try AWSRegion(String(parts[3]))
    }

    /// The host of this region's STS endpoint, by the partition that the name belongs to.
    package var stsHost: String { "sts.\(name).\(suffix)" }

    private var suffix: String {
        let suffixes = [
            ("cn-", "amazonaws.com.cn"), ("eusc-", "amazonaws.eu"), ("us-iso-", "c2s.ic.gov"),
            ("us-isob-", "sc2s.sgov.gov"), ("eu-isoe-", "cloud.adc-e.uk"), ("us-isof-", "csp.hci.ic.gov"),
            ("eu-isof-", "csp.hci.ic.gov"),
        ]
        return suffixes.first { name.hasPrefix($0.0) }?.1 ?? "amazonaws.com"
    }
}
