package import MeshProtos

/// What a destination sees instead of the request's path and authority: `TulleL7.Rewrite` read once.
package struct RequestRewrite: Sendable {
    package let path: PathEdit?
    /// nil keeps it.
    package let authority: String?

    static let none = RequestRewrite()

    private init() {
        self.path = nil
        self.authority = nil
    }

    package init(_ rewrite: TulleL7.Rewrite?) throws(RouteFault) {
        guard let rewrite else {
            self = .none
            return
        }
        guard PathEdit.canStand(rewrite.authority) else { throw .urlPart(rewrite.authority) }
        self.authority = rewrite.authority.isEmpty ? nil : rewrite.authority
        guard let change = rewrite.path else {
            self.path = nil
            return
        }
        self.path = try PathEdit(change)
    }
}
