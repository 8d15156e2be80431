package import MeshModel

/// One header field of HTTP/2; pseudo headers among them.
package typealias HTTP2Header = HeaderField

extension HeaderField {
    /// The size that header list limits and compression tables count: both lengths and 32 (RFC 7541 §4.1).
    var listSize: Int { self.name.utf8.count + self.value.utf8.count + 32 }
}
