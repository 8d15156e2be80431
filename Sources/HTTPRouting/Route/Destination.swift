import MeshProtos

/// One of the destinations that a route shares requests between: `TulleL7.WeightedCluster` read once.
package struct Destination: Sendable {
    /// What its share of the requests gets.
    enum Outcome: Sendable {
        /// The place of the cluster in the resource.
        case cluster(Int)
        case redirect(RedirectTarget)
        case reply(LocalReply)
    }

    let outcome: Outcome
    let weight: UInt32
    let requestHeaders: HeaderEdit
    let responseHeaders: HeaderEdit
    let rewrite: RequestRewrite
    let fault: RouteFault?

    /// The place of its cluster; nil where it leads to none.
    var cluster: Int? { if case .cluster(let place) = self.outcome { place } else { nil } }

    init(_ declared: TulleL7.WeightedCluster, clusters: [String: Int]) {
        self.weight = declared.weight
        let read: Read
        do throws(RouteFault) {
            read = Read(
                outcome: try Self.outcome(of: declared, clusters: clusters),
                requestHeaders: try HeaderEdit(declared.requestHeaders),
                responseHeaders: try HeaderEdit(declared.responseHeaders),
                rewrite: try RequestRewrite(declared.rewrite)
            )
            self.fault = nil
        } catch {
            read = Read(outcome: .reply(.invalidRoute(reason: "\(error)")))
            self.fault = error
        }
        self.outcome = read.outcome
        self.requestHeaders = read.requestHeaders
        self.responseHeaders = read.responseHeaders
        self.rewrite = read.rewrite
    }

    /// What was declared, before it is known whether all of it can be carried out.
    private struct Read {
        let outcome: Outcome
        var requestHeaders = HeaderEdit.none
        var responseHeaders = HeaderEdit.none
        var rewrite = RequestRewrite.none
    }

    private static func outcome(
        of declared: TulleL7.WeightedCluster,
        clusters: [String: Int]
    ) throws(RouteFault) -> Outcome {
        if let failure = declared.failure { return .reply(.failure(failure)) }
        if let redirect = declared.redirect { return .redirect(try RedirectTarget(redirect)) }
        guard !declared.cluster.isEmpty else { throw .destination("") }
        guard let cluster = clusters[declared.cluster] else { return .reply(.clusterNotFound()) }
        return .cluster(cluster)
    }
}

extension LocalReply {
    /// What a failure of the configuration answers; 500 where it has no status that can be answered.
    static func failure(_ failure: TulleL7.Failure) -> LocalReply {
        let status = (400...599).contains(failure.status) ? Int(failure.status) : 500
        return .invalidRoute(status: status, reason: failure.reason)
    }
}
