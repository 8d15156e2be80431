/// What an HTTP response begins with, in one form for HTTP/1.1 and HTTP/2.
package struct HTTPResponseHead: Sendable, Hashable {
    /// The status code, 100...599. 101 says that raw bytes follow (also for HTTP/2's 200 to an extended CONNECT).
    package var status: Int
    /// The fields, with lower-case names, in their order, without those that are for one connection only.
    package var fields: [HeaderField]

    /// Joins the parts; nothing is checked here.
    package init(status: Int, fields: [HeaderField] = []) {
        self.status = status
        self.fields = fields
    }
}
