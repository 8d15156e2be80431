internal import CNIOBoringSSL

/// The two byte ends of a session, in plain memory so that BoringSSL's callbacks reach them without reference counts.
///
/// Input: bytes kept from earlier (`held`) come first, then the borrowed ones. Output: one contiguous queue.
struct TLSTransport {
    var borrowed: UnsafeRawPointer?
    var borrowedCount = 0

    var held: UnsafeMutableRawPointer?
    var heldStart = 0
    var heldEnd = 0

    var output: UnsafeMutableRawPointer?
    var outputStart = 0
    var outputEnd = 0
    var outputCapacity = 0
    let outputLimit: Int

    /// The loop's stock; the session keeps its owner alive.
    let stock: UnsafeMutablePointer<TLSBufferPool.Stock>

    init(stock: UnsafeMutablePointer<TLSBufferPool.Stock>, outputLimit: Int) {
        self.stock = stock
        self.outputLimit = outputLimit
    }

    var inputCount: Int { heldEnd - heldStart + borrowedCount }
    var outputCount: Int { outputEnd - outputStart }

    /// Moves up to `count` bytes of input to `target`; 0 when there is none.
    mutating func take(into target: UnsafeMutableRawPointer, count: Int) -> Int {
        if let held, heldEnd > heldStart {
            let taken = min(count, heldEnd - heldStart)
            target.copyMemory(from: held + heldStart, byteCount: taken)
            heldStart += taken
            if heldStart == heldEnd { releaseHeld() }
            return taken
        }
        guard let source = borrowed, borrowedCount > 0 else { return 0 }
        let taken = min(count, borrowedCount)
        target.copyMemory(from: source, byteCount: taken)
        borrowed = source + taken
        borrowedCount -= taken
        return taken
    }

    /// Copies what is left of the borrowed bytes, since their owner takes the buffer back; false when over `limit`.
    mutating func holdBorrowed(limit: Int) -> Bool {
        defer {
            borrowed = nil
            borrowedCount = 0
        }
        guard let source = borrowed, borrowedCount > 0 else { return true }
        let waiting = heldEnd - heldStart
        guard waiting + borrowedCount <= limit else { return false }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: waiting + borrowedCount, alignment: 16)
        if let held {
            larger.copyMemory(from: held + heldStart, byteCount: waiting)
            held.deallocate()
        }
        (larger + waiting).copyMemory(from: source, byteCount: borrowedCount)
        held = larger
        heldStart = 0
        heldEnd = waiting + borrowedCount
        return true
    }

    private mutating func releaseHeld() {
        held?.deallocate()
        held = nil
        heldStart = 0
        heldEnd = 0
    }

    /// Appends to the output; false when it would outgrow its limit.
    mutating func append(_ source: UnsafeRawPointer, count: Int) -> Bool {
        let waiting = outputEnd - outputStart
        guard count <= outputLimit - waiting else { return false }
        if outputCapacity - outputEnd < count { makeRoom(for: count) }
        guard let output else { return false }
        (output + outputEnd).copyMemory(from: source, byteCount: count)
        outputEnd += count
        return true
    }

    /// Makes `count` bytes fit behind the queue: a block from the stock, the front's free space, or a larger buffer.
    private mutating func makeRoom(for count: Int) {
        let waiting = outputEnd - outputStart
        let current: UnsafeMutableRawPointer
        if let output {
            current = output
        } else {
            current = stock.pointee.take()
            outputCapacity = stock.pointee.blockBytes
        }
        if waiting + count <= outputCapacity, waiting <= outputStart {
            // Moving only what is no longer than the space before it keeps the cost of moves below that of appends.
            current.copyMemory(from: current + outputStart, byteCount: waiting)
            output = current
        } else {
            let capacity = max(outputCapacity * 2, waiting + count)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: current + outputStart, byteCount: waiting)
            stock.pointee.give(current, capacity: outputCapacity)
            output = larger
            outputCapacity = capacity
        }
        outputStart = 0
        outputEnd = waiting
    }

    /// Drops `count` sent bytes; with the last one the buffer goes back.
    mutating func consumeOutput(_ count: Int) {
        outputStart += min(max(count, 0), outputEnd - outputStart)
        if outputStart == outputEnd { releaseOutput() }
    }

    private mutating func releaseOutput() {
        if let output { stock.pointee.give(output, capacity: outputCapacity) }
        output = nil
        outputStart = 0
        outputEnd = 0
        outputCapacity = 0
    }

    mutating func release() {
        releaseHeld()
        releaseOutput()
    }
}

/// BoringSSL's view of a ``TLSTransport``: its two callbacks.
enum TransportMethod {
    /// Made once and never freed; BoringSSL only reads it.
    nonisolated(unsafe) static let shared: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 128, "tulle transport") else {
            return nil
        }
        BIO_meth_set_read(method) { bio, target, count in
            guard let bio, let target, count > 0 else { return 0 }
            BIO_clear_retry_flags(bio)
            guard let data = BIO_get_data(bio) else { return -1 }
            let taken = data.assumingMemoryBound(to: TLSTransport.self).pointee
                .take(into: UnsafeMutableRawPointer(target), count: Int(count))
            if taken == 0 {
                BIO_set_retry_read(bio)
                return -1
            }
            return CInt(truncatingIfNeeded: taken)
        }
        BIO_meth_set_write(method) { bio, source, count in
            guard let bio, let source, count > 0 else { return 0 }
            BIO_clear_retry_flags(bio)
            guard let data = BIO_get_data(bio) else { return -1 }
            let isTaken = data.assumingMemoryBound(to: TLSTransport.self).pointee
                .append(UnsafeRawPointer(source), count: Int(count))
            return isTaken ? count : -1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()
}
