/// How many event loops carry connections, by upstream's rules.
package struct WorkerThreads: Hashable, Sendable {
    /// What was asked for.
    package enum Choice: Hashable, Sendable {
        /// By the container's CPU limit and request, or a quarter of the machine.
        case automatic
        /// As many as there are CPUs.
        case all
        /// This many.
        case count(Int)
        /// This share of the CPUs, 1 to 100.
        case percent(Int)
    }

    /// The most event loops one process has.
    package static let maximum = 64

    /// What was asked for.
    package var choice = Choice.automatic
    /// The container's CPU limit in whole CPUs, rounded up (`ZTUNNEL_RESOURCE_CPU_LIMIT`); nil for none.
    package var resourceLimit: Int?
    /// The container's CPU request in whole CPUs, rounded up (`ZTUNNEL_RESOURCE_CPU_REQUEST`).
    package var resourceRequest = 0
    /// The CPUs to count where there is no limit (`ZTUNNEL_CPU_LIMIT`); nil counts the machine's.
    package var processorLimit: Int?

    /// By the machine.
    package init(_ choice: Choice = .automatic) { self.choice = choice }

    /// The number on a machine with `processors` CPUs; at least 1 and at most ``maximum``.
    package func count(processors: Int) -> Int {
        let processors = max(self.resourceLimit ?? self.processorLimit ?? processors, 1)
        let wanted =
            switch self.choice {
            case .all: processors
            case .count(let count): count
            case .percent(let percent): (min(processors, Self.maximum * 100) * percent + 99) / 100
            case .automatic:
                if let limit = self.resourceLimit {
                    max(limit, self.resourceRequest)
                } else {
                    // Upstream has at least two; on one CPU a second loop only costs memory.
                    max((processors - 1) / 4 + 1, self.resourceRequest, min(2, processors))
                }
            }
        return min(max(wanted, 1), Self.maximum)
    }

    /// Reads `0` (all), a number, or a percentage such as `50%`.
    package static func choice(_ text: String) -> Choice? {
        let isPercent = text.hasSuffix("%")
        let digits = isPercent ? text.dropLast() : text[...]
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(digits)
        else { return nil }
        if isPercent { return (1...100).contains(number) ? .percent(number) : nil }
        return number == 0 ? .all : self.choice(count: number)
    }

    /// A number of event loops; nil beyond ``maximum``.
    package static func choice(count: Int) -> Choice? { (1...self.maximum).contains(count) ? .count(count) : nil }

    /// What ``choice(_:)`` takes.
    package static let allowedChoice =
        "0 (all CPUs), a number up to \(WorkerThreads.maximum), or a percentage such as 50%"

    /// What ``quantity(_:)`` takes.
    package static let allowedQuantity = "CPUs as Kubernetes writes them, such as 2, 1.5 or 500m, at most 100000"

    /// Reads a Kubernetes quantity of CPUs, rounded up to whole ones; nil unless it is positive.
    package static func quantity(_ text: String) -> Int? {
        let isMilli = text.hasSuffix("m")
        let parts = (isMilli ? text.dropLast() : text[...]).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.count == 1 || !isMilli,
            parts.allSatisfy({ (1...9).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let whole = parts.first.flatMap({ Int($0) })
        else { return nil }
        let rounded: Int
        if isMilli {
            rounded = (whole + 999) / 1_000
        } else {
            let hasFraction = parts.count == 2 && parts[1].utf8.contains { $0 != UInt8(ascii: "0") }
            rounded = whole + (hasFraction ? 1 : 0)
        }
        return (1...100_000).contains(rounded) ? rounded : nil
    }
}
