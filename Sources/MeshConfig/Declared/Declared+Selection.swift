extension Declared {
    /// Which workloads of a namespace something is for: those that have all the labels. Istio's `WorkloadSelector`.
    package struct Selector: Hashable, Sendable {
        /// The labels; without any, every workload.
        package var matchLabels: [String: String]

        /// A selector by labels.
        package init(matchLabels: [String: String]) { self.matchLabels = matchLabels }

        /// Whether a workload with `labels` is selected.
        package func selects(_ labels: [String: String]) -> Bool {
            self.matchLabels.allSatisfy { labels[$0.key] == $0.value }
        }
    }

    /// Labels that namespaces must have: Kubernetes' `LabelSelector`.
    package struct LabelSelector: Hashable, Sendable {
        /// One condition on one label.
        package struct Requirement: Hashable, Sendable {
            package enum Operator: String, Hashable, Sendable, CaseIterable {
                case isIn = "In"
                case isNotIn = "NotIn"
                case exists = "Exists"
                case doesNotExist = "DoesNotExist"
            }

            /// The label.
            package var key: String
            /// How it is compared.
            package var operation: Operator
            /// With what; empty for the last two operators.
            package var values: [String]

            /// Makes a requirement.
            package init(key: String, operation: Operator, values: [String]) {
                self.key = key
                self.operation = operation
                self.values = values
            }
        }

        /// Labels with their values.
        package var matchLabels: [String: String]
        /// Further conditions; all must hold.
        package var matchExpressions: [Requirement]

        /// Makes a selector; without any condition it selects everything.
        package init(matchLabels: [String: String] = [:], matchExpressions: [Requirement] = []) {
            self.matchLabels = matchLabels
            self.matchExpressions = matchExpressions
        }

        /// Whether something with `labels` is selected.
        package func selects(_ labels: [String: String]) -> Bool {
            self.matchLabels.allSatisfy { labels[$0.key] == $0.value }
                && self.matchExpressions.allSatisfy { requirement in
                    let value = labels[requirement.key]
                    return switch requirement.operation {
                    case .isIn: value.map(requirement.values.contains) ?? false
                    case .isNotIn: value.map { !requirement.values.contains($0) } ?? true
                    case .exists: value != nil
                    case .doesNotExist: value == nil
                    }
                }
        }
    }

    /// What a policy is attached to: Istio's `PolicyTargetReference`.
    package struct TargetReference: Hashable, Sendable {
        /// The API group; empty for the core group.
        package var group: String
        /// The kind: Service, ServiceEntry, Gateway or GatewayClass.
        package var kind: String
        /// The name, in the policy's own namespace.
        package var name: String

        /// Makes a reference.
        package init(group: String, kind: String, name: String) {
            self.group = group
            self.kind = kind
            self.name = name
        }
    }
}
