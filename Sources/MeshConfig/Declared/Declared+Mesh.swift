extension Declared {
    /// `tulle.mesh/v1alpha1` ServiceAccountBinding: which AWS role is which service account (decision D4).
    package struct ServiceAccountBinding: Hashable, Sendable {
        /// The role's ARN, `arn:aws:iam::<account>:role/<path and name>`.
        package var role: String
        /// The namespace, a DNS label.
        package var namespace: String
        /// The service account, a DNS label.
        package var serviceAccount: String
        /// Names of the Lambda functions that it holds for, and then for nobody else; empty for tasks of ECS.
        package var functions: [String]

        /// Makes a binding.
        package init(role: String, namespace: String, serviceAccount: String, functions: [String] = []) {
            self.functions = functions
            self.role = role
            self.namespace = namespace
            self.serviceAccount = serviceAccount
        }
    }

    /// `tulle.mesh/v1alpha1` MeshConfig, the one named `default`: what holds for the whole mesh.
    package struct MeshConfig: Hashable, Sendable {
        package enum Visibility: String, Hashable, Sendable, CaseIterable {
            case `public` = "PUBLIC"
            case namespace = "NAMESPACE"
            case none = "NONE"
        }

        /// Which services entries of some namespaces may make visible: Istio's `serviceEntryVisibility`.
        package struct VisibilityRule: Hashable, Sendable {
            package var namespaceSelector: LabelSelector
            package var visibility: Visibility

            /// Makes a rule.
            package init(namespaceSelector: LabelSelector, visibility: Visibility) {
                self.namespaceSelector = namespaceSelector
                self.visibility = visibility
            }
        }

        package enum UnreadyWaypoint: String, Hashable, Sendable, CaseIterable {
            /// Connections to what is bound to it fail: the default, so that its policies can't be gone round.
            case refuse
            /// They go round it, as in Istio.
            case bypass
        }

        /// The namespace whose policies hold for the whole mesh. Default `tulle-system`.
        package var rootNamespace: String
        /// Trust domains whose identities are accepted beside the mesh's own.
        package var trustDomainAliases: [String]
        package var defaultVisibility: Visibility
        /// The first rule that selects a namespace decides; none means `defaultVisibility`.
        package var visibilityRules: [VisibilityRule]
        /// What holds for what is bound to a waypoint that is not there.
        package var unreadyWaypoint: UnreadyWaypoint
        /// Whether each waypoint's identity is let through to what is bound to it, and, where that is so, nobody else
        /// without an ALLOW policy: Istio's `PILOT_AUTO_ALLOW_WAYPOINT_POLICY`.
        package var allowsWaypoints: Bool
        /// What waypoints alone carry out, as written: `extensionProviders`, `pathNormalization`, `defaultProviders` and
        /// their like.
        package var traffic: ConfigValue

        /// The defaults.
        package init(
            rootNamespace: String = "tulle-system",
            trustDomainAliases: [String] = [],
            defaultVisibility: Visibility = .public,
            visibilityRules: [VisibilityRule] = [],
            unreadyWaypoint: UnreadyWaypoint = .refuse,
            allowsWaypoints: Bool = false,
            traffic: ConfigValue = .map([:])
        ) {
            self.rootNamespace = rootNamespace
            self.trustDomainAliases = trustDomainAliases
            self.defaultVisibility = defaultVisibility
            self.visibilityRules = visibilityRules
            self.unreadyWaypoint = unreadyWaypoint
            self.allowsWaypoints = allowsWaypoints
            self.traffic = traffic
        }
    }

    /// `tulle.mesh/v1alpha1` ECSAccount: an AWS account whose clusters are discovered.
    package struct ECSAccount: Hashable, Sendable {
        /// Which clusters: by name, or by tag; both empty for those tagged `tulle/discovery-enabled=true`.
        package struct ClusterSelection: Hashable, Sendable {
            package var names: [String]
            package var tags: [String: String]

            /// Makes a selection.
            package init(names: [String] = [], tags: [String: String] = [:]) {
                self.names = names
                self.tags = tags
            }
        }

        /// The account's twelve digits.
        package var account: String
        /// The role to assume there; nil for our own credentials.
        package var role: String?
        package var externalID: String?
        package var regions: [String]
        /// The suffix of its services' names; nil for the mesh's own.
        package var domain: String?
        /// The network of its tasks' addresses; nil for the mesh's own.
        package var network: String?
        package var clusters: ClusterSelection
        /// The namespaces that its tasks may be in, as `NamespacePattern` reads them; empty for all.
        package var namespaces: [String]
        /// URLs of SQS queues that hold the account's task state changes, by the queues' regions.
        package var eventQueues: [String: String]

        /// Makes an account.
        package init(
            account: String,
            role: String? = nil,
            externalID: String? = nil,
            regions: [String],
            domain: String? = nil,
            network: String? = nil,
            clusters: ClusterSelection = ClusterSelection(),
            namespaces: [String] = [],
            eventQueues: [String: String] = [:]
        ) {
            self.account = account
            self.role = role
            self.externalID = externalID
            self.regions = regions
            self.domain = domain
            self.network = network
            self.clusters = clusters
            self.namespaces = namespaces
            self.eventQueues = eventQueues
        }
    }
}
