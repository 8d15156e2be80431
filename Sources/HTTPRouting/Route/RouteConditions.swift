import MeshModel
package import MeshProtos

/// What a request must be for one entry of a route table.
package struct RouteConditions: Sendable {
    let path: PathCondition
    let headers: [HeaderCondition]
    let query: [(name: [UInt8], matcher: StringMatcher)]
    let method: StringMatcher?
    let scheme: StringMatcher?
    let authority: StringMatcher?
    let sourceNamespaces: [String]

    /// Reads conditions. One that can't be asked is left out, so that what remains decides which requests get the
    /// error that its fault makes of the entry.
    ///
    /// - Parameter faults: gets what is wrong.
    package init(_ match: TulleL7.RouteMatch?, faults: inout [RouteFault]) {
        let match = match ?? TulleL7.RouteMatch()
        self.path = Self.reading(&faults) { () throws(RouteFault) in try PathCondition(match.path) } ?? .any
        self.headers = match.headers.compactMap { header in
            Self.reading(&faults) { () throws(RouteFault) in try HeaderCondition(header) }
        }
        self.query = match.query.compactMap { parameter in
            var present = TulleL7.StringMatch()
            present.kind = .present
            return Self.text(parameter.value ?? present, &faults).map { (Array(parameter.name.utf8), $0) }
        }
        self.method = match.method.flatMap { Self.text($0, &faults) }
        self.scheme = match.scheme.flatMap { Self.text($0, &faults) }
        self.authority = match.authority.flatMap { Self.text($0, &faults) }
        self.sourceNamespaces = match.sourceNamespaces
    }

    private static func text(_ match: TulleL7.StringMatch, _ faults: inout [RouteFault]) -> StringMatcher? {
        self.reading(&faults) { () throws(RouteFault) in
            do throws(StringMatcherError) {
                return try StringMatcher(match)
            } catch {
                throw .match(error)
            }
        }
    }

    private static func reading<Part>(
        _ faults: inout [RouteFault],
        _ read: () throws(RouteFault) -> Part
    ) -> Part? {
        do throws(RouteFault) {
            return try read()
        } catch {
            faults.append(error)
            return nil
        }
    }

    /// Whether a request passes them all.
    package func hold(for request: borrowing RequestView) -> Bool {
        self.path.holds(for: request.path.utf8.span) && self.holdBesidesPath(for: request)
    }

    /// Whether a request passes all but the path's.
    func holdBesidesPath(for request: borrowing RequestView) -> Bool {
        if let method = self.method, !method.matches(request.method) { return false }
        if let scheme = self.scheme, !scheme.matches(request.scheme) { return false }
        if let authority = self.authority, !authority.matches(request.authority) { return false }
        for header in self.headers where !header.holds(for: request) { return false }
        if !self.query.isEmpty, !self.queryHolds(request.query ?? "") { return false }
        guard !self.sourceNamespaces.isEmpty else { return true }
        guard let namespace = request.connection.peer?.namespace else { return false }
        return self.sourceNamespaces.contains { $0.utf8.elementsEqual(namespace.utf8) }
    }

    private func queryHolds(_ query: String) -> Bool {
        let bytes = query.utf8.span
        for parameter in self.query {
            guard let value = QueryText.value(of: parameter.name, in: bytes),
                parameter.matcher.matches(bytes.extracting(value))
            else { return false }
        }
        return true
    }
}
