#define _GNU_SOURCE
#include "CMeshLinux.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

// The first object that is named is the program itself, in static programs the only one.
static int release_code(struct dl_phdr_info *program, size_t size, void *released) {
    (void)size;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];
        // Never written, so each page can be read again from the file.
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) continue;
        uintptr_t start = program->dlpi_addr + part->p_vaddr;
        uintptr_t end = (start + part->p_filesz) & ~(page - 1);
        start &= ~(page - 1);
        if (end > start && madvise((void *)start, end - start, MADV_DONTNEED) == 0) {
            *(int64_t *)released += (int64_t)(end - start);
        }
    }
    return 1;
}

int64_t mesh_release_code(void) {
    int64_t released = 0;
    dl_iterate_phdr(release_code, &released);
    return released;
}

// The kernel lets nothing else come as near as this to a stack that grows.
enum { MAIN_STACK_REACH = 256 * 1024 };

int mesh_release_stack(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    // This frame, and those of what it calls, lie in the page of its address and the one below.
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - page;
    uintptr_t start = end - MAIN_STACK_REACH;
    // For the main thread the library would read /proc/self/maps, which needs more memory than it may give back.
    if (gettid() != getpid()) {
        pthread_attr_t attributes;
        void *lowest;
        size_t size;
        int failure = pthread_getattr_np(pthread_self(), &attributes);
        if (failure != 0) return -failure;
        failure = pthread_attr_getstack(&attributes, &lowest, &size);
        pthread_attr_destroy(&attributes);
        if (failure != 0) return -failure;
        start = ((uintptr_t)lowest + page - 1) & ~(page - 1);
    }
    if (end <= start) return 0;
    // Where the main thread's stack has not grown to yet nothing is mapped; the rest is given back all the same.
    if (madvise((void *)start, end - start, MADV_DONTNEED) != 0 && errno != ENOMEM) return -errno;
    return 0;
}

int mesh_bound_heap(int arenas, int mapped) {
    // Unless it is set, the threshold grows with the largest block that was ever given back.
    if (mallopt(M_ARENA_MAX, arenas) != 1 || mallopt(M_MMAP_THRESHOLD, mapped) != 1) return -EINVAL;
    return 0;
}

void mesh_trim_heap(void) { malloc_trim(0); }

void mesh_heap_usage(struct mesh_heap *usage) {
    struct mallinfo2 info = mallinfo2();
    usage->used = info.uordblks + info.hblkhd;
    usage->kept = info.fordblks;
}
