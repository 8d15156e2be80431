package import Foundation

/// What one of the lab's small HTTP endpoints answers.
package struct EndpointAnswer: Sendable {
    /// An answer's body.
    package enum Body: Sendable {
        case whole(Data)
        /// Sent piece by piece as the pieces come; ends with the stream, or with the client.
        case stream(AsyncStream<Data>)
    }

    package var status: Int
    package var contentType: String
    /// Further headers.
    package var headers: [String: String] = [:]
    package var body: Body

    /// An answer of any kind; JSON unless said otherwise.
    package init(status: Int, contentType: String = "application/json", body: Body) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// An answer of JSON in one piece.
    package init(status: Int = 200, json: Data) { self.init(status: status, body: .whole(json)) }

    /// The body's bytes if it is in one piece.
    package var whole: Data? {
        if case .whole(let data) = self.body { return data }
        return nil
    }
}
