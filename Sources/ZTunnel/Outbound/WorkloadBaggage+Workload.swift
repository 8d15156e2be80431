import MeshModel
import MeshTelemetry

extension WorkloadBaggage {
    /// Writes what the peer said over what is known of `workload`.
    func describe(_ workload: inout Workload) {
        func known(_ said: String, _ before: String) -> String { said.isEmpty ? before : said }
        workload.clusterID = known(self.cluster, workload.clusterID)
        workload.kind = Workload.Kind(rawValue: self.kind) ?? workload.kind
        workload.workloadName = known(self.workload, workload.workloadName)
        workload.name = known(self.workload, workload.name)
        workload.canonicalName = known(self.service, workload.canonicalName)
        workload.canonicalRevision = known(self.revision, workload.canonicalRevision)
        workload.locality.region = known(self.region, workload.locality.region)
        workload.locality.zone = known(self.zone, workload.locality.zone)
    }
}
