// See trace_builder.h.
#include "trace_builder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void builder_begin(struct builder *b) {
    uint8_t *bytes = b->bytes;
    int file = b->bytes == NULL ? memfd_create("trace", 0) : b->file;
    memset(b, 0, sizeof *b);
    b->bytes = bytes == NULL ? malloc(BUILDER_BYTES) : bytes;
    assert(b->bytes != NULL && file >= 0);
    b->file = file;
    b->place_bytes = 512;
    b->image = 1;
}

void builder_end(struct builder *b) {
    free(b->bytes);
    close(b->file);
    b->bytes = NULL;
}

void builder_close(struct builder *b, uint32_t stream) {
    struct ramlens_wire_encoder *e = &b->encoder[stream];
    if (e->begin != NULL)
        ramlens_wire_end(e, 0, 0);
}

void builder_pad(struct builder *b, size_t bytes) {
    assert(b->size + bytes <= BUILDER_BYTES);
    memset(b->bytes + b->size, 0, bytes);
    b->size += bytes;
}

void builder_open(struct builder *b, uint32_t stream, uint64_t time) {
    assert(stream < BUILDER_STREAMS);
    builder_close(b, stream);
    struct ramlens_wire_block header = { .stream = stream,
        .thread = stream,
        .image = b->image,
        .sequence = b->sequence[stream]++,
        .time = time,
        .granularity = 4 };
    uint8_t *place = b->bytes + b->size;
    builder_pad(b, b->place_bytes);
    ramlens_wire_begin(&b->encoder[stream], place, b->place_bytes, &header);
    if (stream == 0)
        b->previous_address = 0;
}

void builder_request(struct builder *b, uint32_t stream, uint64_t time, uint64_t address,
        const struct ramlens_wire_request *r) {
    struct ramlens_wire_encoder *e = &b->encoder[stream];
    if (e->begin != NULL && ramlens_wire_event(e, time, address, r, true))
        return;
    builder_open(b, stream, time);
    bool done = ramlens_wire_event(e, time, address, r, true);
    assert(done);
    (void)done;
}

void builder_event(struct builder *b, uint32_t stream, uint64_t time, uint8_t kind,
        uint64_t address, uint64_t size) {
    struct ramlens_wire_request r = { .kind = kind, .size = size, .stack = 1 };
    builder_request(b, stream, time, address, &r);
}

void builder_record(struct builder *b, uint32_t stream, uint64_t time, uint8_t type,
        const void *body, size_t size) {
    struct ramlens_wire_encoder *e = &b->encoder[stream];
    if (e->begin != NULL &&
            ramlens_wire_record(e, time, (enum ramlens_wire_record)type, body, size))
        return;
    builder_open(b, stream, time);
    bool done = ramlens_wire_record(e, time, (enum ramlens_wire_record)type, body, size);
    assert(done);
    (void)done;
}

void builder_numbers(struct builder *b, uint32_t stream, uint64_t time, uint8_t type,
        uint64_t first, uint64_t second, uint64_t third) {
    uint8_t body[32];
    uint8_t *at = ramlens_wire_put_varint(body, first);
    at = ramlens_wire_put_varint(at, second);
    at = ramlens_wire_put_varint(at, third);
    builder_record(b, stream, time, type, body, (size_t)(at - body));
}

void builder_image(struct builder *b, uint64_t time, const char *program) {
    uint8_t body[256];
    uint8_t *at = ramlens_wire_put_varint(body, 8);
    at = ramlens_wire_put_varint(at, 1000000);
    at = ramlens_wire_put_varint(at, 777);
    at = ramlens_wire_put_varint(at, 4321);
    at = ramlens_wire_put_bytes(at, "test", 4);
    at = ramlens_wire_put_bytes(at, program, strlen(program));
    builder_record(b, 0, time, RAMLENS_WIRE_IMAGE, body, (size_t)(at - body));
}

void builder_stack(struct builder *b, uint32_t number, uint32_t outer, uint64_t address) {
    struct ramlens_wire_encoder *e = &b->encoder[0];
    if (e->begin == NULL || e->end - e->at < 64)
        builder_open(b, 0, e->state.time);
    uint8_t body[32];
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_varint(at, outer);
    at = ramlens_wire_put_signed(at, (int64_t)(address - b->previous_address));
    b->previous_address = address;
    builder_record(b, 0, 0, RAMLENS_WIRE_STACK, body, (size_t)(at - body));
}

void builder_module(
        struct builder *b, uint32_t number, uint64_t low, uint64_t size, const char *path) {
    uint8_t body[256];
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_varint(at, low);
    at = ramlens_wire_put_varint(at, low);
    at = ramlens_wire_put_varint(at, size);
    at = ramlens_wire_put_bytes(at, "\xb1\x1d\x1d", 3);
    at = ramlens_wire_put_bytes(at, path, strlen(path));
    builder_record(b, 0, 0, RAMLENS_WIRE_MODULE, body, (size_t)(at - body));
}

void builder_thread(struct builder *b, uint32_t number, uint32_t system_id, const char *name) {
    uint8_t body[128];
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_varint(at, system_id);
    at = ramlens_wire_put_bytes(at, name, strlen(name));
    builder_record(b, 0, 0, RAMLENS_WIRE_THREAD, body, (size_t)(at - body));
}

const char *builder_path(struct builder *b) {
    bool written =
            ftruncate(b->file, 0) == 0 && pwrite(b->file, b->bytes, b->size, 0) == (ssize_t)b->size;
    assert(written);
    (void)written;
    snprintf(b->path, sizeof b->path, "/proc/self/fd/%d", b->file);
    return b->path;
}

size_t builder_file_bytes(const struct builder *b) {
    struct stat status;
    return fstat(b->file, &status) == 0 ? (size_t)status.st_size : 0;
}
