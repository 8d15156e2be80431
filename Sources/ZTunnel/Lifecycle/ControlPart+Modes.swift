import DataPlane
import MeshModel
import TunnelEngine

extension ControlPart {
    /// Begins to serve many workloads, as mode daemon or shared has it.
    /// - Parameter settled: called once, when those that were found first are served. In mode shared that is at once:
    ///   readiness waits for the node agent by itself.
    /// - Throws: ``SocketScope/Incapability`` when this process may not enter other network namespaces.
    func findWorkloads(settled: @escaping () -> Void) throws(SocketScope.Incapability) {
        let configuration = self.own.mesh.configuration
        try SocketScope.checkCapabilities(mark: configuration.packetMark ?? SocketScope.meshMark)
        if configuration.mode == .shared {
            self.serveNodeAgent()
            settled()
        } else if let settings = self.plan.daemon {
            try self.serveHost(settings, settled: settled)
        }
        self.roster.observeState { [loop = self.loop, reference = Reference(part: self)] in
            loop.submit { reference.part?.finder?.stateChanged() }
        }
    }

    /// `@unchecked Sendable`: read on the control loop only.
    private struct Reference: @unchecked Sendable {
        weak var part: ControlPart?
    }

    private func serveHost(
        _ settings: DaemonSettings,
        settled: @escaping () -> Void
    ) throws(SocketScope.Incapability) {
        let lane: BlockingLane
        do throws(SocketError) {
            lane = try BlockingLane(index: 64)
        } catch {
            throw SocketScope.Incapability(
                attempt: "starting a thread for redirect rules",
                error: error,
                remedy: "are there descriptors and threads left?"
            )
        }
        let processes = HostProcesses(root: settings.processRoot, limit: settings.limits.processes)
        let source: any TaskSource =
            switch settings.source {
            case .runtime(let path): RuntimeSource(loop: self.loop, socketPath: path, limits: settings.limits)
            case .agent(let address):
                AgentSource(loop: self.loop, address: address, processes: processes, limits: settings.limits)
            }
        let certificates = self.certificates
        let identity = self.plan.identity
        let identities = TaskIdentities(
            keep: { workload, endpoint, region in
                // The start plan has made sure of it.
                guard case .attested(let own) = identity else { return }
                let role = TaskRole(endpoint: endpoint, scope: workload.scope, region: region, audience: own.audience)
                certificates.keep(workload, by: .task(role))
            },
            forget: { certificates.forget($0) }
        )
        let daemon = HostDaemon(
            HostDaemon.Parts(
                loop: self.loop,
                own: self.own,
                roster: self.roster,
                source: source,
                processes: processes,
                identities: identities,
                lane: lane,
                settings: settings
            )
        )
        self.finder = daemon
        daemon.start(onSettled: settled)
    }

    private func serveNodeAgent() {
        let certificates = self.certificates
        let identity = self.plan.identity
        let client = NodeAgentClient(
            NodeAgentClient.Parts(
                loop: self.loop,
                own: self.own,
                roster: self.roster,
                keepIdentity: { workload in
                    // Without an authority that takes our word for its pods there is nothing to ask for.
                    guard case .credentials(.bearer(let bearer, _)) = identity else { return }
                    certificates.keep(workload, by: .bearer(bearer, impersonates: true))
                },
                forgetIdentity: { certificates.forget($0) }
            )
        )
        self.finder = client
        client.start()
    }
}
