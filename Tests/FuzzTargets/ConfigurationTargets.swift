import MeshConfig

extension FuzzTarget {
    /// What people declare, and the control plane's own settings.
    static let configuration = [
        FuzzTarget("configuration") { bytes throws(FuzzViolation) in try Self.declare(bytes) },
        FuzzTarget("tulled-settings") { bytes throws(FuzzViolation) in
            let text = String(decoding: bytes, as: UTF8.self)
            let read = TulledConfiguration.resolve(flags: [:], environment: [:], file: ("f.yaml", text))
            guard case .failure(let faults) = read else { return }
            try FuzzViolation.unless(!"\(faults)".isEmpty, "settings are refused without a word")
        },
    ]

    /// A file is read to its end whatever is in it: a document with an error declares nothing and says where, one without
    /// declares what its text says, and what is in force can be put together and looked through.
    private static func declare(_ bytes: [UInt8]) throws(FuzzViolation) {
        let limits = ConfigurationLimits.standard
        let file = ConfigurationReader(keepsText: true).read(bytes, path: "f.yaml")
        try FuzzViolation.unless(file.documents.count <= limits.documents, "\(file.documents.count) documents")
        // The last bytes of the line breaks that YAML 1.1 knows, three of which take several bytes.
        let lines = bytes.count { [0x0a, 0x0d, 0x85, 0xa8, 0xa9].contains($0) } + 1
        for document in file.documents {
            try FuzzViolation.unless((1...lines).contains(document.line), "line \(document.line) of \(lines)")
            let errors = document.diagnostics.filter { $0.severity == .error }
            try FuzzViolation.unless(
                (document.resource == nil) == !errors.isEmpty,
                "\(errors.count) errors, and \(document.resource == nil ? "no" : "a") resource"
            )
            for diagnostic in document.diagnostics {
                try FuzzViolation.unless(!diagnostic.reason.isEmpty, "a fault of \(diagnostic.code) without a reason")
            }
            if let resource = document.resource, let text = document.text { try Self.readAgain(resource, text) }
        }
        let set = SetBuilder.build([file], previous: .empty, now: 0)
        let keys = set.resources.map(\.key)
        try FuzzViolation.unless(Set(keys).count == keys.count, "one key is in force twice")
        _ = Analyzer.findings(in: set.resources)
        // The same file again changes nothing.
        let again = SetBuilder.build([file], previous: set, now: 1)
        try FuzzViolation.unless(again.resources == set.resources, "the same file declares something else")
    }

    /// What a resource's kept text says is the resource: that is how the last good version outlives a restart.
    private static func readAgain(_ resource: DeclaredResource, _ text: String) throws(FuzzViolation) {
        let read = ConfigurationReader().read(text, path: "f.yaml").resources
        try FuzzViolation.unless(
            read.contains { $0.key == resource.key && $0.spec == resource.spec },
            "\(resource.key) reads otherwise from its own text"
        )
    }
}
