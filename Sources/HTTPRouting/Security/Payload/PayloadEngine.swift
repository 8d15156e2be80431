import MeshModel
package import MeshProtos

/// The PayloadPolicies of one service, ready to judge bodies, after AuthorizationPolicies let the request pass.
///
/// A DENY rule that fits refuses; if ALLOW policies are for the request, a rule of one has to fit. A body is held back
/// only for requests that some policy is for.
package final class PayloadEngine: Sendable {
    /// The policies that cannot be enforced as they are written.
    package let faults: [PolicyFault]
    private let closing: PolicyFault?
    private let policies: [CompiledPayloadPolicy]

    /// Reads the policies; what is wrong with them is in ``faults``.
    package init(_ policies: [TulleL7.PayloadPolicy]) {
        var faults: [PolicyFault] = []
        var closing: PolicyFault?
        var compiled: [CompiledPayloadPolicy] = []
        for policy in policies {
            do throws(PolicyFault) {
                compiled.append(try PayloadPolicyCompiler.compile(policy))
            } catch {
                faults.append(error)
                if !policy.dryRun, policy.action != .audit, closing == nil { closing = error }
            }
        }
        self.faults = faults
        self.closing = closing
        // DENY is asked first.
        self.policies =
            compiled.filter { $0.policy.action == .deny } + compiled.filter { $0.policy.action != .deny }
    }

    /// Whether there is no policy, so that everything passes.
    package var isEmpty: Bool { self.policies.isEmpty && self.closing == nil }

    /// Whether some policy refuses what it does not like, so that bodies must be read.
    package var isEnforced: Bool { self.closing != nil || self.policies.contains(where: \.isEnforced) }

    /// Begins with a request.
    ///
    /// - Parameters:
    ///   - origin: which route rule it took, ``TulleL7/RouteAction/origin``.
    ///   - length: how long its body will be, in bytes; zero without one, nil where it does not say.
    ///   - now: monotonic milliseconds.
    package func start(_ view: RequestView, origin: String, length: UInt64?, now: UInt64) -> PayloadStart {
        if let closing = self.closing {
            let denial = PayloadDenial(reason: .invalid(closing), status: 403, body: "", fields: [])
            return .decided(PayloadVerdict(denial: denial))
        }
        guard !self.policies.isEmpty else { return .pass }
        let media = MediaType.all(in: view.fields)
        let own = self.policies.filter { $0.scope.holds(view, media, origin: origin) }
        guard !own.isEmpty else { return .pass }
        let isCompressed = length != 0 && Self.isCompressed(view.fields)
        var inspection = PayloadInspection(
            own.map { policy in
                var reader = PayloadReader(policy, media: media, isCompressed: isCompressed)
                if let length { reader.expect(length) }
                return reader
            },
            now: now
        )
        if length == 0 { return .decided(inspection.finish()) }
        if let verdict = inspection.take([]) { return .decided(verdict) }
        return .inspect(inspection)
    }

    /// Anything but `identity` (RFC 9110 §8.4).
    private static func isCompressed(_ fields: [HeaderField]) -> Bool {
        fields.contains { field in
            field.name == "content-encoding" && !field.value.isEmpty
                && !field.value.foldedASCII.utf8.elementsEqual("identity".utf8)
        }
    }
}
