extension StringFormat {
    private static let label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
    private static let domain = "\(Self.label)(\\.\(Self.label))*"
    private static let word = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"

    /// The form as a pattern of ECMA-262, for JSON Schema; nil where none tells it well.
    ///
    /// It may take a little more than ``isMet(by:)`` does, and never less.
    var pattern: String? {
        switch self {
        case .dnsLabel: "^\(Self.label)$"
        case .dnsSubdomain, .hostname: "^\(Self.domain)$"
        case .wildcardHostname(let allowsAny):
            allowsAny ? "^(\\*|(\\*\\.)?\(Self.domain))$" : "^(\\*\\.)?\(Self.domain)$"
        case .ip: "^[0-9a-fA-F:.]+$"
        case .ipOrCIDR: "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$"
        case .portText: "^[1-9][0-9]{0,4}$"
        case .duration: "^(0|([0-9]+(\\.[0-9]+)?(h|m|s|ms|us|µs|ns))+)$"
        case .gatewayDuration: "^([0-9]{1,5}(h|m|s|ms)){1,4}$"
        case .quantity: "^[0-9]{1,12}(k|M|Ki|Mi)?$"
        case .headerName: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
        case .path: "^/[^?#\\s]*$"
        case .labelKey: "^(\(Self.domain)/)?\(Self.word)$"
        case .labelValue: "^(\(Self.word))?$"
        case .httpURL: "^https?://\\S+$"
        case .roleARN: "^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/.*[^/]$"
        case .awsAccount: "^[0-9]{12}$"
        case .awsRegion: "^[a-z0-9]+(-[a-z0-9]+){2,3}$"
        case .ecsCluster: "^[A-Za-z0-9_-]{1,255}$"
        case .namespacePattern: "^([a-z0-9][-a-z0-9]{0,62}\\*?|\\*)$"
        case .lambdaFunction: "^[A-Za-z0-9_-]{1,64}$"
        case .trustDomain: "^[a-z0-9._-]{1,255}$"
        case .namespacedName: "^(\(Self.label)/)?\(Self.domain)$"
        case .origin: "^(\\*|https?://\\S+)$"
        case .text, .regex, .regexOrAny, .headerValue, .subjectName: nil
        }
    }
}
