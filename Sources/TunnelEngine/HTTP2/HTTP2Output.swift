/// Bytes that wait to be sent: a queue in one block of memory that is given back when it has run empty.
///
/// Frames are appended whole and in order. Whoever sends takes them with ``withBytes(_:)`` and ``consume(_:)``.
package final class HTTP2Output {
    /// Kept when the queue runs empty; larger blocks are freed, so that an idle connection holds little.
    private static let keptCapacity = 1024

    @exclusivity(unchecked) private var memory: UnsafeMutableRawPointer?
    @exclusivity(unchecked) private var capacity = 0
    @exclusivity(unchecked) private var head = 0
    @exclusivity(unchecked) private var tail = 0
    /// Bytes consumed in all.
    @exclusivity(unchecked) private(set) var consumedBytes: UInt64 = 0

    init() {}

    deinit { self.memory?.deallocate() }

    /// Bytes that wait.
    package var count: Int { self.tail - self.head }
    /// True when nothing waits.
    package var isEmpty: Bool { self.tail == self.head }

    /// Lends the waiting bytes. They stay valid until something is appended or consumed, so `body` does neither.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard let memory, self.count > 0 else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return body(UnsafeRawBufferPointer(start: memory + self.head, count: self.count))
    }

    /// Drops the first `count` bytes, at most all of them.
    package func consume(_ count: Int) {
        let count = min(max(count, 0), self.count)
        self.consumedBytes &+= UInt64(count)
        self.head += count
        guard self.head == self.tail else { return }
        self.head = 0
        self.tail = 0
        if self.capacity > Self.keptCapacity {
            self.memory?.deallocate()
            self.memory = nil
            self.capacity = 0
        }
    }

    /// Room for `count` more bytes at the end, counted as written.
    @inline(__always)
    func extend(by count: Int) -> UnsafeMutableRawPointer {
        let start = self.reserve(count) + self.tail
        self.tail += count
        return start
    }

    func append(_ byte: UInt8) {
        self.extend(by: 1).storeBytes(of: byte, as: UInt8.self)
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        self.extend(by: bytes.count).copyMemory(from: base, byteCount: bytes.count)
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { self.append(UnsafeRawBufferPointer($0)) }
    }

    func append(bigEndian value: UInt16) {
        self.extend(by: 2).storeBytes(of: value.bigEndian, as: UInt16.self)
    }

    func append(bigEndian value: UInt32) {
        self.extend(by: 4).storeBytes(of: value.bigEndian, as: UInt32.self)
    }

    func append(bigEndian value: UInt64) {
        self.extend(by: 8).storeBytes(of: value.bigEndian, as: UInt64.self)
    }

    func append(_ header: HTTP2FrameHeader) {
        header.write(to: self.extend(by: HTTP2FrameHeader.byteCount))
    }

    /// Lends the last `count` bytes for a correction, for example a length known only afterwards.
    func withLast(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let memory, count > 0, count <= self.count else { return }
        body(UnsafeMutableRawBufferPointer(start: memory + (self.tail - count), count: count))
    }

    /// Takes back the last `count` bytes.
    func dropLast(_ count: Int) {
        self.tail -= min(max(count, 0), self.count)
    }

    private func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
        if let memory, self.capacity - self.tail >= extra { return memory }
        return self.grow(extra)
    }

    @inline(never)
    private func grow(_ extra: Int) -> UnsafeMutableRawPointer {
        let waiting = self.count
        var wanted = max(self.capacity, 256)
        while wanted < waiting + extra { wanted *= 2 }
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 8)
        if let memory {
            fresh.copyMemory(from: memory + self.head, byteCount: waiting)
            memory.deallocate()
        }
        self.memory = fresh
        self.capacity = wanted
        self.head = 0
        self.tail = waiting
        return fresh
    }
}
