import Glibc

/// A first-in first-out queue of bytes in one piece of memory that it gives back when it is empty.
///
/// An idle connection's queue holds no memory.
package struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    package init() {}

    deinit {
        free(self.base)
    }

    /// Bytes waiting.
    package var count: Int { self.end - self.start }
    package var isEmpty: Bool { self.end == self.start }

    /// Adds a copy of `bytes` at the end.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        let target = self.reserve(bytes.count)
        memcpy(target, source, bytes.count)
        self.end += bytes.count
    }

    /// Adds a copy of `bytes` at the end.
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.append($0) }
    }

    /// Makes room for `count` more bytes and returns where they go; `commit` then makes them part of the queue.
    package mutating func reserve(_ count: Int) -> UnsafeMutableRawPointer {
        if let base = self.base, self.capacity - self.end >= count { return base + self.end }
        return self.grow(count)
    }

    /// Makes the first `count` bytes of the room that `reserve` gave part of the queue.
    package mutating func commit(_ count: Int) {
        self.end += count
    }

    private mutating func grow(_ count: Int) -> UnsafeMutableRawPointer {
        let used = self.count
        if let base = self.base, self.start > 0, self.capacity - used >= count, self.start >= used {
            memcpy(base, base + self.start, used)
            self.start = 0
            self.end = used
            return base + used
        }
        var wanted = max(1024, self.capacity)
        while wanted - used < count { wanted *= 2 }
        guard let fresh = malloc(wanted) else { fatalOutOfMemory() }
        if let base = self.base {
            memcpy(fresh, base + self.start, used)
            free(base)
        }
        self.base = fresh
        self.capacity = wanted
        self.start = 0
        self.end = used
        return fresh + used
    }

    /// Lends the waiting bytes.
    package borrowing func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard let base = self.base else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return body(UnsafeRawBufferPointer(start: base + self.start, count: self.count))
    }

    /// The waiting bytes; theirs is the queue's memory, so they are good only until it changes.
    var bytes: UnsafeRawBufferPointer {
        guard let base = self.base else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + self.start, count: self.count)
    }

    /// Drops the first `count` bytes; memory goes back when none are left.
    package mutating func consume(_ count: Int) {
        self.start += min(count, self.count)
        if self.start == self.end { self.clear() }
    }

    /// Drops everything and gives the memory back.
    package mutating func clear() {
        free(self.base)
        self.base = nil
        self.capacity = 0
        self.start = 0
        self.end = 0
    }
}

private func fatalOutOfMemory() -> Never {
    let message: StaticString = "out of memory\n"
    _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
    abort()
}
