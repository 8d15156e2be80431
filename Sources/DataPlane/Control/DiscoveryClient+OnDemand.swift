extension DiscoveryClient {
    /// Who asks for workloads and services that come on demand, and the state that has the answers.
    package struct OnDemand {
        /// Who asks, and hears of the answers.
        package var resources: OnDemandResources
        /// What the answers are applied to.
        package var state: MeshState

        /// Joins the two.
        package init(_ resources: OnDemandResources, state: MeshState) {
            self.resources = resources
            self.state = state
        }
    }
}
