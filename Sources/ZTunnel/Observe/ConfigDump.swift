import BoringTLS
import MeshIdentity
import MeshModel
import MeshTelemetry

/// What `GET /config_dump` shows: the state of the mesh, the settings and the certificates, without any secret.
///
/// Names follow Istio's ztunnel, so that its tools can read it.
package enum ConfigDump {
    /// The JSON text.
    /// - Parameters:
    ///   - own: whom the control plane knows this process as.
    ///   - served: whom it serves.
    package static func make(_ own: ServedWorkload, served: [ServedWorkload]) -> [UInt8] {
        let context = own.mesh
        let snapshot = context.state.snapshot
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("workloads")
            writer.array { writer in for workload in snapshot.workloads { self.write(workload, &writer) } }
            writer.name("services")
            writer.array { writer in for service in snapshot.services { self.write(service, snapshot, &writer) } }
            writer.name("policies")
            writer.array { writer in
                for policy in snapshot.policies {
                    writer.object { writer in
                        writer.member("name", policy.name)
                        writer.member("namespace", policy.namespace)
                        writer.member("scope", "\(policy.scope)")
                        writer.member("action", "\(policy.action)")
                        writer.member("dryRun", policy.isDryRun)
                    }
                }
            }
            writer.name("version")
            writer.object { writer in writer.member("version", "\(Version.text)") }
            if let status = context.localState.status {
                writer.name("localState")
                self.write(status, &writer)
            }
            writer.name("config")
            self.write(context.configuration, own.local, &writer)
            writer.name("certificates")
            self.writeCertificates(own, served, &writer)
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func write(_ workload: Workload, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("uid", workload.uid)
            writer.member("name", workload.name)
            writer.member("namespace", workload.namespace)
            writer.member("serviceAccount", workload.identity.serviceAccount)
            writer.member("trustDomain", workload.identity.trustDomain)
            writer.name("workloadIps")
            writer.array { writer in for ip in workload.addresses { writer.string("\(ip)") } }
            writer.member("protocol", workload.tunnel == .hbone ? "HBONE" : "TCP")
            writer.member("network", workload.network)
            writer.member("workloadName", workload.workloadName)
            writer.member("canonicalName", workload.canonicalName)
            writer.member("canonicalRevision", workload.canonicalRevision)
            writer.name("authorizationPolicies")
            writer.array { writer in for key in workload.authorizationPolicies { writer.string(key) } }
            writer.member("status", workload.isHealthy ? "Healthy" : "Unhealthy")
            writer.member("clusterId", workload.clusterID)
            writer.member("capacity", workload.capacity)
        }
    }

    private static func write(_ service: Service, _ snapshot: MeshSnapshot, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", service.name)
            writer.member("namespace", service.namespace)
            writer.member("hostname", service.hostname)
            writer.name("vips")
            writer.array { writer in for vip in service.vips { writer.string("\(vip.network)/\(vip.ip)") } }
            writer.name("ports")
            writer.object { writer in for port in service.ports { writer.member("\(port.port)", port.targetPort) } }
            writer.name("endpoints")
            writer.object { writer in
                for endpoint in snapshot.endpoints(of: service.key) {
                    writer.name(endpoint.uid)
                    writer.object { writer in
                        writer.member("workloadUid", endpoint.uid)
                        writer.member("status", endpoint.isHealthy ? "Healthy" : "Unhealthy")
                    }
                }
            }
        }
    }

    private static func write(_ status: LocalStateReport.Status, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("source", status.source)
            writer.member("resources", status.resources)
            writer.member("loads", status.loads)
            writer.member("refusals", status.refusals)
            if let problem = status.problem { writer.member("problem", problem) }
        }
    }

    private static func write(_ configuration: Configuration, _ local: LocalWorkload, _ writer: inout JSONWriter) {
        writer.object { writer in
            if configuration.bootstrapToken != nil { writer.member("bootstrapToken", "<masked>") }
            writer.member("identity", "\(local.identity)")
            writer.member("network", local.network)
            writer.member("clusterId", local.cluster)
            writer.member("meshDomain", local.meshDomain)
            writer.name("addresses")
            writer.array { writer in for address in local.addresses { writer.string("\(address)") } }
            writer.member("proxyMode", configuration.mode.name)
            writer.member("secretTtlMilliseconds", configuration.certificateLifetime)
            writer.member("poolMaxStreamsPerConn", configuration.poolStreams)
            writer.member("poolUnusedReleaseTimeoutMilliseconds", configuration.poolIdle)
            writer.member("drainDeadlineMilliseconds", configuration.drainDeadline)
            writer.member("proxyPort", configuration.isProxyPortEnabled)
        }
    }

    private static func writeCertificates(
        _ own: ServedWorkload,
        _ served: [ServedWorkload],
        _ writer: inout JSONWriter
    ) {
        var identities: [String: IdentitySnapshot] = [:]
        for workload in served + [own] {
            if let latest = workload.identities.latest { identities["\(latest.svid.identity)"] = latest }
        }
        writer.array { writer in
            for (name, identity) in identities.sorted(by: { $0.key < $1.key }) {
                writer.object { writer in
                    writer.member("identity", name)
                    writer.member("state", own.mesh.now < identity.svid.notAfter ? "Available" : "Unavailable: expired")
                    writer.name("certChain")
                    self.write(identity.svid.credentials.chain, &writer)
                    writer.name("rootCerts")
                    self.write(identity.bundle.anchors.certificates, &writer)
                }
            }
        }
    }

    private static func write(_ certificates: [Certificate], _ writer: inout JSONWriter) {
        writer.array { writer in
            for certificate in certificates {
                writer.object { writer in
                    writer.member("serialNumber", certificate.serial)
                    writer.member("validFrom", "\(Timestamp(seconds: certificate.notBefore))")
                    writer.member("expirationTime", "\(Timestamp(seconds: certificate.notAfter))")
                    writer.member("pem", Base64.encode(Array(certificate.pem.utf8), .standard))
                }
            }
        }
    }
}
