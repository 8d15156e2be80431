// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A PayloadPolicy.
    package struct PayloadPolicy: ProtoMessage {
        /// Namespace.
        package var namespace: String = ""
        /// Name.
        package var name: String = ""
        /// Action.
        package var action: TulleL7.PayloadPolicy.Action = TulleL7.PayloadPolicy.Action(rawValue: 0)
        /// Dry run.
        package var dryRun: Bool = false
        /// Methods.
        package var methods: [String] = []
        /// Paths.
        package var paths: [String] = []
        /// Content types.
        package var contentTypes: [String] = []
        /// Max bytes.
        package var maxBytes: UInt32 = 0
        /// Max depth.
        package var maxDepth: UInt32 = 0
        /// Max keys.
        package var maxKeys: UInt32 = 0
        /// Timeout ms.
        package var timeoutMilliseconds: UInt32 = 0
        /// Oversize.
        package var oversize: TulleL7.PayloadPolicy.Reaction = TulleL7.PayloadPolicy.Reaction(rawValue: 0)
        /// Malformed.
        package var malformed: TulleL7.PayloadPolicy.Reaction = TulleL7.PayloadPolicy.Reaction(rawValue: 0)
        /// Compressed.
        package var compressed: TulleL7.PayloadPolicy.Reaction = TulleL7.PayloadPolicy.Reaction(rawValue: 0)
        /// Rules.
        package var rules: [TulleL7.PayloadPolicy.Rule] = []
        /// The answer; zero for 403.
        package var status: UInt32 = 0
        /// Body.
        package var body: String = ""
        /// Headers.
        package var headers: [TulleL7.Header] = []
        /// The route rules that it is for, by `RouteAction.origin`; none means all of the service.
        package var origins: [String] = []

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
            case 5: try reader.read(&self.methods, field)
            case 6: try reader.read(&self.paths, field)
            case 7: try reader.read(&self.contentTypes, field)
            case 8: try reader.read(&self.maxBytes, field)
            case 9: try reader.read(&self.maxDepth, field)
            case 10: try reader.read(&self.maxKeys, field)
            case 11: try reader.read(&self.timeoutMilliseconds, field)
            case 12: try reader.read(&self.oversize, field)
            case 13: try reader.read(&self.malformed, field)
            case 14: try reader.read(&self.compressed, field)
            case 15: try reader.read(&self.rules, field)
            case 16: try reader.read(&self.status, field)
            case 17: try reader.read(&self.body, field)
            case 18: try reader.read(&self.headers, field)
            case 19: try reader.read(&self.origins, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.namespace, 1)
            writer.write(self.name, 2)
            writer.write(self.action, 3)
            writer.write(self.dryRun, 4)
            writer.write(self.methods, 5)
            writer.write(self.paths, 6)
            writer.write(self.contentTypes, 7)
            writer.write(self.maxBytes, 8)
            writer.write(self.maxDepth, 9)
            writer.write(self.maxKeys, 10)
            writer.write(self.timeoutMilliseconds, 11)
            writer.write(self.oversize, 12)
            writer.write(self.malformed, 13)
            writer.write(self.compressed, 14)
            writer.write(self.rules, 15)
            writer.write(self.status, 16)
            writer.write(self.body, 17)
            writer.write(self.headers, 18)
            writer.write(self.origins, 19)
        }
    }
}

extension TulleL7.PayloadPolicy {
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
    }
}

extension TulleL7.PayloadPolicy {
    /// What happens to what can't be inspected.
    package struct Reaction: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// It is refused.
        package static let refuse = Self(rawValue: 0)
        /// It passes.
        package static let pass = Self(rawValue: 1)
        /// What is there is inspected.
        package static let prefix = Self(rawValue: 2)
    }
}

extension TulleL7.PayloadPolicy {
    /// Its kinds.
    package struct Operator: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `EXISTS`.
        package static let exists = Self(rawValue: 0)
        /// `EQUALS`.
        package static let equals = Self(rawValue: 1)
        /// `IN`.
        package static let `in` = Self(rawValue: 2)
        /// `REGEX`.
        package static let regex = Self(rawValue: 3)
        /// `LESS`.
        package static let less = Self(rawValue: 4)
        /// `LESS_OR_EQUAL`.
        package static let lessOrEqual = Self(rawValue: 5)
        /// `GREATER`.
        package static let greater = Self(rawValue: 6)
        /// `GREATER_OR_EQUAL`.
        package static let greaterOrEqual = Self(rawValue: 7)
        /// `STARTS_WITH`.
        package static let startsWith = Self(rawValue: 8)
        /// `LENGTH_GREATER`.
        package static let lengthGreater = Self(rawValue: 9)
        /// A part of the text fits a pattern.
        package static let found = Self(rawValue: 10)
        /// The request says one of these types of its body; `pointer` is empty.
        package static let contentType = Self(rawValue: 11)
    }
}

extension TulleL7.PayloadPolicy {
    /// One condition on the payload. Exactly one of `all`, `any`, `none` and `field` is there.
    package struct Rule: ProtoMessage {
        /// Name.
        package var name: String = ""
        /// All.
        package var all: TulleL7.PayloadPolicy.RuleList?
        /// Any.
        package var any: TulleL7.PayloadPolicy.RuleList?
        /// None.
        package var none: TulleL7.PayloadPolicy.RuleList?
        /// Field.
        package var field: TulleL7.PayloadPolicy.Field?

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.all, field)
            case 3: try reader.read(&self.any, field)
            case 4: try reader.read(&self.none, field)
            case 5: try reader.read(&self.field, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.all, 2)
            writer.write(self.any, 3)
            writer.write(self.none, 4)
            writer.write(self.field, 5)
        }
    }
}

extension TulleL7.PayloadPolicy {
    /// A RuleList.
    package struct RuleList: ProtoMessage {
        /// Rules.
        package var rules: [TulleL7.PayloadPolicy.Rule] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.rules, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.rules, 1)
        }
    }
}

extension TulleL7.PayloadPolicy {
    /// A condition on one field.
    package struct Field: ProtoMessage {
        /// A JSON pointer (RFC 6901), or a form field's name.
        package var pointer: String = ""
        /// Form.
        package var form: Bool = false
        /// Operator.
        package var `operator`: TulleL7.PayloadPolicy.Operator = TulleL7.PayloadPolicy.Operator(rawValue: 0)
        /// Text, or decimal numbers as text.
        package var values: [String] = []
        /// What holds where the field is missing.
        package var ifMissing: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.pointer, field)
            case 2: try reader.read(&self.form, field)
            case 3: try reader.read(&self.operator, field)
            case 4: try reader.read(&self.values, field)
            case 5: try reader.read(&self.ifMissing, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.pointer, 1)
            writer.write(self.form, 2)
            writer.write(self.operator, 3)
            writer.write(self.values, 4)
            writer.write(self.ifMissing, 5)
        }
    }
}
