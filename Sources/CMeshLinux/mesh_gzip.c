#include "mesh_gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct mesh_gzip {
    z_stream stream;
};

mesh_gzip *mesh_gzip_new(void) {
    mesh_gzip *gzip = calloc(1, sizeof *gzip);
    if (!gzip) return NULL;
    // 15 bits of window, and 16 more for gzip's frame instead of zlib's.
    if (deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return gzip;
}

void mesh_gzip_free(mesh_gzip *gzip) {
    if (!gzip) return;
    deflateEnd(&gzip->stream);
    free(gzip);
}

long mesh_gzip_write(
    mesh_gzip *gzip, const uint8_t *input, size_t count, size_t *taken, uint8_t *output, size_t capacity, int finish
) {
    size_t given = count < UINT_MAX ? count : UINT_MAX;
    size_t room = capacity < UINT_MAX ? capacity : UINT_MAX;
    gzip->stream.next_in = (Bytef *)input;
    gzip->stream.avail_in = (uInt)given;
    gzip->stream.next_out = output;
    gzip->stream.avail_out = (uInt)room;
    int result = deflate(&gzip->stream, finish ? Z_FINISH : Z_NO_FLUSH);
    *taken = given - gzip->stream.avail_in;
    // Z_BUF_ERROR only says that there was nothing to do.
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return -1;
    return (long)(room - gzip->stream.avail_out);
}
