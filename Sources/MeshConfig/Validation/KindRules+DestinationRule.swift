extension KindRules {
    mutating func destinationRule(_ spec: SpecCursor) {
        self.exportTo(spec)
        self.trafficPolicy(spec["trafficPolicy"])
        let subsets = spec.list("subsets")
        self.report.refuseDuplicates(subsets, "subset") { $0.text("name") ?? "" }
        for subset in subsets {
            if let name = subset["name"], !TextForm.isLabelName(name.text[...]) {
                self.report.error(
                    .badValue,
                    name,
                    "\(Quoted(name.text)) must be up to 63 letters, digits, '-', '_', '.'"
                )
            }
            self.trafficPolicy(subset["trafficPolicy"])
        }
    }

    private mutating func trafficPolicy(_ policy: SpecCursor?) {
        guard let policy else { return }
        self.portPolicy(policy)
        let ports = policy.list("portLevelSettings")
        self.report.refuseDuplicates(ports, "port") { "\($0["port"]?.value["number"]?.integer ?? 0)" }
        for port in ports { self.portPolicy(port) }
    }

    private mutating func portPolicy(_ policy: SpecCursor) {
        if let http = policy["connectionPool"]?["http"], http.text("h2UpgradePolicy") == "UPGRADE",
            http.value["useClientProtocol"]?.flag == true
        {
            self.report.error(.contradiction, http, "h2UpgradePolicy UPGRADE can't stand beside useClientProtocol")
        }
        if let detection = policy["outlierDetection"], detection["consecutiveLocalOriginFailures"] != nil,
            detection.value["splitExternalLocalOriginErrors"]?.flag != true
        {
            self.report.error(
                .contradiction,
                detection,
                "consecutiveLocalOriginFailures needs splitExternalLocalOriginErrors: true"
            )
        }
        if let table = policy["loadBalancer"]?["consistentHash"]?["maglev"]?["tableSize"],
            let size = table.value.integer, !Self.isPrime(size)
        {
            self.report.error(.badValue, table, "\(size) must be a prime number")
        }
        self.locality(policy["loadBalancer"]?["localityLbSetting"])
        if let tls = policy["tls"] { self.tls(tls) }
    }

    private mutating func tls(_ tls: SpecCursor) {
        let mode = tls.text("mode") ?? ""
        let idle: [String]
        switch mode {
        case "MUTUAL":
            idle = []
            for field in ["clientCertificate", "privateKey"] where tls[field] == nil {
                self.report.error(.contradiction, tls, "mode MUTUAL needs \(field)")
            }
        case "SIMPLE": idle = ["clientCertificate", "privateKey"]
        default:
            idle = [
                "sni", "subjectAltNames", "insecureSkipVerify", "caCertificates", "clientCertificate", "privateKey",
            ]
        }
        for field in idle where tls[field] != nil {
            self.report.warning(.noEffect, tls, "\(field) has no effect with mode \(mode)")
        }
        guard !idle.contains("sni"), tls.value["insecureSkipVerify"]?.flag == true else { return }
        if tls["caCertificates"] != nil {
            self.report.error(
                .contradiction,
                tls,
                "caCertificates can't stand beside insecureSkipVerify: nobody is checked"
            )
        }
        if tls["subjectAltNames"] != nil {
            self.report.warning(.noEffect, tls, "subjectAltNames has no effect with insecureSkipVerify")
        }
    }

    mutating func locality(_ setting: SpecCursor?) {
        for entry in setting?.list("distribute") ?? [] {
            let shares = entry["to"]?.entries.compactMap { $0.value.value.integer } ?? []
            if shares.reduce(0, +) != 100 {
                self.report.error(.contradiction, entry, "the shares of `to` must make 100 together")
            }
        }
        for entry in setting?.list("failover") ?? [] where entry.text("from") == entry.text("to") {
            self.report.error(.contradiction, entry, "from and to are the same region")
        }
    }

    /// By trial division: sizes are at most 5,000,011, so that is some two thousand steps.
    private static func isPrime(_ number: Int64) -> Bool {
        guard number > 3 else { return number > 1 }
        var divisor: Int64 = 2
        while divisor * divisor <= number {
            if number % divisor == 0 { return false }
            divisor += 1
        }
        return true
    }
}
