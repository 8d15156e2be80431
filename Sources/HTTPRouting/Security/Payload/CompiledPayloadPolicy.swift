import MeshProtos

/// Which requests a PayloadPolicy is for; an empty list is no condition.
struct PayloadScope: Sendable {
    /// In lower case: a method that differs in case is still looked at.
    let methods: [String]
    let paths: [PathPattern]
    let types: [MediaTypePattern]
    let origins: [String]

    func holds(_ view: RequestView, _ media: [MediaType], origin: String) -> Bool {
        guard self.origins.isEmpty || self.origins.contains(where: { $0.utf8.elementsEqual(origin.utf8) }) else {
            return false
        }
        guard self.methods.isEmpty || self.methods.contains(view.method.foldedASCII) else { return false }
        guard self.paths.isEmpty || self.paths.contains(where: { $0.matches(view.path) }) else { return false }
        return self.types.isEmpty || self.types.contains { type in media.contains(where: type.matches) }
    }
}

/// A PayloadPolicy, ready to be asked.
struct CompiledPayloadPolicy: Sendable {
    /// The most bytes that may be inspected.
    static let maximumBytes = 1 << 20

    let policy: TulleL7.PayloadPolicy
    let scope: PayloadScope
    let rules: [PayloadRule]
    let pointers: [JSONPointer]
    let fields: [String]
    /// Looked for in the whole body.
    let patterns: [RegularExpression]
    let readsText: Bool
    /// Whether some rule asks for anything of the body, and not just for its type.
    let readsBody: Bool

    /// Whether it decides; AUDIT and dry runs only report.
    var isEnforced: Bool { !self.policy.dryRun && self.policy.action != .audit }

    /// Bytes; 16 KiB where nothing is said.
    var maximumBytes: Int {
        self.policy.maxBytes == 0 ? 16 << 10 : min(Int(self.policy.maxBytes), Self.maximumBytes)
    }

    /// Milliseconds; five seconds where nothing is said.
    var timeout: UInt64 { self.policy.timeoutMilliseconds == 0 ? 5_000 : UInt64(self.policy.timeoutMilliseconds) }

    var limits: JSONLimits {
        JSONLimits(
            bytes: self.maximumBytes,
            depth: self.policy.maxDepth == 0 ? 32 : min(Int(self.policy.maxDepth), 64),
            members: self.policy.maxKeys == 0 ? 1_000 : min(Int(self.policy.maxKeys), 100_000)
        )
    }

    /// The first rule that fits.
    func rule(_ content: PayloadContent) -> PolicyRule? {
        let isWide = self.policy.action != .allow
        for (index, rule) in self.rules.enumerated() where rule.holds(content, isWide: isWide) {
            return self.name(index)
        }
        return nil
    }

    func name(_ index: Int) -> PolicyRule {
        PolicyRule(namespace: self.policy.namespace, name: self.policy.name, index: index)
    }
}
