/// The waypoint itself, as spans name it.
package struct ProxyFacts: Hashable, Sendable {
    /// The name by which the control plane knows it.
    package var node = ""
    /// Its canonical service.
    package var canonicalService = ""
    /// Its canonical revision.
    package var canonicalRevision = ""
    /// The mesh's id.
    package var mesh = ""
    /// Its namespace.
    package var namespace = ""
    /// Its cluster.
    package var cluster = ""

    /// A proxy of which nothing is known.
    package init() {}
}

extension TracingRules {
    /// The span of a finished request; nil when it isn't recorded.
    package func span(_ record: RequestRecord, proxy: ProxyFacts) -> RequestSpan? {
        guard record.kind == .http, !self.settings.isDisabled, let context = record.trace, context.isSampled else {
            return nil
        }
        let (nanoseconds, isTooLong) = record.microseconds.multipliedReportingOverflow(by: 1_000)
        let (end, isTooLate) = record.start.addingReportingOverflow(nanoseconds)
        var span = RequestSpan(
            context: context,
            caller: record.callerSpan,
            name: record.operation.isEmpty ? record.authority : record.operation,
            start: record.start,
            end: isTooLong || isTooLate ? record.start : end
        )
        span.isError = record.responseCode >= 500 || record.responseCode == 0
        var tags = SpanTags(limit: Self.maximumValueBytes)
        self.addEnvoys(record, proxy, isError: span.isError, to: &tags)
        if record.isGRPC { self.addGRPC(record, to: &tags) }
        if self.settings.hasIstioTags { Self.addIstios(record, proxy, to: &tags) }
        if self.settings.hasSemanticNames { Self.addSemantic(record, to: &tags) }
        for tag in self.tags { self.add(tag, record, to: &tags) }
        span.attributes = tags.all
        return span
    }

    private func addEnvoys(_ record: RequestRecord, _ proxy: ProxyFacts, isError: Bool, to tags: inout SpanTags) {
        let path = AccessTemplate.cut(record.originalPath ?? record.path, self.settings.maximumPathBytes)
        tags.add("component", "proxy")
        tags.add("node_id", proxy.node)
        tags.add("guid:x-request-id", record.requestID)
        tags.add("http.url", "\(record.scheme)://\(record.authority)\(path)")
        tags.add("http.method", record.method)
        tags.add("downstream_cluster", self.downstreamCluster.value(record), missing: "-")
        tags.add("user_agent", self.userAgent.value(record), missing: "-")
        tags.add("http.protocol", record.version?.rawValue)
        tags.add("peer.address", record.downstreamRemoteAddress.map { AddressText.host($0) })
        tags.add("request_size", "\(record.received.body)")
        tags.add("response_size", "\(record.sent.body)")
        tags.add("http.status_code", "\(record.responseCode)")
        tags.add("response_flags", record.flags.text)
        tags.add("upstream_cluster", record.cluster)
        tags.add("upstream_cluster.name", record.cluster)
        tags.add("upstream_address", record.upstreamHost)
        if isError { tags.add("error", "true") }
    }

    private func addGRPC(_ record: RequestRecord, to tags: inout SpanTags) {
        tags.add("grpc.path", RequestPath.withoutQuery(record.path))
        tags.add("grpc.authority", record.authority)
        tags.add("grpc.content_type", self.grpcContentType.value(record))
        tags.add("grpc.timeout", self.grpcTimeout.value(record))
        tags.add("grpc.status_code", record.grpcStatus.map { "\($0)" })
        tags.add("grpc.message", record.grpcMessage)
    }

    private static func addIstios(_ record: RequestRecord, _ proxy: ProxyFacts, to tags: inout SpanTags) {
        tags.add("istio.canonical_revision", proxy.canonicalRevision.isEmpty ? "latest" : proxy.canonicalRevision)
        tags.add("istio.canonical_service", proxy.canonicalService)
        tags.add("istio.mesh_id", proxy.mesh)
        tags.add("istio.namespace", proxy.namespace)
        tags.add("istio.cluster_id", proxy.cluster)
        for (side, peer) in [("source", record.source), ("destination", record.destination)] {
            tags.add("istio.\(side)_workload", peer.workload)
            tags.add("istio.\(side)_namespace", peer.namespace)
            tags.add("istio.\(side)_cluster_id", peer.cluster)
            tags.add("istio.\(side)_canonical_service", peer.canonicalService)
            tags.add("istio.\(side)_canonical_revision", peer.canonicalRevision)
            tags.add("istio.\(side)_app", peer.app)
            tags.add("istio.\(side)_app_version", peer.version)
            tags.add("istio.\(side)_workload_type", peer.kind)
            tags.add("istio.\(side)_instance_name", peer.instance)
        }
    }

    /// OpenTelemetry's semantic conventions for servers of HTTP, version 1.
    private static func addSemantic(_ record: RequestRecord, to tags: inout SpanTags) {
        let path = record.originalPath ?? record.path
        tags.add("http.request.method", record.method)
        tags.add("url.scheme", record.scheme)
        tags.add("url.path", RequestPath.withoutQuery(path))
        tags.add("url.query", RequestPath.query(path))
        tags.add("http.route", record.routeName)
        if record.responseCode > 0 { tags.add("http.response.status_code", number: Int64(record.responseCode)) }
        tags.add("server.address", AddressText.host(record.authority))
        if let port = AddressText.port(record.authority).flatMap({ Int64($0) }) {
            tags.add("server.port", number: port)
        }
        tags.add("client.address", record.downstreamRemoteAddress.map { AddressText.host($0) })
        let version =
            switch record.version {
            case .http10: "1.0"
            case .http11: "1.1"
            case .http2: "2"
            case nil: ""
            }
        tags.add("network.protocol.version", version)
    }

    private func add(_ tag: Tag, _ record: RequestRecord, to tags: inout SpanTags) {
        if let template = tag.template {
            var bytes: [UInt8] = []
            template.append(record, to: &bytes)
            return tags.add(tag.name, String(decoding: bytes, as: UTF8.self))
        }
        tags.add(tag.name, tag.value?.value(record), missing: tag.fallback)
    }
}

/// Tags of one span, bounded in length; empty ones are left out.
private struct SpanTags {
    private(set) var all: [(name: String, value: TelemetryValue)] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        self.all.reserveCapacity(44)
    }

    mutating func add(_ name: String, _ text: String?) {
        guard let text, !text.isEmpty else { return }
        self.all.append((name, .text(AccessTemplate.cut(text, self.limit))))
    }

    mutating func add(_ name: String, _ value: AccessValue?, missing: String = "") {
        switch value {
        case .text(let text): self.add(name, text)
        case .number(let number): self.add(name, "\(number)")
        case nil: self.add(name, missing)
        }
    }

    mutating func add(_ name: String, number: Int64) { self.all.append((name, .number(number))) }
}
