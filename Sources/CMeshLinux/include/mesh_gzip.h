// zlib's gzip writer, whose header Swift can't import: it is made of macros.
#ifndef MESH_GZIP_H
#define MESH_GZIP_H

#include <stddef.h>
#include <stdint.h>

/// A compression in progress; about 270 KB while it lives.
typedef struct mesh_gzip mesh_gzip;

/// Begins a compression; null when there is no memory.
mesh_gzip *mesh_gzip_new(void);
void mesh_gzip_free(mesh_gzip *gzip);
/// Compresses `*taken` of `count` bytes into `output` and returns how many were written there.
///
/// Call it again with the rest while it takes less than all. With `finish`, call it until it writes less than
/// `capacity`. -1 after a failure, which ends the compression.
long mesh_gzip_write(
    mesh_gzip *gzip, const uint8_t *input, size_t count, size_t *taken, uint8_t *output, size_t capacity, int finish
);

#endif
