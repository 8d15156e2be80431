import MeshModel
package import TunnelEngine

/// One server of the control plane: where it is, how it is known, and what each call to it carries.
///
/// Confined to the control loop.
package final class ControlServer {
    /// Where it is.
    package let address: ControlPlaneAddress
    /// How it is known.
    package let roots: ServerRoots
    /// DNS names that its certificate may have in place of its own (`ALT_CA_HOSTNAME`, `ALT_XDS_HOSTNAME`).
    package let alternatives: [String]
    /// What each call carries besides (`CA_HEADER_…`, `XDS_HEADER_…`).
    package let headers: [HTTP2Header]

    /// Joins the parts.
    package init(address: ControlPlaneAddress, roots: ServerRoots, alternatives: [String], headers: [MetadataEntry]) {
        self.address = address
        self.roots = roots
        self.alternatives = alternatives
        self.headers = headers.map { HTTP2Header($0.name, $0.value.text, sensitive: true) }
    }
}
