/// The text formats in which metrics are served.
package enum ExpositionFormat: Sendable {
    /// Prometheus text format 0.0.4.
    case prometheus
    /// OpenMetrics text format 1.0.0.
    case openMetrics

    /// What an `Accept` header asks for: OpenMetrics only if it names that type (as ztunnel does).
    package init(accept: String?) {
        let types = (accept?.utf8.count ?? 0) <= 4_096 ? accept?.split(separator: ",") ?? [] : []
        let wanted = types.contains { $0.drop { $0 == " " }.hasPrefix("application/openmetrics-text") }
        self = wanted ? .openMetrics : .prometheus
    }

    /// The media type of the text.
    package var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text;charset=utf-8;version=1.0.0"
        }
    }
}
