/// The grammar of the `ports` tag: `http:80:8080/tcp:9090`, that is `application:port[:target port]`, slashes between.
enum PortList {
    /// Most entries; a tag's 256 characters hold fewer of any length.
    static let limit = 32

    /// Ports that a ztunnel itself listens on in each task.
    static let reserved: Set<UInt16> = [15_000, 15_001, 15_006, 15_008, 15_020, 15_021, 15_080]

    static func parse(_ text: String) -> TagReader.Reading<[ObservedPort]> {
        let entries = text.split(separator: "/", omittingEmptySubsequences: false)
        guard entries.count <= Self.limit else { return .reason("has more than \(Self.limit) entries") }
        var ports: [ObservedPort] = []
        for entry in entries {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false)
            guard (2...3).contains(parts.count) else {
                return .reason("\"\(entry)\" must be application:port or application:port:target")
            }
            guard let application = parts.first.flatMap({ ObservedPort.Application(rawValue: String($0)) }) else {
                let known = ObservedPort.Application.allCases.map(\.rawValue).joined(separator: ", ")
                return .reason("\"\(entry)\": the application must be one of \(known)")
            }
            guard let port = parts.dropFirst().first.flatMap(Self.number),
                let target = parts.count == 3 ? parts.last.flatMap(Self.number) : port
            else { return .reason("\"\(entry)\": ports must be 1–65535 in digits") }
            guard !Self.reserved.contains(target) else {
                return .reason("\"\(entry)\": the ztunnel itself listens on \(target)")
            }
            guard !ports.contains(where: { $0.port == port }) else { return .reason("port \(port) occurs twice") }
            ports.append(
                ObservedPort(
                    name: "\(application.rawValue)-\(port)",
                    port: port,
                    targetPort: target,
                    application: application,
                    source: .tag
                )
            )
        }
        return .value(ports.sorted())
    }

    private static func number(_ text: Substring) -> UInt16? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt16(text).flatMap { $0 == 0 ? nil : $0 }
    }
}
