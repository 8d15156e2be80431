// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A destination: endpoints of a service's port, and how they are used.
    package struct Cluster: ProtoMessage {
        /// Unique in the resource: `outbound|<port>|<subset>|<hostname>`.
        package var name: String = ""
        /// The service and its port.
        package var namespace: String = ""
        /// Hostname.
        package var hostname: String = ""
        /// Port.
        package var port: UInt32 = 0
        /// Endpoints must have these labels.
        package var subset: String = ""
        /// Subset labels.
        package var subsetLabels: [String: String] = [:]
        /// What is spoken to endpoints.
        package var `protocol`: TulleL7.Cluster.UpstreamProtocol = TulleL7.Cluster.UpstreamProtocol(rawValue: 0)
        /// The service does not exist, or the subset does not: requests get 503, `NC`.
        package var missing: Bool = false
        /// Load balancer.
        package var loadBalancer: TulleL7.LoadBalancer?
        /// Pool.
        package var pool: TulleL7.ConnectionPool?
        /// Outliers.
        package var outliers: TulleL7.OutlierDetection?
        /// Health check.
        package var healthCheck: TulleL7.HealthCheck?
        /// TLS to the application, inside the tunnel where there is one.
        package var tls: TulleL7.UpstreamTLS?
        /// 0, 1 or 2.
        package var proxyProtocol: UInt32 = 0
        /// Retry budget.
        package var retryBudget: TulleL7.RetryBudget?
        /// Endpoints that are not ready are used as well.
        package var usesUnready: Bool = false
        /// Connections keep the address that was asked for (resolution NONE, PASSTHROUGH).
        package var keepsDestination: Bool = false
        /// The name is resolved for each request: a wildcard with resolution DYNAMIC_DNS.
        package var resolvesAuthority: Bool = false
        /// Keeps clients on their endpoints where the route does not say how.
        package var session: TulleL7.SessionPersistence?

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.namespace, field)
            case 3: try reader.read(&self.hostname, field)
            case 4: try reader.read(&self.port, field)
            case 5: try reader.read(&self.subset, field)
            case 6: try reader.read(&self.subsetLabels, field)
            case 7: try reader.read(&self.protocol, field)
            case 8: try reader.read(&self.missing, field)
            case 9: try reader.read(&self.loadBalancer, field)
            case 10: try reader.read(&self.pool, field)
            case 11: try reader.read(&self.outliers, field)
            case 12: try reader.read(&self.healthCheck, field)
            case 13: try reader.read(&self.tls, field)
            case 14: try reader.read(&self.proxyProtocol, field)
            case 15: try reader.read(&self.retryBudget, field)
            case 16: try reader.read(&self.usesUnready, field)
            case 17: try reader.read(&self.keepsDestination, field)
            case 18: try reader.read(&self.resolvesAuthority, field)
            case 25: try reader.read(&self.session, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.namespace, 2)
            writer.write(self.hostname, 3)
            writer.write(self.port, 4)
            writer.write(self.subset, 5)
            writer.write(self.subsetLabels, 6)
            writer.write(self.protocol, 7)
            writer.write(self.missing, 8)
            writer.write(self.loadBalancer, 9)
            writer.write(self.pool, 10)
            writer.write(self.outliers, 11)
            writer.write(self.healthCheck, 12)
            writer.write(self.tls, 13)
            writer.write(self.proxyProtocol, 14)
            writer.write(self.retryBudget, 15)
            writer.write(self.usesUnready, 16)
            writer.write(self.keepsDestination, 17)
            writer.write(self.resolvesAuthority, 18)
            writer.write(self.session, 25)
        }
    }
}

extension TulleL7.Cluster {
    /// What is spoken.
    package struct UpstreamProtocol: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// HTTP/1.1.
        package static let http1 = Self(rawValue: 0)
        /// HTTP/2.
        package static let http2 = Self(rawValue: 1)
        /// What the client speaks.
        package static let client = Self(rawValue: 2)
        /// Bytes.
        package static let tcp = Self(rawValue: 3)
    }
}
