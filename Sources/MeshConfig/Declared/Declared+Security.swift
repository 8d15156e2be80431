extension Declared {
    /// `security.istio.io/v1` AuthorizationPolicy: who may connect.
    package struct AuthorizationPolicy: Hashable, Sendable {
        package enum Action: String, Hashable, Sendable, CaseIterable {
            case allow = "ALLOW"
            case deny = "DENY"
            case audit = "AUDIT"
            case custom = "CUSTOM"
        }

        /// One way to match: any of `from`, any of `to`, all of `when`.
        package struct Rule: Hashable, Sendable {
            /// Sources; none written means any.
            package var from: [Source]
            /// Operations; none written means any.
            package var to: [Operation]
            /// Further conditions.
            package var when: [Condition]

            /// Makes a rule.
            package init(from: [Source] = [], to: [Operation] = [], when: [Condition] = []) {
                self.from = from
                self.to = to
                self.when = when
            }
        }

        /// Where a request comes from; each field holds if it is empty or one of its values fits, `not…` if none does.
        package struct Source: Hashable, Sendable {
            package var principals: [String] = []
            package var notPrincipals: [String] = []
            package var requestPrincipals: [String] = []
            package var notRequestPrincipals: [String] = []
            package var namespaces: [String] = []
            package var notNamespaces: [String] = []
            package var serviceAccounts: [String] = []
            package var notServiceAccounts: [String] = []
            package var ipBlocks: [String] = []
            package var notIpBlocks: [String] = []
            package var remoteIpBlocks: [String] = []
            package var notRemoteIpBlocks: [String] = []
            package var trustDomains: [String] = []
            package var notTrustDomains: [String] = []

            /// A source that says nothing.
            package init() {}
        }

        /// What is asked for, as ``Source``.
        package struct Operation: Hashable, Sendable {
            package var hosts: [String] = []
            package var notHosts: [String] = []
            package var ports: [String] = []
            package var notPorts: [String] = []
            package var methods: [String] = []
            package var notMethods: [String] = []
            package var paths: [String] = []
            package var notPaths: [String] = []

            /// An operation that says nothing.
            package init() {}
        }

        /// `when`: an attribute with values that it must or must not have.
        package struct Condition: Hashable, Sendable {
            /// Istio's name of the attribute, such as `source.ip`.
            package var key: String
            package var values: [String]
            package var notValues: [String]

            /// Makes a condition.
            package init(key: String, values: [String] = [], notValues: [String] = []) {
                self.key = key
                self.values = values
                self.notValues = notValues
            }
        }

        /// For which workloads; nil for the whole namespace, or, in the root namespace, the mesh.
        package var selector: Selector?
        /// For which services or gateways: then it is a waypoint's. From `targetRef` and `targetRefs`.
        package var targetRefs: [TargetReference]
        /// What a match means.
        package var action: Action
        /// The extension provider of action CUSTOM.
        package var provider: String?
        /// The rules; nil and empty match nothing.
        package var rules: [Rule]

        /// Makes a policy.
        package init(
            selector: Selector? = nil,
            targetRefs: [TargetReference] = [],
            action: Action = .allow,
            provider: String? = nil,
            rules: [Rule] = []
        ) {
            self.selector = selector
            self.targetRefs = targetRefs
            self.action = action
            self.provider = provider
            self.rules = rules
        }
    }

    /// `security.istio.io/v1` PeerAuthentication: whether plain TCP is taken.
    package struct PeerAuthentication: Hashable, Sendable {
        package enum Mode: String, Hashable, Sendable, CaseIterable {
            case unset = "UNSET"
            case disable = "DISABLE"
            case permissive = "PERMISSIVE"
            case strict = "STRICT"
        }

        /// For which workloads; nil for the whole namespace, or, in the root namespace, the mesh.
        package var selector: Selector?
        /// The mode of all ports.
        package var mode: Mode
        /// Other modes, by the workload's port.
        package var portLevelModes: [UInt16: Mode]

        /// Makes one.
        package init(selector: Selector? = nil, mode: Mode = .unset, portLevelModes: [UInt16: Mode] = [:]) {
            self.selector = selector
            self.mode = mode
            self.portLevelModes = portLevelModes
        }
    }
}
