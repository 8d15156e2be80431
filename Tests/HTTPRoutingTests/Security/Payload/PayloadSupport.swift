import MeshModel
import MeshProtos

@testable import HTTPRouting

typealias Payload = TulleL7.PayloadPolicy

/// Payload policies and their verdicts, with as few words as tests need.
enum Inspect {
    static func field(
        _ pointer: String,
        _ operation: Payload.Operator,
        _ values: String...,
        form: Bool = false,
        ifMissing: Bool = false
    ) -> Payload.Rule {
        .with {
            $0.field = .with {
                $0.pointer = pointer
                $0.form = form
                $0.operator = operation
                $0.values = values
                $0.ifMissing = ifMissing
            }
        }
    }

    static func all(_ rules: Payload.Rule...) -> Payload.Rule { .with { $0.all = .with { $0.rules = rules } } }
    static func any(_ rules: Payload.Rule...) -> Payload.Rule { .with { $0.any = .with { $0.rules = rules } } }
    static func none(_ rules: Payload.Rule...) -> Payload.Rule { .with { $0.none = .with { $0.rules = rules } } }

    static func policy(
        _ action: Payload.Action,
        _ rules: Payload.Rule...,
        fill: (inout Payload) -> Void = { _ in }
    ) -> Payload {
        .with {
            $0.namespace = "apps"
            $0.name = "p"
            $0.action = action
            $0.rules = rules
            fill(&$0)
        }
    }

    static func request(_ type: String? = "application/json", _ fields: HeaderField...) -> RequestView {
        Sample.request("POST", "/a", fields: (type.map { [HeaderField("content-type", $0)] } ?? []) + fields)
    }

    /// The verdict on a body that arrives in pieces of `size` bytes; nil where no policy is for the request.
    static func verdict(
        _ policies: [Payload],
        _ body: [UInt8],
        _ view: RequestView = Inspect.request(),
        size: Int = 7,
        length: UInt64? = nil,
        origin: String = ""
    ) -> PayloadVerdict? {
        switch PayloadEngine(policies).start(view, origin: origin, length: length, now: 0) {
        case .pass: return nil
        case .decided(let verdict): return verdict
        case .inspect(var inspection):
            var rest = body[...]
            while !rest.isEmpty {
                if let verdict = inspection.take(rest.prefix(size)) { return verdict }
                rest = rest.dropFirst(size)
            }
            return inspection.finish()
        }
    }

    static func verdict(_ policies: Payload..., body: String, type: String? = "application/json") -> PayloadVerdict? {
        self.verdict(policies, Array(body.utf8), self.request(type))
    }

    /// Whether one rule, as DENY and as ALLOW, fits.
    static func fits(_ rule: Payload.Rule, _ body: String, type: String? = "application/json") -> (
        deny: Bool, allow: Bool
    ) {
        let deny = self.verdict(self.policy(.deny, rule), body: body, type: type)
        let allow = self.verdict(self.policy(.allow, rule), body: body, type: type)
        return (deny?.denial != nil, allow.map { $0.denial == nil } ?? false)
    }
}
