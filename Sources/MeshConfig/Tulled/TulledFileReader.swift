import Yams

/// Reads a configuration file. Keys that no setting has are errors, as are values of the wrong form; all of them are
/// found in one go.
struct TulledFileReader {
    let file: String
    private(set) var faults: [ConfigurationDiagnostic] = []

    init(file: String) {
        self.file = file
    }

    mutating func read(_ text: String, into configuration: inout TulledConfiguration) {
        guard text.utf8.count <= TulledConfiguration.fileBytes else {
            self.fault(nil, "", "the file has \(text.utf8.count) bytes, at most \(TulledConfiguration.fileBytes)")
            return
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            self.fault(nil, "", "no valid YAML: \(String(describing: error).prefix(300))")
            return
        }
        guard let root else { return }
        guard let mapping = root.mapping else {
            self.fault(root, "", "the file must hold a mapping of settings")
            return
        }
        self.read(mapping, below: "", into: &configuration)
    }

    private mutating func read(
        _ mapping: Node.Mapping,
        below parent: String,
        into configuration: inout TulledConfiguration
    ) {
        for (key, value) in mapping {
            guard let name = key.string else {
                self.fault(key, parent, "keys must be texts")
                continue
            }
            let path = parent.isEmpty ? name : "\(parent).\(name)"
            if let setting = TulledSetting.all.first(where: { $0.path == path }) {
                self.apply(setting, value, to: &configuration)
            } else if TulledSetting.all.contains(where: { $0.path.hasPrefix(path + ".") }) {
                guard let inner = value.mapping else {
                    self.fault(value, path, "must be a mapping")
                    continue
                }
                self.read(inner, below: path, into: &configuration)
            } else {
                self.fault(key, path, "no such setting here, known are \(self.known(below: parent))")
            }
        }
    }

    private mutating func apply(
        _ setting: TulledSetting,
        _ node: Node,
        to configuration: inout TulledConfiguration
    ) {
        let wrong: String?
        switch setting.shape {
        case .scalar(let apply):
            guard let text = node.scalar?.string else { return self.fault(node, setting.path, "must be one value") }
            wrong = apply(&configuration, text)
        case .list(let apply):
            guard let sequence = node.sequence else { return self.fault(node, setting.path, "must be a list") }
            var values: [String] = []
            for (index, element) in sequence.enumerated() {
                guard let text = element.scalar?.string else {
                    return self.fault(element, "\(setting.path)[\(index)]", "must be one value")
                }
                values.append(text)
            }
            wrong = apply(&configuration, values)
        case .records(let fields, _, _, let apply):
            guard let sequence = node.sequence else { return self.fault(node, setting.path, "must be a list") }
            // One at a time first, so that a fault names its own entry and line.
            var records: [[String: String]] = []
            var isSound = true
            for (index, element) in sequence.enumerated() {
                let path = "\(setting.path)[\(index)]"
                guard let record = self.record(element, path: path, fields: fields) else {
                    isSound = false
                    continue
                }
                var probe = TulledConfiguration()
                if let wrong = apply(&probe, [record]) {
                    self.fault(element, path, wrong)
                    isSound = false
                }
                records.append(record)
            }
            guard isSound else { return }
            wrong = apply(&configuration, records)
        }
        if let wrong { self.fault(node, setting.path, wrong) }
    }

    private mutating func record(_ node: Node, path: String, fields: [String]) -> [String: String]? {
        guard let mapping = node.mapping else {
            self.fault(node, path, "must be a mapping with \(fields.joined(separator: ", "))")
            return nil
        }
        var record: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.string, fields.contains(name) else {
                self.fault(
                    key,
                    "\(path).\(key.string ?? "?")",
                    "no such field, known are \(fields.joined(separator: ", "))"
                )
                return nil
            }
            guard let text = value.scalar?.string else {
                self.fault(value, "\(path).\(name)", "must be one value")
                return nil
            }
            record[name] = text
        }
        return record
    }

    private func known(below parent: String) -> String {
        let prefix = parent.isEmpty ? "" : parent + "."
        let names = TulledSetting.all.map(\.path).filter { $0.hasPrefix(prefix) }.compactMap { path in
            path.dropFirst(prefix.count).split(separator: ".").first.map(String.init)
        }
        return Set(names).sorted().joined(separator: ", ")
    }

    private mutating func fault(_ node: Node?, _ field: String, _ reason: String) {
        let place = ConfigurationDiagnostic.Place.file(self.file, line: node?.mark?.line)
        self.faults.append(ConfigurationDiagnostic(place: place, field: field, reason: reason))
    }
}
