/// How Istio's Telemetry resource changes the request metrics of a service, ready for use.
///
/// Metrics whose labels are changed in the same way share a ``MetricGroup``, so that without changes one look-up serves
/// all metrics of a request.
package struct MetricRules: Sendable {
    /// A change to the metrics, as the Telemetry resource says it.
    package struct Override: Hashable, Sendable {
        /// A change to a label.
        package struct Tag: Hashable, Sendable {
            /// The label.
            package var name: String
            /// The expression whose value it gets; nil removes it.
            package var value: String?

            /// Names a change.
            package init(_ name: String, value: String?) {
                self.name = name
                self.value = value
            }
        }

        /// The metric by the name of Istio's API; empty for all.
        package var metric = ""
        /// Whether it is not counted at all.
        package var isDisabled = false
        /// Changes to labels.
        package var tags: [Tag] = []

        /// No change.
        package init() {}
    }

    /// Why an override can't be used.
    package enum Failure: Error, Hashable, Sendable {
        /// No metric has this name.
        case unknownMetric(String)
        /// The label's name is no name for a label.
        case invalidLabel(String)
        /// More labels are changed than there may be.
        case tooManyLabels(Int)
        /// The label's expression can't be used.
        case expression(label: String, ExpressionError)
    }

    /// The most labels that one metric's overrides may name.
    package static let maximumLabels = 32

    let groups: [MetricGroup]

    /// All metrics with Istio's labels.
    package static let standard = MetricRules(groups: [.standard])

    private init(groups: [MetricGroup]) { self.groups = groups }

    /// Compiles overrides; a later one wins over an earlier one.
    /// - Parameter headers: takes the headers that expressions ask for.
    package init(_ overrides: [Override], headers: inout HeaderPlan) throws(Failure) {
        guard !overrides.isEmpty else {
            self = .standard
            return
        }
        var changes: [[Override.Tag]] = RequestMetric.allCases.map { _ in [] }
        var disabled = RequestMetric.Mask()
        for override in overrides {
            let chosen = RequestMetric.allCases.filter { metric in
                override.metric.isEmpty || override.metric == "ALL_METRICS" || metric.telemetryName == override.metric
            }
            guard !chosen.isEmpty else { throw .unknownMetric(override.metric) }
            for metric in chosen {
                if override.isDisabled {
                    disabled.insert(RequestMetric.Mask(metric))
                } else {
                    disabled.remove(RequestMetric.Mask(metric))
                }
                for tag in override.tags {
                    changes[metric.rawValue].removeAll { $0.name == tag.name }
                    changes[metric.rawValue].append(tag)
                }
            }
        }
        var groups: [(tags: [Override.Tag], mask: RequestMetric.Mask)] = []
        for metric in RequestMetric.allCases where !disabled.has(metric) {
            let tags = changes[metric.rawValue].sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            if let index = groups.firstIndex(where: { $0.tags == tags }) {
                groups[index].mask.insert(RequestMetric.Mask(metric))
            } else {
                groups.append((tags, RequestMetric.Mask(metric)))
            }
        }
        var made: [MetricGroup] = []
        for group in groups { made.append(try MetricGroup(group.tags, mask: group.mask, headers: &headers)) }
        self.groups = made
    }
}

/// Metrics whose labels are made in the same way.
final class MetricGroup: Sendable {
    /// Labels that were changed, by their place among the standard ones.
    private let replaced: [String: Expression]
    private let removed: Set<String>
    private let added: [(name: String, value: Expression)]
    /// The values that must be worked out for every request, in the order in which a key has them.
    private let expressions: [Expression]
    let mask: RequestMetric.Mask

    static let standard = MetricGroup(mask: .all)

    private init(mask: RequestMetric.Mask) {
        self.mask = mask
        self.replaced = [:]
        self.removed = []
        self.added = []
        self.expressions = []
    }

    init(
        _ tags: [MetricRules.Override.Tag],
        mask: RequestMetric.Mask,
        headers: inout HeaderPlan
    ) throws(MetricRules.Failure) {
        guard tags.count <= MetricRules.maximumLabels else { throw .tooManyLabels(tags.count) }
        var replaced: [String: Expression] = [:]
        var removed: Set<String> = []
        var added: [(name: String, value: Expression)] = []
        var expressions: [Expression] = []
        for tag in tags {
            guard Self.isLabel(tag.name) else { throw .invalidLabel(tag.name) }
            guard let text = tag.value else {
                removed.insert(tag.name)
                continue
            }
            let expression: Expression
            do throws(ExpressionError) {
                expression = try Expression(parsing: text, headers: &headers)
            } catch {
                throw .expression(label: tag.name, error)
            }
            if RequestLabels.httpNames.contains(tag.name) {
                replaced[tag.name] = expression
            } else {
                added.append((tag.name, expression))
            }
            expressions.append(expression)
        }
        self.mask = mask
        self.replaced = replaced
        self.removed = removed
        self.added = added
        self.expressions = expressions
    }

    /// Whether a name may be a label's: Prometheus' rule, without its own `__` names and `le`.
    private static func isLabel(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), name != "le", !name.hasPrefix("__") else { return false }
        return name.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
            default: false
            }
        }
    }

    /// Whether Istio's labels stand as they are.
    var isStandard: Bool { self.expressions.isEmpty && self.removed.isEmpty }

    /// The values that this request gives to changed labels; empty without any.
    func worked(_ record: RequestRecord) -> [String] {
        if self.expressions.isEmpty { return [] }
        return self.expressions.map { $0.label(of: record) }
    }

    /// The key of the series of these labels.
    func key(_ labels: RequestLabels, _ record: RequestRecord) -> SeriesKey {
        let names = labels.names
        let values = labels.values
        guard !self.isStandard else {
            return SeriesKey(names: names, values: values, isTCP: labels.outcome.isTCP)
        }
        var keptNames: [String] = []
        var keptValues: [String] = []
        for (name, value) in zip(names, values) where !self.removed.contains(name) {
            keptNames.append(name)
            keptValues.append(self.replaced[name]?.label(of: record) ?? value)
        }
        for (name, expression) in self.added {
            keptNames.append(name)
            keptValues.append(expression.label(of: record))
        }
        return SeriesKey(names: keptNames, values: keptValues, isTCP: labels.outcome.isTCP)
    }
}
