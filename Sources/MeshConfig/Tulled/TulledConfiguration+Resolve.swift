import MeshModel
import Yams

extension TulledConfiguration {
    /// The largest configuration file, in bytes.
    package static let fileBytes = 1 << 20

    /// Puts a configuration together: flags win over the environment, that wins over the file, that over defaults.
    ///
    /// - Parameters:
    ///   - flags: the flags that were given, by name without dashes.
    ///   - environment: the process's environment.
    ///   - file: the configuration file's name and text, if there is one.
    /// - Returns: the configuration, or everything that is wrong, not only the first thing.
    package static func resolve(
        flags: [String: [String]],
        environment: [String: String],
        file: (name: String, text: String)?
    ) -> Result<TulledConfiguration, ConfigurationFaults> {
        var configuration = TulledConfiguration()
        var faults: [ConfigurationDiagnostic] = []
        if let file {
            var reader = TulledFileReader(file: file.name)
            reader.read(file.text, into: &configuration)
            faults += reader.faults
        }
        for setting in TulledSetting.all {
            if let values = flags[setting.flag], !values.isEmpty {
                setting.apply(values, place: .flag("--\(setting.flag)"), to: &configuration, faults: &faults)
            } else if let (name, value) = setting.environment.lazy.compactMap({ name in
                environment[name].map { (name, $0) }
            }).first {
                // AWS's own variables are a fallback only: a file that names regions knows better.
                if !name.hasPrefix("TULLED_"), !configuration.regions.isEmpty { continue }
                let values = value.split(separator: ",").map { $0.trimming(while: { $0 == " " }) }
                setting.apply(values, place: .environment(name), to: &configuration, faults: &faults)
            }
        }
        for name in environment.keys.sorted() where name.hasPrefix("TULLED_") {
            guard name != "TULLED_CONFIG", !TulledSetting.all.contains(where: { $0.environment.contains(name) }) else {
                continue
            }
            faults.append(.init(place: .environment(name), field: "", reason: "no setting has this name"))
        }
        if configuration.audience.isEmpty { configuration.audience = "\(configuration.trustDomain)/tulled" }
        faults += configuration.contradictions()
        return faults.isEmpty ? .success(configuration) : .failure(ConfigurationFaults(all: faults))
    }

    /// The host names and addresses that the server certificate must carry: the public URL's, the listen address's if
    /// it is a real one, and those asked for.
    package var certificateNames: [String] {
        var names = [SettingRule.host(ofURL: self.publicURL, schemes: ["https"])].compactMap { $0 }
        let isAny = self.listen.ip.bytes.allSatisfy { $0 == 0 }
        if !isAny { names.append("\(self.listen.ip)") }
        names += self.serverNames + ["localhost", "127.0.0.1"]
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    /// Where declared resources are read from.
    package var resourceDirectory: String {
        self.configurationDirectory.isEmpty ? "\(self.stateDirectory)/configuration" : self.configurationDirectory
    }

    /// What is wrong with the values together.
    private func contradictions() -> [ConfigurationDiagnostic] {
        var faults: [ConfigurationDiagnostic] = []
        func fault(_ field: String, _ reason: String) {
            faults.append(ConfigurationDiagnostic(place: .overall, field: field, reason: reason))
        }
        if self.regions.isEmpty {
            fault("regions", "name at least one AWS region, by --region, AWS_REGION or in the file")
        }
        if self.workloadLifetime > self.workloadMaximumLifetime {
            fault(
                "certificates.workloadDefault",
                "\(self.workloadLifetime) is longer than certificates.workloadMaximum, \(self.workloadMaximumLifetime)"
            )
        }
        if self.debounce > self.debounceMaximum {
            fault("push.debounce", "\(self.debounce) is longer than push.debounceMaximum, \(self.debounceMaximum)")
        }
        for region in self.stsEndpoints.keys.sorted() where !self.regions.contains(region) {
            fault("sts.endpoints", "'\(region)' is not among the regions")
        }
        if self.authority == .pluggedIn, self.authorityDirectory.isEmpty {
            fault("authority.directory", "is needed for authority.kind \(self.authority.rawValue)")
        }
        if self.authority == .secretsManager, self.authoritySecret.isEmpty {
            fault("authority.secret", "is needed for authority.kind \(self.authority.rawValue)")
        }
        if [.privateCA, .privateCALeaves].contains(self.authority), self.privateCA.isEmpty {
            fault("authority.privateCA", "is needed for authority.kind \(self.authority.rawValue)")
        }
        if !self.sharedTable.isEmpty, self.authority == .selfSigned {
            let allowed = Authority.allCases.filter { $0 != .selfSigned }.map(\.rawValue).joined(separator: ", ")
            fault(
                "authority.kind",
                "\(self.authority.rawValue) would give each replica of sharedTable.name a root of its own; allowed "
                    + "with a shared table: \(allowed)"
            )
        }
        if self.sharedTable.isEmpty, !self.sharedTableRegion.isEmpty {
            fault("sharedTable.region", "is of no use without sharedTable.name")
        }
        if self.listen == self.adminListen {
            fault("adminListen", "\(self.adminListen) is the same as listen")
        }
        if let address = self.adminTLSListen, [self.listen, self.adminListen].contains(address) {
            fault("admin.tlsListen", "\(address) is the same as \(address == self.listen ? "listen" : "adminListen")")
        }
        return faults
    }
}

/// Everything that is wrong with a configuration.
package struct ConfigurationFaults: Error, Sendable, CustomStringConvertible {
    /// One entry a fault, in the order of file, settings, contradictions.
    package let all: [ConfigurationDiagnostic]

    /// One line a fault.
    package var description: String { self.all.map(\.description).joined(separator: "\n") }
}

extension TulledSetting {
    /// Applies texts from a flag or the environment.
    func apply(
        _ values: [String],
        place: ConfigurationDiagnostic.Place,
        to configuration: inout TulledConfiguration,
        faults: inout [ConfigurationDiagnostic]
    ) {
        let wrong: String?
        switch self.shape {
        case .scalar(let apply):
            wrong =
                values.count <= 1 ? apply(&configuration, values.first ?? "") : "takes one value, not \(values.count)"
        case .list(let apply):
            wrong = apply(&configuration, values)
        case .records(_, let split, let form, let apply):
            let records = values.map(split)
            if let index = records.firstIndex(where: { $0 == nil }) {
                wrong = "\(SettingRule.quoted(values[index])) must have the form \(form)"
            } else {
                wrong = apply(&configuration, records.compactMap { $0 })
            }
        }
        if let wrong { faults.append(.init(place: place, field: self.path, reason: wrong)) }
    }
}

extension Substring {
    /// Without the leading and trailing characters that fit.
    fileprivate func trimming(while fits: (Character) -> Bool) -> String {
        var rest = self.drop(while: fits)
        while let last = rest.last, fits(last) { rest.removeLast() }
        return String(rest)
    }
}
