/// Messages of package `istio.security`: what ztunnel enforces.
package enum IstioSecurity {
    /// The type URL of ``Authorization``.
    package static let authorizationTypeURL = "type.googleapis.com/istio.security.Authorization"
}

extension IstioSecurity {
    /// One authorization policy.
    package struct Authorization: ProtoMessage {
        /// Its name.
        package var name = ""
        /// Its namespace.
        package var namespace = ""
        /// Which workloads it applies to.
        package var scope = Scope(rawValue: 0)
        /// What a match means.
        package var action = Action(rawValue: 0)
        /// Any of these must match; without rules nothing matches.
        package var rules: [Rule] = []
        /// Whether it is only logged.
        package var isDryRun = false
        /// Data for others.
        package var extensions: [Extension] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.namespace, field)
            case 3: try reader.read(&self.scope, field)
            case 4: try reader.read(&self.action, field)
            case 5: try reader.read(&self.rules, field)
            case 6: try reader.read(&self.isDryRun, field)
            case 7: try reader.read(&self.extensions, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.namespace, 2)
            writer.write(self.scope, 3)
            writer.write(self.action, 4)
            writer.write(self.rules, 5)
            writer.write(self.isDryRun, 6)
            writer.write(self.extensions, 7)
        }
    }
}

extension IstioSecurity.Authorization {
    /// Which workloads a policy applies to.
    package struct Scope: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// All.
        package static let everywhere = Self(rawValue: 0)
        /// Those of its namespace.
        package static let namespace = Self(rawValue: 1)
        /// Those that list it.
        package static let workloadSelector = Self(rawValue: 2)
    }
}

extension IstioSecurity.Authorization {
    /// What a match means.
    package struct Action: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// The connection may pass.
        package static let allow = Self(rawValue: 0)
        /// It may not.
        package static let deny = Self(rawValue: 1)
    }
}

extension IstioSecurity {
    /// All of its clauses must match; without clauses everything matches.
    package struct Rule: ProtoMessage {
        /// The clauses.
        package var clauses: [Clause] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.clauses, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.clauses, 1)
        }
    }
}

extension IstioSecurity {
    /// Any of its matches must match; without matches everything matches.
    package struct Clause: ProtoMessage {
        /// The matches.
        package var matches: [Match] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 2: try reader.read(&self.matches, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.matches, 2)
        }
    }
}
