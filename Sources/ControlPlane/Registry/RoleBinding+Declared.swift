import CertificateAuthority
import MeshConfig

extension RoleBinding {
    /// The binding that a resource declares; nil for one of another kind.
    init?(_ resource: DeclaredResource) {
        guard case .serviceAccountBinding(let binding) = resource.spec, let role = RoleName(arn: binding.role) else {
            return nil
        }
        self.init(
            role: role,
            namespace: binding.namespace,
            serviceAccount: binding.serviceAccount,
            functions: Set(binding.functions)
        )
    }
}
