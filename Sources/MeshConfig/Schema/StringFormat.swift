import MeshModel

/// The form of a text.
enum StringFormat: Sendable, Hashable {
    /// Any text of so many bytes without control characters other than tabs and line ends.
    case text(ClosedRange<Int>)
    /// RFC 1123: up to 63 lower-case letters, digits and inner dashes.
    case dnsLabel
    /// Labels with dots between them, up to 253 bytes.
    case dnsSubdomain
    /// A host name.
    case hostname
    /// A host name whose first label may be `*`; `*` alone where `allowsAny`.
    case wildcardHostname(allowsAny: Bool)
    case ip
    case ipOrCIDR
    /// A port in a text field, as in AuthorizationPolicy.
    case portText
    /// Go's form, as in Istio's API: `1.5s`, `1h30m`.
    case duration
    /// GEP-2257, as in the Gateway API: up to four of `h`, `m`, `s`, `ms` with up to five digits each.
    case gatewayDuration
    /// A number of bytes with `Ki`, `Mi`, `k` or `M`, or none.
    case quantity
    /// A pattern of RE2 (so without look-around and back references), up to 1,024 bytes.
    case regex
    /// The same, or `*` for any value.
    case regexOrAny
    /// A token of RFC 9110 §5.6.2.
    case headerName
    /// Text that may stand in a header.
    case headerValue
    /// An absolute path without query.
    case path
    case labelKey
    case labelValue
    case httpURL
    /// `arn:aws:iam::<account>:role/<path and name>`.
    case roleARN
    case awsAccount
    case awsRegion
    case ecsCluster
    /// A namespace's name, or with `*` at the end how it begins.
    case namespacePattern
    case lambdaFunction
    case trustDomain
    /// `<name>` or `<namespace>/<name>`, both DNS labels or subdomains.
    case namespacedName
    /// What a peer's certificate names: a SPIFFE id, another URI, or a host name.
    case subjectName
    /// An origin of CORS: `scheme://host[:port]` with a wildcard as first label, or `*`.
    case origin

    static let anyText = StringFormat.text(0...4096)
    static let name = StringFormat.text(1...253)

    /// What is allowed, to follow "must be".
    var allowed: String {
        switch self {
        case .text(let bytes): "a text of \(bytes.lowerBound) to \(bytes.upperBound) bytes without control characters"
        case .dnsLabel: "a DNS label: up to 63 lower-case letters, digits and inner dashes"
        case .dnsSubdomain: "a DNS name: lower-case labels with dots between them, up to 253 bytes"
        case .hostname: "a host name such as api.example.com"
        case .wildcardHostname(let allowsAny):
            "a host name such as api.example.com or *.example.com" + (allowsAny ? ", or *" : "")
        case .ip: "an IP address"
        case .ipOrCIDR: "an IP address or a block such as 10.0.0.0/8"
        case .portText: "a port from 1 to 65535"
        case .duration: "a duration such as 250ms, 1.5s or 1h30m"
        case .gatewayDuration: "a duration such as 250ms, 10s or 1h30m: whole numbers with h, m, s and ms"
        case .quantity: "a number of bytes such as 65536, 64Ki or 1Mi"
        case .regex: "a pattern in RE2's syntax, up to \(RegexSyntax.maximumBytes) bytes"
        case .regexOrAny: "\(Self.regex.allowed), or * for any value"
        case .headerName: "a header's name: letters, digits and !#$%&'*+-.^_`|~"
        case .headerValue: "a header's value: printable characters, spaces and tabs, up to 4096 bytes"
        case .path: "an absolute path without '?' and '#', up to 1024 bytes"
        case .labelKey: "a label's key: an optional DNS name and '/', then up to 63 letters, digits, '-', '_' and '.'"
        case .labelValue: "a label's value: up to 63 letters, digits, '-', '_' and '.'"
        case .httpURL: "a URL such as https://example.com/path"
        case .roleARN: "the ARN of an IAM role, such as arn:aws:iam::111122223333:role/name"
        case .awsAccount: "an AWS account's 12 digits (in quotes)"
        case .awsRegion: "an AWS region such as eu-west-1"
        case .ecsCluster: "an ECS cluster's name, not its ARN"
        case .namespacePattern: "a namespace such as shop, or how it begins and '*', such as shop-*"
        case .lambdaFunction: "a Lambda function's name: up to 64 letters, digits, '-' and '_'"
        case .trustDomain: "a trust domain: lower-case letters, digits, '.', '-' and '_'"
        case .namespacedName: "a name, or a namespace and a name with '/' between them"
        case .subjectName: "a SPIFFE id such as spiffe://domain/ns/a/sa/b, another URI, or a host name"
        case .origin: "an origin such as https://example.com or https://*.example.com:8443, or *"
        }
    }

    /// Whether a text has the form.
    func isMet(by text: String) -> Bool {
        switch self {
        case .text(let bytes): bytes.contains(text.utf8.count) && TextForm.isPrintable(text, lines: true)
        case .dnsLabel: TextForm.isLabel(text[...])
        case .dnsSubdomain, .hostname: TextForm.isDomain(text[...])
        case .wildcardHostname(let allowsAny):
            text == "*" ? allowsAny : TextForm.isDomain(text.hasPrefix("*.") ? text.dropFirst(2) : text[...])
        case .ip: IPAddress(parsing: text) != nil
        case .ipOrCIDR: AddressBlock(parsing: text) != nil
        case .portText: TextForm.port(text) != nil
        case .duration: DurationForms.go(text) != nil
        case .gatewayDuration: DurationForms.gateway(text) != nil
        case .quantity: TextForm.byteCount(text) != nil
        case .regex: RegexSyntax.fault(in: text) == nil
        case .regexOrAny: text == "*" || Self.regex.isMet(by: text)
        case .headerName: TextForm.isToken(text)
        case .headerValue: text.utf8.count <= 4096 && TextForm.isPrintable(text, lines: false)
        case .path: TextForm.isPath(text)
        case .labelKey: TextForm.isLabelKey(text)
        case .labelValue: text.isEmpty || TextForm.isLabelName(text[...])
        case .httpURL: TextForm.isHTTPURL(text)
        case .roleARN: TextForm.isRoleARN(text)
        case .awsAccount: SettingRule.account(text) == nil
        case .awsRegion: SettingRule.region(text) == nil
        case .ecsCluster: SettingRule.clusterName(text) == nil
        case .namespacePattern: NamespacePattern(parsing: text) != nil
        case .lambdaFunction: text.utf8.count <= 64 && SettingRule.clusterName(text) == nil
        case .trustDomain: SettingRule.trustDomain(text) == nil
        case .namespacedName: TextForm.isNamespacedName(text)
        case .subjectName: TextForm.isSubjectName(text)
        case .origin: TextForm.isOrigin(text)
        }
    }

    /// What is wrong with a text, nil for nothing.
    func fault(in text: String) -> String? {
        guard !self.isMet(by: text) else { return nil }
        if self == .regex || self == .regexOrAny, let fault = RegexSyntax.fault(in: text) {
            return "\(Quoted(text)) is no pattern of RE2: \(fault)"
        }
        return "\(Quoted(text)) must be \(self.allowed)"
    }
}
