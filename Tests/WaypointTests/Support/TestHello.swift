/// A ClientHello that names a server (RFC 8446 §4.1.2, RFC 6066 §3).
enum TestHello {
    static func bytes(_ name: String) -> [UInt8] {
        func pair(_ count: Int) -> [UInt8] { [UInt8(count >> 8), UInt8(count & 255)] }
        let list = [0] + pair(name.utf8.count) + Array(name.utf8)
        let value = pair(list.count) + list
        let extensions = [0, 0] + pair(value.count) + value
        var body: [UInt8] = [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + [0, 2, 0x13, 1] + [1, 0]
        body += pair(extensions.count) + extensions
        let message = [1, 0] + pair(body.count) + body
        return [22, 3, 1] + pair(message.count) + message
    }
}
