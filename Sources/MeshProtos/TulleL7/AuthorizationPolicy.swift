// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// An AuthorizationPolicy, with Istio's meaning of its fields.
    package struct AuthorizationPolicy: ProtoMessage {
        /// Namespace.
        package var namespace: String = ""
        /// Name.
        package var name: String = ""
        /// Action.
        package var action: TulleL7.AuthorizationPolicy.Action = TulleL7.AuthorizationPolicy.Action(rawValue: 0)
        /// It is evaluated and counted, not enforced.
        package var dryRun: Bool = false
        /// For CUSTOM: the authorizer's name in the waypoint's settings.
        package var provider: String = ""
        /// Rules.
        package var rules: [TulleL7.AuthorizationPolicy.Rule] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.namespace, field)
            case 2: try reader.read(&self.name, field)
            case 3: try reader.read(&self.action, field)
            case 4: try reader.read(&self.dryRun, field)
            case 5: try reader.read(&self.provider, field)
            case 6: try reader.read(&self.rules, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.namespace, 1)
            writer.write(self.name, 2)
            writer.write(self.action, 3)
            writer.write(self.dryRun, 4)
            writer.write(self.provider, 5)
            writer.write(self.rules, 6)
        }
    }
}

extension TulleL7.AuthorizationPolicy {
    /// What a match means.
    package struct Action: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `ALLOW`.
        package static let allow = Self(rawValue: 0)
        /// `DENY`.
        package static let deny = Self(rawValue: 1)
        /// `AUDIT`.
        package static let audit = Self(rawValue: 2)
        /// `CUSTOM`.
        package static let custom = Self(rawValue: 3)
    }
}

extension TulleL7.AuthorizationPolicy {
    /// One way to match: any of `from`, any of `to`, all of `when`.
    package struct Rule: ProtoMessage {
        /// From.
        package var from: [TulleL7.AuthorizationPolicy.Source] = []
        /// To.
        package var to: [TulleL7.AuthorizationPolicy.Operation] = []
        /// When.
        package var when: [TulleL7.AuthorizationPolicy.Condition] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.from, field)
            case 2: try reader.read(&self.to, field)
            case 3: try reader.read(&self.when, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.from, 1)
            writer.write(self.to, 2)
            writer.write(self.when, 3)
        }
    }
}

extension TulleL7.AuthorizationPolicy {
    /// Each field holds if it is empty or one of its values fits; `not_…` if none does.
    package struct Source: ProtoMessage {
        /// Principals.
        package var principals: [String] = []
        /// Not principals.
        package var notPrincipals: [String] = []
        /// Request principals.
        package var requestPrincipals: [String] = []
        /// Not request principals.
        package var notRequestPrincipals: [String] = []
        /// Namespaces.
        package var namespaces: [String] = []
        /// Not namespaces.
        package var notNamespaces: [String] = []
        /// Service accounts.
        package var serviceAccounts: [String] = []
        /// Not service accounts.
        package var notServiceAccounts: [String] = []
        /// Ip blocks.
        package var ipBlocks: [String] = []
        /// Not ip blocks.
        package var notIpBlocks: [String] = []
        /// Remote ip blocks.
        package var remoteIpBlocks: [String] = []
        /// Not remote ip blocks.
        package var notRemoteIpBlocks: [String] = []
        /// Trust domains.
        package var trustDomains: [String] = []
        /// Not trust domains.
        package var notTrustDomains: [String] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.principals, field)
            case 2: try reader.read(&self.notPrincipals, field)
            case 3: try reader.read(&self.requestPrincipals, field)
            case 4: try reader.read(&self.notRequestPrincipals, field)
            case 5: try reader.read(&self.namespaces, field)
            case 6: try reader.read(&self.notNamespaces, field)
            case 7: try reader.read(&self.serviceAccounts, field)
            case 8: try reader.read(&self.notServiceAccounts, field)
            case 9: try reader.read(&self.ipBlocks, field)
            case 10: try reader.read(&self.notIpBlocks, field)
            case 11: try reader.read(&self.remoteIpBlocks, field)
            case 12: try reader.read(&self.notRemoteIpBlocks, field)
            case 13: try reader.read(&self.trustDomains, field)
            case 14: try reader.read(&self.notTrustDomains, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.principals, 1)
            writer.write(self.notPrincipals, 2)
            writer.write(self.requestPrincipals, 3)
            writer.write(self.notRequestPrincipals, 4)
            writer.write(self.namespaces, 5)
            writer.write(self.notNamespaces, 6)
            writer.write(self.serviceAccounts, 7)
            writer.write(self.notServiceAccounts, 8)
            writer.write(self.ipBlocks, 9)
            writer.write(self.notIpBlocks, 10)
            writer.write(self.remoteIpBlocks, 11)
            writer.write(self.notRemoteIpBlocks, 12)
            writer.write(self.trustDomains, 13)
            writer.write(self.notTrustDomains, 14)
        }
    }
}

extension TulleL7.AuthorizationPolicy {
    /// As Source.
    package struct Operation: ProtoMessage {
        /// Hosts.
        package var hosts: [String] = []
        /// Not hosts.
        package var notHosts: [String] = []
        /// Ports.
        package var ports: [String] = []
        /// Not ports.
        package var notPorts: [String] = []
        /// Methods.
        package var methods: [String] = []
        /// Not methods.
        package var notMethods: [String] = []
        /// Paths.
        package var paths: [String] = []
        /// Not paths.
        package var notPaths: [String] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.hosts, field)
            case 2: try reader.read(&self.notHosts, field)
            case 3: try reader.read(&self.ports, field)
            case 4: try reader.read(&self.notPorts, field)
            case 5: try reader.read(&self.methods, field)
            case 6: try reader.read(&self.notMethods, field)
            case 7: try reader.read(&self.paths, field)
            case 8: try reader.read(&self.notPaths, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.hosts, 1)
            writer.write(self.notHosts, 2)
            writer.write(self.ports, 3)
            writer.write(self.notPorts, 4)
            writer.write(self.methods, 5)
            writer.write(self.notMethods, 6)
            writer.write(self.paths, 7)
            writer.write(self.notPaths, 8)
        }
    }
}

extension TulleL7.AuthorizationPolicy {
    /// An attribute with values that it must or must not have.
    package struct Condition: ProtoMessage {
        /// Key.
        package var key: String = ""
        /// Values.
        package var values: [String] = []
        /// Not values.
        package var notValues: [String] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.key, field)
            case 2: try reader.read(&self.values, field)
            case 3: try reader.read(&self.notValues, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.key, 1)
            writer.write(self.values, 2)
            writer.write(self.notValues, 3)
        }
    }
}
