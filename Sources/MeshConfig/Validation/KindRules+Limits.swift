extension KindRules {
    /// What a bucket may be kept for.
    private static let keys = ["principal", "namespace", "sourceIP"]

    mutating func rateLimitPolicy(_ spec: SpecCursor) {
        self.targetReferences(spec)
        self.report.refuseDuplicates(spec.list("limits").filter { $0["name"] != nil }, "limit") {
            $0.text("name") ?? ""
        }
        for limit in spec.list("limits") {
            if let window = limit["window"], let duration = DurationForms.gateway(window.text),
                duration < .seconds(1) || duration > .seconds(86_400)
            {
                self.report.error(.outOfRange, window, "\(window.text) must be from 1s to 24h")
            }
            if let match = limit["match"] { self.routeMatch(match) }
            self.report.refuseDuplicates(limit.list("key"), "key") { $0.text }
            for key in limit.list("key") where !Self.isKey(key.text) {
                let allowed = "\(Self.keys.joined(separator: ", ")), header:<name> or claim:<name>"
                self.report.error(.badValue, key, "\(Quoted(key.text)) must be \(allowed)")
            }
        }
    }

    private static func isKey(_ text: String) -> Bool {
        if self.keys.contains(text) { return true }
        if text.hasPrefix("header:") { return TextForm.isToken(String(text.dropFirst(7))) }
        return text.hasPrefix("claim:") && text.utf8.count > 6
    }

    mutating func healthCheckPolicy(_ spec: SpecCursor) {
        self.targetReferences(spec)
        for target in spec.list("targetRefs") where !["Service", "ServiceEntry"].contains(target.text("kind") ?? "") {
            self.report.error(.contradiction, target, "must be a Service or a ServiceEntry: endpoints are a service's")
        }
        for field in ["interval", "timeout"] {
            guard let cursor = spec[field], DurationForms.gateway(cursor.text) == .zero else { continue }
            self.report.error(.outOfRange, cursor, "must be more than 0")
        }
        if let timeout = spec["timeout"], let interval = spec.text("interval").flatMap(DurationForms.gateway),
            let time = DurationForms.gateway(timeout.text), time > interval
        {
            self.report.error(.contradiction, timeout, "must not be longer than interval")
        }
    }
}
