import AWSClient
import Foundation

/// The one setting that a ztunnel starts with: base64url (no padding) of JSON with sorted keys. Holds no secret, unless
/// it carries a join token.
package struct BootstrapToken: Sendable, Hashable {
    /// What the control plane says about itself.
    package var controlPlane: ControlPlaneFacts
    /// The namespace of the workload.
    package var namespace: MeshName
    /// The service account of the workload.
    package var serviceAccount: MeshName
    /// What the workload runs on.
    package var platform: Platform
    /// What a machine that is no ECS task proves itself with, once; a secret. `nil` on platforms that have a proof.
    package var joinToken: String?

    /// Where a workload runs, and so how it proves who it is.
    package enum Platform: String, Sendable, Hashable, CaseIterable {
        /// An ECS task, by its task role.
        case ecs
        /// A machine of its own, by a join token.
        case vm
    }

    /// Holds the parts.
    package init(
        controlPlane: ControlPlaneFacts,
        namespace: MeshName,
        serviceAccount: MeshName,
        platform: Platform = .ecs,
        joinToken: String? = nil
    ) {
        self.controlPlane = controlPlane
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.platform = platform
        self.joinToken = joinToken
    }

    /// The identity that a workload with this token asks for.
    package var identity: String {
        "spiffe://\(self.controlPlane.trustDomain)/ns/\(self.namespace)/sa/\(self.serviceAccount)"
    }

    /// The token's text.
    package var text: String {
        var json: JSONValue = [
            "audience": .string(self.controlPlane.audience),
            "cluster": .string(self.controlPlane.cluster),
        ]
        if let joinToken { json["joinToken"] = .string(joinToken) }
        let rest: JSONObject = [
            "meshDomain": .string(self.controlPlane.meshDomain),
            "namespace": .string(self.namespace.text),
            "network": .string(self.controlPlane.network),
            "platform": .string(self.platform.rawValue),
            "serviceAccount": .string(self.serviceAccount.text),
            "trustBundle": .string(self.controlPlane.trustBundle),
            "trustDomain": .string(self.controlPlane.trustDomain),
            "url": .string(self.controlPlane.url),
            "version": 1,
        ]
        for member in rest { json[member.name] = member.value }
        return Data(json.text().utf8).base64EncodedString()
            .replacing("+", with: "-")
            .replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// Checks a token that was made earlier: whether it can be read, and whom it is for.
    /// - Throws: `CommandFailure` when it is no token, or is for another workload.
    package static func check(
        _ text: String,
        isFor namespace: MeshName,
        _ serviceAccount: MeshName
    ) throws(CommandFailure) {
        var padded = text.replacing("-", with: "+").replacing("_", with: "/")
        padded += String(repeating: "=", count: (4 - padded.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), let json = try? JSONValue(parsing: data),
            let tokenNamespace = json["namespace"]?.string, let tokenAccount = json["serviceAccount"]?.string
        else {
            throw CommandFailure(
                "the bootstrap token cannot be read: it must be base64url of JSON",
                hint: "pass the output of 'tulle bootstrap' to --bootstrap-token, or the path of a file with it"
            )
        }
        guard tokenNamespace == namespace.text, tokenAccount == serviceAccount.text else {
            throw CommandFailure(
                "the bootstrap token is for \(tokenNamespace)/\(tokenAccount), not for \(namespace)/\(serviceAccount)",
                hint: "make one with 'tulle bootstrap -n \(namespace) -s \(serviceAccount)'"
            )
        }
    }
}
