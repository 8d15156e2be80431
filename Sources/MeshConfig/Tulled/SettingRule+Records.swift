/// The settings that hold several fields.
extension SettingRule {
    @Sendable static func splitBinding(_ text: String) -> [String: String]? {
        guard let equals = text.lastIndex(of: "=") else { return nil }
        let names = text[text.index(after: equals)...].split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2 else { return nil }
        return [
            "role": String(text[..<equals]), "namespace": String(names[0]), "serviceAccount": String(names[1]),
        ]
    }

    @Sendable static func applyBindings(
        _ configuration: inout TulledConfiguration,
        _ records: [[String: String]]
    ) -> String? {
        if records.count > 10_000 { return "\(records.count) bindings, at most 10000 are allowed" }
        configuration.bindings = []
        for record in records {
            guard let role = record["role"], let namespace = record["namespace"], let account = record["serviceAccount"]
            else { return "role, namespace and serviceAccount are all needed" }
            guard self.isRoleARN(role) else {
                return "role: \(self.quoted(role)) is no role: write arn:aws:iam::<account>:role/<name>"
            }
            for (field, value) in [("namespace", namespace), ("serviceAccount", account)]
            where !self.isLabel(value[...]) {
                return "\(field): \(self.quoted(value)) is no DNS label: write lower-case letters, digits and '-'"
            }
            configuration.bindings.append(
                TulledConfiguration.Binding(role: role, namespace: namespace, serviceAccount: account)
            )
        }
        return nil
    }

    private static func isRoleARN(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard text.utf8.count <= 2048, parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"),
            parts[2] == "iam", parts[3].isEmpty, self.account(String(parts[4])) == nil, parts[5].hasPrefix("role/"),
            let name = parts[5].split(separator: "/", omittingEmptySubsequences: false).last
        else { return false }
        return (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "*") }
    }

    @Sendable static func splitEndpoint(_ text: String) -> [String: String]? {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        return ["region": String(text[..<equals]), "url": String(text[text.index(after: equals)...])]
    }

    @Sendable static func applyEndpoints(
        _ configuration: inout TulledConfiguration,
        _ records: [[String: String]]
    ) -> String? {
        configuration.stsEndpoints = [:]
        for record in records {
            guard let region = record["region"], let url = record["url"] else {
                return "region and url are both needed"
            }
            if let wrong = self.region(region) { return "region: \(wrong)" }
            guard self.host(ofURL: url, schemes: ["http", "https"]) != nil else {
                return "url: \(self.quoted(url)) must have the form http://<host>:<port>, without a path"
            }
            guard configuration.stsEndpoints.updateValue(url, forKey: region) == nil else {
                return "region: \(self.quoted(region)) appears twice"
            }
        }
        return nil
    }

    @Sendable static func splitZone(_ text: String) -> [String: String]? {
        text.hasPrefix("id:") ? ["id": String(text.dropFirst(3))] : ["name": text]
    }

    @Sendable static func applyZones(
        _ configuration: inout TulledConfiguration,
        _ records: [[String: String]]
    ) -> String? {
        if records.count > 100 { return "\(records.count) zones, at most 100 are allowed" }
        configuration.zones = []
        for record in records {
            switch (record["id"], record["name"]) {
            case (.some(let id), nil):
                guard (1...32).contains(id.utf8.count), id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
                else { return "id: \(self.quoted(id)) is no hosted zone id" }
                configuration.zones.append(.id(id))
            case (nil, .some(let name)):
                let bare = name.hasSuffix(".") ? String(name.dropLast()) : name
                if let wrong = self.domain(bare) { return "name: \(wrong)" }
                configuration.zones.append(.name(bare))
            default:
                return "each zone needs either id or name"
            }
        }
        return nil
    }
}
