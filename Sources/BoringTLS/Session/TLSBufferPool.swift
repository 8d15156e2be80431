import Glibc

/// A small stock of equal output blocks for all sessions of one event loop.
///
/// A session takes a block when it has something to send and gives it back when all is sent, so an idle session
/// holds none and a busy loop reuses the same few warm blocks. Confined to its loop: not thread-safe.
package final class TLSBufferPool {
    /// What the transport callbacks reach without reference counting.
    struct Stock {
        var blocks: UnsafeMutablePointer<UnsafeMutableRawPointer>
        var count: Int
        var limit: Int
        var blockBytes: Int

        mutating func take() -> UnsafeMutableRawPointer {
            guard count > 0 else { return .allocate(byteCount: blockBytes, alignment: 16) }
            count -= 1
            return blocks[count]
        }

        mutating func give(_ block: UnsafeMutableRawPointer, capacity: Int) {
            guard capacity == blockBytes, count < limit else {
                block.deallocate()
                return
            }
            blocks[count] = block
            count += 1
        }
    }

    let stock: UnsafeMutablePointer<Stock>

    /// - Parameters:
    ///   - blockBytes: size of a block; 32 KiB hold one full record and its neighbours. At least 1 KiB.
    ///   - keptBlocks: how many unused blocks to keep for the next batch, at most 1024.
    package init(blockBytes: Int = 32 * 1024, keptBlocks: Int = 8) {
        let limit = min(max(keptBlocks, 0), 1024)
        stock = .allocate(capacity: 1)
        stock.initialize(
            to: Stock(
                blocks: .allocate(capacity: max(limit, 1)),
                count: 0,
                limit: limit,
                blockBytes: max(blockBytes, 1024)
            )
        )
    }

    deinit {
        for index in 0..<stock.pointee.count { stock.pointee.blocks[index].deallocate() }
        stock.pointee.blocks.deallocate()
        stock.deallocate()
    }

    /// Unused blocks in stock now.
    package var keptBlocks: Int { stock.pointee.count }

    /// Gives the pages of unused blocks back to the system until they are needed again; the blocks stay.
    package func release() {
        let page = UInt(getpagesize())
        for index in 0..<stock.pointee.count {
            let block = UInt(bitPattern: stock.pointee.blocks[index])
            // The first and the last page may be shared with something else.
            let start = (block + page - 1) & ~(page - 1)
            let end = (block + UInt(stock.pointee.blockBytes)) & ~(page - 1)
            guard end > start else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), Int32(MADV_DONTNEED))
        }
    }
}
