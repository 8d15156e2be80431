import MeshConfig
import MeshProtos

/// Istio's `retries`.
enum RetryOperations {
    /// Without a count above 0 nothing is tried again.
    static func retry(_ value: ConfigValue) -> TulleL7.Retry {
        TulleL7.Retry.with {
            $0.attempts = value.count("attempts") ?? 0
            guard $0.attempts > 0 else { return }
            let (conditions, codes) = self.conditions(value.text("retryOn") ?? "")
            $0.conditions = conditions
            $0.statusCodes = codes
            $0.backoffMilliseconds = value.milliseconds("backoff") ?? 0
            $0.sameEndpoint = value["retryIgnorePreviousHosts"]?.flag == false
            $0.otherLocalities = value["retryRemoteLocalities"]?.flag ?? false
        }
    }

    /// Numbers among the tokens are status codes, and stand for the token that makes them count.
    private static func conditions(_ text: String) -> ([String], [UInt32]) {
        let tokens = text.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
        guard !tokens.isEmpty else { return (GatewayRule.retryConditions, []) }
        let codes = tokens.compactMap { DecimalText.number($0) }
        var conditions: [String] = []
        for token in tokens where DecimalText.number(token) == nil && !conditions.contains(token) {
            conditions.append(token)
        }
        if !codes.isEmpty, !conditions.contains("retriable-status-codes") {
            conditions.append("retriable-status-codes")
        }
        return (conditions, codes)
    }
}
