/// Which headers logs, filters, labels and spans want to see, so that a request keeps those and no others.
///
/// Filled while configuration is compiled; whoever asks for a header gets its place in ``RequestRecord``'s lists.
package struct HeaderPlan: Hashable, Sendable {
    /// The most names of one list.
    package static let maximumNames = 128

    /// Lower-case names of request headers.
    package private(set) var request: [String] = []
    /// Lower-case names of response headers.
    package private(set) var response: [String] = []
    /// Lower-case names of response trailers.
    package private(set) var trailers: [String] = []

    /// Nothing is wanted.
    package init() {}

    /// The place of a name; nil when there are too many.
    mutating func place(_ name: String, in list: HeaderList) -> Int? {
        let lower = name.lowercased()
        let path = Self.path(list)
        if let known = self[keyPath: path].firstIndex(of: lower) { return known }
        guard self[keyPath: path].count < Self.maximumNames else { return nil }
        self[keyPath: path].append(lower)
        return self[keyPath: path].count - 1
    }

    private static func path(_ list: HeaderList) -> WritableKeyPath<HeaderPlan, [String]> {
        switch list {
        case .request: \.request
        case .response: \.response
        case .trailers: \.trailers
        }
    }
}

/// Headers that a record can keep.
package enum HeaderList: Hashable, Sendable {
    /// Of the request.
    case request
    /// Of the answer.
    case response
    /// Behind the answer's body.
    case trailers
}

extension RequestRecord {
    /// Keeps the request's wanted headers; call it with the headers as they are sent on.
    /// - Parameter find: gives the value of the first header of a lower-case name.
    package mutating func keepRequestHeaders(_ plan: HeaderPlan, find: (String) -> String?) {
        if !plan.request.isEmpty { self.requestHeaders = plan.request.map(find) }
    }

    /// Keeps the answer's wanted headers.
    package mutating func keepResponseHeaders(_ plan: HeaderPlan, find: (String) -> String?) {
        if !plan.response.isEmpty { self.responseHeaders = plan.response.map(find) }
    }

    /// Keeps the answer's wanted trailers.
    package mutating func keepTrailers(_ plan: HeaderPlan, find: (String) -> String?) {
        if !plan.trailers.isEmpty { self.responseTrailers = plan.trailers.map(find) }
    }

    /// A kept header.
    func header(_ list: HeaderList, _ place: Int) -> String? {
        let values =
            switch list {
            case .request: self.requestHeaders
            case .response: self.responseHeaders
            case .trailers: self.responseTrailers
            }
        return values.indices.contains(place) ? values[place] : nil
    }
}
