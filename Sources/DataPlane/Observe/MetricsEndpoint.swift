import Glibc
package import MeshTelemetry

/// The answers of port 15020.
package enum MetricsEndpoint {
    /// Answers a request with all metrics.
    package static func answer(_ request: HTTPRequest, registry: MetricsRegistry) -> EndpointAnswer {
        guard request.path == "/metrics" || request.path == "/stats/prometheus" else {
            return EndpointAnswer(HTTPResponse(status: 404, text: "not found\n"))
        }
        let format = ExpositionFormat(accept: request.fields.values(of: "accept").first)
        var text = registry.text(format)
        return EndpointAnswer(contentType: format.contentType) { text.next() }
    }

    /// The families whose names, types and labels stay as they are; Istio's own promise.
    package static let stableNames = ConnectionMetrics.stableNames.union([
        "istio_build", "process_open_fds", "process_max_fds",
    ])

    /// Adds what is measured of the process itself.
    /// - Parameters:
    ///   - program: the program's name.
    ///   - tag: the version to show; Istio's own where its agent names one.
    package static func addProcessMetrics(
        _ registry: MetricsRegistry,
        program: String,
        tag: String = "\(Version.text)"
    ) {
        registry.gauges("istio_build", help: "The running build.", labels: ["component", "tag"])
            .with(program, tag).set(1)
        registry.sampled("process_resident_memory_bytes", help: "Resident memory.") {
            guard let text = SmallFile.read("/proc/self/statm", limit: 4_096) else { return nil }
            let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) }
            return pages.map { $0 * Double(sysconf(CInt(_SC_PAGESIZE))) }
        }
        registry.sampled("process_max_fds", help: "Limit on open descriptors.") {
            var limit = rlimit()
            return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Double(limit.rlim_cur) : nil
        }
        registry.sampled("process_open_fds", help: "Open descriptors.") {
            guard let directory = opendir("/proc/self/fd") else { return nil }
            defer { closedir(directory) }
            var count = -3.0  // ".", ".." and the directory itself
            while readdir(directory) != nil { count += 1 }
            return max(0, count)
        }
    }
}
