/// What of a cluster is under way and what was refused so far.
package struct LimitNumbers: Sendable, Hashable {
    /// Attempts upstream.
    package var requests: Int
    /// Requests that wait for a connection.
    package var pending: Int
    /// Connections.
    package var connections: Int
    /// Retries.
    package var retries: Int
    /// Refused for `maxRequests`.
    package var refusedRequests: Int
    /// Refused for `maxPending`.
    package var refusedPending: Int
    /// Refused for `maxConnections`, with those that were made all the same.
    package var refusedConnections: Int
    /// Refused for `maxRetries` or the budget.
    package var refusedRetries: Int
}
