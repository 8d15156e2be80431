/// Reads what owners say by tags: prefix `tulle/`, with `ecs.solo.io/` as a second spelling of five of them.
///
/// A tag that cannot be used leaves a diagnostic and counts as absent; its other spelling is then not looked at either,
/// so that nobody gets a value they have already replaced.
package struct TagReader: Sendable, Hashable {
    /// What our own keys start with, slash included.
    package var prefix: String

    /// Keys of another product that mean the same, for those who move over.
    private static let aliasPrefix = "ecs.solo.io/"
    private static let aliasNames: Set<String> = [
        "namespace", "service-account", "hostname", "ports", "discovery-enabled",
    ]
    private static let names = [
        "discovery-enabled", "hostname", "locality", "mode", "namespace", "network", "policy-mode", "ports",
        "protocol-detect", "service-account", "waypoint", "weight",
    ]

    /// Most names in one hostname tag.
    private static let hostnameLimit = 8

    /// A reader; `prefix` is `tulle/` unless an organisation has its own.
    package init(prefix: String = "tulle/") {
        self.prefix = prefix
    }

    /// The settings in these tags. Tags of others are left alone.
    package func settings(_ tags: [String: String]) -> ObservedSettings {
        var settings = ObservedSettings()
        settings.isDiscoveryEnabled = self.read("discovery-enabled", tags, &settings, Self.truth)
        settings.namespace = self.read("namespace", tags, &settings, Self.label)
        settings.serviceAccount = self.read("service-account", tags, &settings, Self.label)
        settings.hostnames = self.read("hostname", tags, &settings, Self.hostnames) ?? []
        settings.ports = self.read("ports", tags, &settings) { PortList.parse($0) }
        settings.captureMode = self.read("mode", tags, &settings) { value in
            CaptureMode(rawValue: value).map(Reading.value)
                ?? .reason("must be one of \(CaptureMode.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        settings.waypoint = self.read("waypoint", tags, &settings, Self.waypoint)
        settings.network = self.read("network", tags, &settings, Self.label)
        settings.locality = self.read("locality", tags, &settings, Self.locality)
        settings.weight = self.read("weight", tags, &settings) { value in
            guard let weight = Int(value), (1...1_000).contains(weight) else {
                return .reason("must be a whole number 1–1000")
            }
            return .value(weight)
        }
        settings.isStrict = self.read("policy-mode", tags, &settings) { value in
            switch value {
            case "strict": .value(true)
            case "permissive": .value(false)
            default: .reason("must be permissive or strict")
            }
        }
        settings.detectsProtocol = self.read("protocol-detect", tags, &settings) { value in
            switch value {
            case "on": .value(true)
            case "off": .value(false)
            default: .reason("must be on or off")
            }
        }
        for (key, value) in tags.sorted(by: { $0.key < $1.key }) where key.hasPrefix(self.prefix) {
            guard !Self.names.contains(String(key.dropFirst(self.prefix.count))) else { continue }
            settings.diagnostics.append(
                TagDiagnostic(
                    key: key,
                    value: value,
                    reason: "is not known; known are \(Self.names.joined(separator: ", "))"
                )
            )
        }
        return settings
    }

    /// What a value was read as.
    enum Reading<Value> {
        case value(Value)
        /// What is allowed instead.
        case reason(String)
    }

    private func read<Value>(
        _ name: String,
        _ tags: [String: String],
        _ settings: inout ObservedSettings,
        _ parse: (String) -> Reading<Value>
    ) -> Value? {
        var keys = [self.prefix + name]
        if Self.aliasNames.contains(name) { keys.append(Self.aliasPrefix + name) }
        guard let key = keys.first(where: { tags[$0] != nil }), let value = tags[key] else { return nil }
        switch parse(value) {
        case .value(let read): return read
        case .reason(let reason):
            settings.diagnostics.append(TagDiagnostic(key: key, value: value, reason: reason))
            return nil
        }
    }

    private static func truth(_ value: String) -> Reading<Bool> {
        switch value {
        case "true": .value(true)
        case "false": .value(false)
        default: .reason("must be true or false")
        }
    }

    private static func label(_ value: String) -> Reading<String> {
        DNSName.isLabel(value[...])
            ? .value(value)
            : .reason("must be 1–63 of a–z, 0–9 and -, not starting or ending with -")
    }

    private static func hostnames(_ value: String) -> Reading<[String]> {
        let names = value.split(separator: " ").map { $0.hasSuffix(".") ? String($0.dropLast()) : String($0) }
        guard (1...Self.hostnameLimit).contains(names.count), names.allSatisfy({ DNSName.isHostname($0) }),
            Set(names).count == names.count
        else {
            return .reason(
                "must be 1–\(Self.hostnameLimit) different lower-case DNS names of two labels or more, a space between"
            )
        }
        return .value(names)
    }

    private static func waypoint(_ value: String) -> Reading<String> {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ DNSName.isLabel($0) }) else {
            return .reason("must be name or namespace/name, both DNS labels")
        }
        return .value(value)
    }

    private static func locality(_ value: String) -> Reading<String> {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), value.utf8.count <= 128, parts.allSatisfy({ DNSName.isLabel($0) }) else {
            return .reason("must be region, region/zone or region/zone/subzone")
        }
        return .value(value)
    }
}

/// The shape of names that end up in DNS and in SPIFFE ids.
enum DNSName {
    static func isLabel(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.last != UInt8(ascii: "-")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    static func isHostname(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253 && labels.count >= 2 && labels.allSatisfy(Self.isLabel)
            // All digits at the end would read as an IPv4 address.
            && !(labels.last?.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true)
    }
}
