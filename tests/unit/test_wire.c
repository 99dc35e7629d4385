// sources:
// also: i386
//
// The bytes of a trace: encoder against decoder against a slow model written from FORMAT.md,
// damage, versions, cut-off blocks, both checksums, the example that FORMAT.md prints, and the
// bytes of a fixed sequence, which are the same in 32 and 64 bits.
//
// `test_wire --write` writes that sequence to tests/golden/events.rlt: only after a deliberate change
// of the format. `test_wire --example` prints the bytes for FORMAT.md.
#include "../../wire/ramlens_wire.c" // for both ways to the checksum

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { EVENTS = 4000, BLOCK = RAMLENS_WIRE_BLOCK_BYTES, HEADER = RAMLENS_WIRE_HEADER_BYTES };

/// A file of the repository: this source lies in tests/unit.
static FILE *open_near(const char *relative, const char *mode) {
    char path[1024];
    snprintf(path, sizeof path, "%.*s%s", (int)(strlen(__FILE__) - strlen("test_wire.c")), __FILE__,
            relative);
    FILE *f = fopen(path, mode);
    if (f == NULL)
        printf("cannot open %s\n", path);
    assert_true(f != NULL);
    return f;
}

static uint64_t random_state;

static uint64_t random_bits(unsigned bits) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    uint64_t high = random_state >> 32;
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    uint64_t all = high << 32 | random_state >> 32;
    return bits == 0 ? 0 : all >> (64 - bits);
}

static uint32_t random_below(uint32_t n) {
    return (uint32_t)(random_bits(32) % n);
}

// -------------------------------------------------------------------------------------------------
// The model: FORMAT.md section 3 word for word, slow, with no code of the decoder's

struct model {
    uint64_t time, ticks, address, requests_address[256], addresses[256], segments[64];
    unsigned latest, previous, successor[1024], granularity;
    struct ramlens_wire_request requests[256];
    const uint8_t *at;
};

static uint64_t model_varint(struct model *m) {
    uint64_t v = 0;
    for (unsigned i = 0;; i++) {
        uint8_t b = *m->at++;
        v += (uint64_t)(b & 127) << (7 * i);
        if (b < 128)
            return v;
    }
}

static int64_t model_signed(uint64_t v) {
    return v % 2 == 0 ? (int64_t)(v / 2) : -(int64_t)(v / 2) - 1;
}

static uint64_t model_little(struct model *m, unsigned bytes) {
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v += (uint64_t)*m->at++ << (8 * i);
    return v;
}

static unsigned model_request(struct model *m, unsigned rr) {
    if (rr == 0)
        return m->successor[(m->latest * 5 + m->previous * 83) % 1024];
    if (rr == 1)
        return *m->at++;
    struct ramlens_wire_request r = { 0 };
    r.kind = *m->at++;
    r.flags = *m->at++;
    r.stack = (uint32_t)model_varint(m);
    r.size = model_varint(m);
    if (r.flags & 8)
        r.alignment = (uint32_t)model_varint(m);
    if (r.flags & 16)
        r.capability = (uint32_t)model_varint(m);
    if (r.flags & 32)
        r.region = *m->at++;
    uint32_t h = (uint32_t)(r.stack * 0x9E3779B1ull + (r.size & 0xffffffff) * 0x85EBCA77ull +
                            r.kind * 0xC2B2AE3Dull);
    unsigned slot = (uint32_t)((h ^ (h >> 13)) * 0x27D4EB2Full) >> 24;
    m->requests[slot] = r;
    m->requests_address[slot] = m->address;
    return slot;
}

static uint64_t model_address(struct model *m, unsigned aa, unsigned slot) {
    if (aa == 0)
        return m->requests_address[slot];
    if (aa == 1)
        return m->addresses[*m->at++];
    if (aa == 2)
        return m->requests_address[slot] +
               (uint64_t)model_signed(model_little(m, 2)) * (UINT64_C(1) << m->granularity);
    unsigned b = *m->at++;
    if (b == 64)
        return m->address + (uint64_t)model_signed(model_varint(m));
    return ((m->segments[b] << 16) + model_little(m, 2)) << m->granularity;
}

/// Decodes one event; returns its address.
static uint64_t model_event(struct model *m, struct ramlens_wire_request *request) {
    static const unsigned time_bytes[4] = { 0, 1, 2, 4 };
    unsigned tag = *m->at++;
    bool exact = tag >> 6 == 2;
    unsigned slot = model_request(m, tag >> 4 & 3);
    uint64_t address = model_address(m, tag >> 2 & 3, slot);
    m->ticks += model_little(m, time_bytes[tag & 3]);
    uint64_t time = m->ticks * 256;
    if (exact)
        time += *m->at++;
    if (time > m->time)
        m->time = time;
    m->successor[(m->latest * 5 + m->previous * 83) % 1024] = slot;
    m->previous = m->latest;
    m->latest = slot;
    m->address = address;
    m->requests_address[slot] = address;
    uint32_t granule = (uint32_t)(address >> m->granularity);
    m->addresses[(uint32_t)(granule * 0x9E3779B1ull) >> 24] = address;
    uint64_t g = address >> (m->granularity + 16);
    m->segments[(uint32_t)((g & 0xffffffff) * 0x9E3779B1ull) >> 26] = g;
    *request = m->requests[slot];
    return address;
}

// -------------------------------------------------------------------------------------------------
// Sequences of events

struct event {
    uint64_t time, address;
    struct ramlens_wire_request request;
    bool exact;
};

static struct ramlens_wire_request random_request(void) {
    struct ramlens_wire_request r = { 0 };
    r.kind = (uint8_t)(random_below(3) == 0 ? random_below(5) : 16 + random_below(10));
    r.stack = (uint32_t)random_bits(random_below(33));
    r.size = r.kind < 16 ? 0 : random_bits(random_below(65));
    r.flags = random_below(4) == 0 ? (uint8_t)random_below(64) : 0;
    if (r.flags & 8)
        r.alignment = 1u << random_below(32);
    if (r.flags & 16)
        r.capability = (uint32_t)random_bits(32);
    if (r.flags & 32)
        r.region = (uint8_t)random_bits(8);
    return r;
}

/// Events as programs make them: few requests, addresses that come back, steps of every width; and
/// some that are like nothing.
static void random_events(struct event *events, size_t count, uint64_t seed) {
    random_state = seed;
    struct ramlens_wire_request requests[40];
    for (size_t i = 0; i < 40; i++)
        requests[i] = random_request();
    uint64_t time = random_bits(40) << 8;
    for (size_t i = 0; i < count; i++) {
        struct event *e = &events[i];
        time += random_below(3) == 0 ? random_bits(random_below(36))
                                     : random_bits(random_below(12));
        e->time = time - (random_below(20) == 0 ? random_bits(9)
                                                : 0); // now and then one comes a little late
        e->exact = random_below(5) == 0;
        e->request = random_below(30) == 0 ? random_request()
                                           : requests[random_below(random_below(40) + 1)];
        unsigned how = random_below(10);
        if (how < 4 && i > 20)
            e->address = events[i - 1 - random_below(20)].address;
        else if (how < 8)
            e->address = 0x7f0012340000 + (random_bits(random_below(30)) << 4);
        else if (how < 9)
            e->address = random_bits(random_below(65));
        else
            e->address = 0;
    }
}

struct block {
    uint8_t bytes[BLOCK];
    size_t size;
    size_t first; ///< Index of its first event.
    size_t count;
};

static const struct ramlens_wire_block plain_header = {
    .stream = 3, .thread = 2, .image = 77, .granularity = 4
};

/// Encodes all events into closed blocks of `block_bytes`.
static size_t encode_all(
        const struct event *events, size_t count, struct block *blocks, size_t block_bytes) {
    static struct ramlens_wire_encoder e;
    struct ramlens_wire_block header = plain_header;
    size_t block = 0;
    for (size_t i = 0; i < count;) {
        struct block *b = &blocks[block];
        memset(b->bytes, 0, sizeof b->bytes);
        header.time = events[i].time;
        header.sequence = (uint32_t)block++;
        b->first = i;
        ramlens_wire_begin(&e, b->bytes, block_bytes, &header);
        while (i < count && ramlens_wire_event(&e, events[i].time, events[i].address,
                                    &events[i].request, events[i].exact))
            i++;
        b->count = i - b->first;
        b->size = ramlens_wire_end(&e, 5, 6);
        assert_true(b->count > 0);
    }
    return block;
}

static struct event events[EVENTS];
static struct block blocks[EVENTS];

/// A request as it comes back: values whose flags do not say that they follow are 0.
static void assert_request(
        const struct ramlens_wire_request *got, const struct ramlens_wire_request *wanted) {
    assert_int_equal(got->size, wanted->size);
    assert_int_equal(got->stack, wanted->stack);
    assert_int_equal(got->kind, wanted->kind);
    assert_int_equal(got->flags, wanted->flags);
    assert_int_equal(got->alignment, wanted->alignment);
    assert_int_equal(got->capability, wanted->capability);
    assert_int_equal(got->region, wanted->region);
}

/// Decodes a block from bytes that end where it ends, and compares with what was encoded and with
/// the model.
static void check_block(const struct block *b) {
    uint8_t *copy = malloc(b->size); // so that a sanitizer sees a read beyond
    assert_true(copy != NULL);
    memcpy(copy, b->bytes, b->size);
    struct ramlens_wire_block header;
    size_t header_bytes;
    assert_int_equal(
            ramlens_wire_block_read(copy, b->size, &header, &header_bytes), RAMLENS_WIRE_OK);
    static struct ramlens_wire_decoder d;
    ramlens_wire_decode(
            &d, copy + header_bytes, header.payload_bytes, header.time, header.granularity, false);
    struct model model = {
        .time = header.time, .ticks = header.time / 256, .granularity = header.granularity
    };
    model.at = copy + header_bytes;
    struct ramlens_wire_item item;
    for (size_t i = b->first; i < b->first + b->count; i++) {
        assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
        assert_int_equal(item.record, 0);
        struct ramlens_wire_request request;
        uint64_t address = model_event(&model, &request);
        assert_true(model.at == d.at);
        assert_int_equal(item.address, address);
        assert_int_equal(item.time, model.time);
        assert_request(&item.request, &request);
        assert_int_equal(item.address, events[i].address);
        assert_request(&item.request, &events[i].request);
        // A time is kept to its tick, and to its part where that was asked for; none goes back.
        if (events[i].time >= item.time)
            assert_true(events[i].time - item.time < (events[i].exact ? 1 : 256));
    }
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_DONE);
    free(copy);
}

static void events_come_back_as_they_were(void **state) {
    (void)state;
    static const size_t sizes[] = { HEADER + 128, 256, 1000, BLOCK };
    for (uint64_t seed = 1; seed <= 24; seed++) {
        random_events(events, EVENTS, seed);
        size_t count = encode_all(events, EVENTS, blocks, sizes[seed % 4]);
        for (size_t i = count; i-- > 0;) // backwards: none needs another
            check_block(&blocks[i]);
    }
}

static void a_time_that_does_not_fit_asks_for_a_new_block(void **state) {
    (void)state;
    static uint8_t buffer[BLOCK];
    static struct ramlens_wire_encoder e;
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_MALLOC, .size = 1 };
    ramlens_wire_begin(&e, buffer, sizeof buffer, &plain_header);
    assert_true(ramlens_wire_event(&e, (uint64_t)UINT32_MAX << 8, 16, &r, false));
    assert_false(ramlens_wire_event(&e, UINT64_C(0x200000000) << 8, 16, &r, false));
    assert_true(ramlens_wire_event(&e, UINT64_C(0x1fffffffe) << 8, 16, &r, false));
}

static void a_block_is_filled_but_never_overrun(void **state) {
    (void)state;
    static struct ramlens_wire_encoder e;
    for (size_t size = HEADER + 128; size < HEADER + 400; size++) {
        uint8_t *buffer = calloc(1, size);
        assert_true(buffer != NULL);
        ramlens_wire_begin(&e, buffer, size, &plain_header);
        struct ramlens_wire_request r = {
            .kind = 25, .flags = 56, .alignment = UINT32_MAX, .capability = UINT32_MAX
        };
        for (r.size = UINT64_MAX; ramlens_wire_event(&e, r.size << 32, r.size << 7, &r, true);
                r.size--)
            r.stack = (uint32_t)~r.size | 0xf0000000;
        uint8_t body[300] = { 1 };
        for (size_t bytes = 300; bytes > 0; bytes--)
            ramlens_wire_record(&e, UINT64_MAX, RAMLENS_WIRE_THREAD, body, bytes);
        assert_true(e.at < e.end && *e.at == 0); // an open block always ends in a zero byte
        free(buffer);
    }
}

// -------------------------------------------------------------------------------------------------
// Numbers and checksums

static void numbers_have_limits(void **state) {
    (void)state;
    static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX >> 1,
        UINT64_MAX - 1, UINT64_MAX };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[12];
        size_t size = (size_t)(ramlens_wire_put_varint(bytes, values[i]) - bytes);
        assert_true(size <= 10);
        for (size_t cut = 0; cut <= size; cut++) {
            struct ramlens_wire_reader r = { bytes, bytes + cut, true };
            assert_int_equal(ramlens_wire_get_varint(&r), cut == size ? values[i] : 0);
            assert_int_equal(r.ok, cut == size);
            assert_true(r.at == r.end);
        }
        size = (size_t)(ramlens_wire_put_signed(bytes, (int64_t)values[i]) - bytes);
        struct ramlens_wire_reader r = { bytes, bytes + size, true };
        assert_int_equal(ramlens_wire_get_signed(&r), (int64_t)values[i]);
    }
    static const uint8_t too_large[] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 2 };
    static const uint8_t too_long[] = { 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0 };
    struct ramlens_wire_reader large = { too_large, too_large + sizeof too_large, true };
    struct ramlens_wire_reader endless = { too_long, too_long + sizeof too_long, true };
    assert_int_equal(ramlens_wire_get_varint(&large), 0);
    assert_int_equal(ramlens_wire_get_varint(&endless), 0);
    assert_false(large.ok);
    assert_false(endless.ok);
    assert_int_equal(ramlens_wire_get_varint(&large), 0); // and stays so
}

static void lengths_are_checked_against_what_is_there(void **state) {
    (void)state;
    uint8_t bytes[16];
    for (uint64_t claimed = 0; claimed < 8; claimed++) {
        uint8_t *end = ramlens_wire_put_varint(bytes, claimed == 7 ? UINT64_MAX : claimed);
        struct ramlens_wire_reader r = { bytes, end + 3, true };
        size_t size;
        const uint8_t *got = ramlens_wire_get_bytes(&r, &size);
        assert_int_equal(r.ok, claimed <= 3);
        assert_int_equal(size, claimed <= 3 ? claimed : 0);
        assert_true((got == end) == (claimed <= 3));
    }
}

static uint32_t by_instruction(const void *bytes, size_t size) {
#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_by_instruction(~0u, bytes, size);
#endif
    return ~crc_by_table(~0u, bytes, size);
}

static void checksums_are_those_of_rfc_3720(void **state) {
    (void)state;
    static const uint8_t read_command[48] = { 0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02,
        0, 0, 0, 0, 0, 0, 0 };
    uint8_t zeros[32], ones[32], up[32], down[32];
    for (unsigned i = 0; i < 32; i++) {
        zeros[i] = 0;
        ones[i] = 0xff;
        up[i] = (uint8_t)i;
        down[i] = (uint8_t)(31 - i);
    }
    const struct {
        const uint8_t *bytes;
        size_t size;
        uint32_t crc;
    } known[] = { { zeros, 32, 0x8a9136aa }, { ones, 32, 0x62a8ab43 }, { up, 32, 0x46dd794e },
        { down, 32, 0x113fdb5c }, { read_command, 48, 0xd9963a56 } };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(~crc_by_table(~0u, known[i].bytes, known[i].size), known[i].crc);
        assert_int_equal(by_instruction(known[i].bytes, known[i].size), known[i].crc);
        assert_int_equal(ramlens_wire_crc32c(0, known[i].bytes, known[i].size), known[i].crc);
    }
}

static void both_checksums_agree_on_any_piece(void **state) {
    (void)state;
    uint8_t bytes[300];
    random_state = 7;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)random_bits(8);
    for (size_t from = 0; from < 9; from++)
        for (size_t size = 0; size < 200; size++) {
            uint32_t crc = ~crc_by_table(~0u, bytes + from, size);
            assert_int_equal(by_instruction(bytes + from, size), crc);
            uint32_t part = ramlens_wire_crc32c(0, bytes + from, size / 3);
            assert_int_equal(
                    ramlens_wire_crc32c(part, bytes + from + size / 3, size - size / 3), crc);
        }
}

// -------------------------------------------------------------------------------------------------
// Blocks

static void a_header_comes_back(void **state) {
    (void)state;
    uint8_t bytes[HEADER];
    struct ramlens_wire_block in = { .stream = 0x11223344,
        .thread = 0x55667788,
        .image = 0x99aabbcc,
        .sequence = 0xddeeff01,
        .time = UINT64_C(0x23456789abcdef00),
        .lost_allocs = 0x12345678,
        .lost_frees = 0x9abcdef0,
        .granularity = 12 };
    struct ramlens_wire_block out;
    size_t header_bytes;
    ramlens_wire_block_open(bytes, &in);
    assert_int_equal(
            ramlens_wire_block_read(bytes, sizeof bytes, &out, &header_bytes), RAMLENS_WIRE_OK);
    assert_true(out.open);
    ramlens_wire_block_close(bytes, 0, 21, 22);
    assert_int_equal(
            ramlens_wire_block_read(bytes, sizeof bytes, &out, &header_bytes), RAMLENS_WIRE_OK);
    assert_int_equal(header_bytes, HEADER);
    assert_false(out.open);
    assert_int_equal(out.stream, in.stream);
    assert_int_equal(out.thread, in.thread);
    assert_int_equal(out.image, in.image);
    assert_int_equal(out.sequence, in.sequence);
    assert_int_equal(out.time, in.time);
    assert_int_equal(out.lost_allocs, 21);
    assert_int_equal(out.lost_frees, 22);
    assert_int_equal(out.granularity, 12);
    assert_int_equal(out.payload_bytes, 0);
    for (size_t size = 0; size < sizeof bytes; size++)
        assert_int_equal(ramlens_wire_block_read(bytes, size, &out, &header_bytes),
                size < 4 ? RAMLENS_WIRE_NOT_A_BLOCK : RAMLENS_WIRE_CUT);
}

static enum ramlens_wire_verdict verdict(const uint8_t *bytes, size_t size) {
    struct ramlens_wire_block out;
    size_t header_bytes;
    return ramlens_wire_block_read(bytes, size, &out, &header_bytes);
}

/// A small block with a few events; `open` is its state before it was closed.
static size_t small_block(uint8_t *closed, uint8_t *open) {
    static struct ramlens_wire_encoder e;
    random_events(events, 8, 3);
    memset(closed, 0, BLOCK);
    ramlens_wire_begin(&e, closed, BLOCK, &plain_header);
    for (size_t i = 0; i < 8; i++)
        assert_true(ramlens_wire_event(
                &e, events[i].time & 0xffffff, events[i].address, &events[i].request, i % 2));
    memcpy(open, closed, BLOCK);
    return ramlens_wire_end(&e, 1, 2);
}

static void every_flipped_bit_of_a_closed_block_is_seen(void **state) {
    (void)state;
    static uint8_t closed[BLOCK], open[BLOCK];
    size_t size = small_block(closed, open);
    for (size_t bit = 0; bit < size * 8; bit++) {
        closed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(verdict(closed, BLOCK), RAMLENS_WIRE_OK);
        closed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(verdict(closed, size), RAMLENS_WIRE_OK);
    assert_int_equal(verdict(closed, size - 1), RAMLENS_WIRE_CUT);
}

static void the_header_of_an_open_block_is_guarded(void **state) {
    (void)state;
    static uint8_t closed[BLOCK], open[BLOCK];
    small_block(closed, open);
    for (size_t bit = 0; bit < HEADER * 8; bit++) {
        // "Being closed": then its checksum means nothing, and its contents are as good as before.
        if (bit == 6 * 8 + 1)
            continue;
        open[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(verdict(open, BLOCK), RAMLENS_WIRE_OK);
        open[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static size_t count_items(const uint8_t *block, size_t size, enum ramlens_wire_step *last) {
    static struct ramlens_wire_decoder d;
    struct ramlens_wire_block header;
    struct ramlens_wire_item item;
    size_t header_bytes, count = 0;
    assert_int_equal(ramlens_wire_block_read(block, size, &header, &header_bytes), RAMLENS_WIRE_OK);
    size_t payload = header.open ? size - header_bytes : header.payload_bytes;
    ramlens_wire_decode(
            &d, block + header_bytes, payload, header.time, header.granularity, header.open);
    while ((*last = ramlens_wire_next(&d, &item)) == RAMLENS_WIRE_ITEM)
        count++;
    return count;
}

static void a_block_cut_off_while_it_is_closed_reads_as_open(void **state) {
    (void)state;
    static uint8_t closed[BLOCK], open[BLOCK];
    enum ramlens_wire_step last;
    small_block(closed, open);
    open[6] = 3;
    for (unsigned stored = 0; stored < 1u << 16;
            stored += 1 + stored / 40) { // which of the fields' bytes are stored
        static const uint8_t fields[16] = { 20, 21, 22, 23, 32, 33, 34, 35, 36, 37, 38, 39, 44, 45,
            46, 47 };
        uint8_t copy[BLOCK];
        memcpy(copy, open, BLOCK);
        for (unsigned i = 0; i < 16; i++)
            if (stored >> i & 1)
                copy[fields[i]] = closed[fields[i]];
        assert_int_equal(count_items(copy, BLOCK, &last), 8);
        assert_int_equal(last, RAMLENS_WIRE_DONE);
    }
    assert_int_equal(count_items(closed, BLOCK, &last), 8);
}

static void an_open_block_cut_anywhere_gives_whole_items_only(void **state) {
    (void)state;
    static struct ramlens_wire_encoder e;
    static uint8_t whole[BLOCK];
    size_t ends[64], count = 0;
    random_events(events, 64, 11);
    memset(whole, 0, sizeof whole);
    struct ramlens_wire_block header = plain_header;
    header.time = events[0].time;
    ramlens_wire_begin(&e, whole, sizeof whole, &header);
    for (; count < 50; count++) {
        if (count % 9 == 8)
            assert_true(ramlens_wire_record(
                    &e, events[count].time, RAMLENS_WIRE_THREAD, (const uint8_t *)"\1\2\3abc", 6));
        else if (!ramlens_wire_event(&e, events[count].time, events[count].address,
                         &events[count].request, events[count].exact))
            break;
        ends[count] = (size_t)(e.at - whole);
    }
    assert_true(count > 30);
    enum ramlens_wire_step last;
    for (size_t i = 0, begin = HEADER; i < count; begin = ends[i++]) {
        for (size_t cut = begin; cut < ends[i]; cut++) {
            uint8_t copy[BLOCK];
            // The writer's end: every byte of the item but its tag may be there already.
            memcpy(copy, whole, BLOCK);
            memset(copy + cut + 1, 0, BLOCK - cut - 1);
            copy[begin] = 0;
            assert_int_equal(count_items(copy, BLOCK, &last), i);
            assert_int_equal(last, RAMLENS_WIRE_DONE);
            // The file's end: the item's first bytes only.
            assert_int_equal(count_items(whole, cut, &last), i);
            assert_int_equal(last, cut == begin ? RAMLENS_WIRE_DONE : RAMLENS_WIRE_BROKEN);
        }
    }
}

// -------------------------------------------------------------------------------------------------
// Versions and hostile bytes

static void what_a_newer_minor_version_adds_is_skipped(void **state) {
    (void)state;
    static struct ramlens_wire_encoder e;
    static uint8_t bytes[BLOCK], newer[BLOCK];
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_NEW, .size = 9, .stack = 2 };
    ramlens_wire_begin(&e, bytes, BLOCK, &plain_header);
    assert_true(ramlens_wire_event(&e, 256, 16, &r, false));
    assert_true(ramlens_wire_record(
            &e, 512, (enum ramlens_wire_record)63, (const uint8_t *)"what is this", 12));
    assert_true(ramlens_wire_record(&e, 768, RAMLENS_WIRE_UNLOAD, (const uint8_t *)"\5more", 5));
    assert_true(ramlens_wire_event(&e, 1024, 32, &r, false));
    size_t payload = ramlens_wire_end(&e, 0, 0) - HEADER;
    // The same with a header that has grown.
    enum { GROWN = 200 };
    memcpy(newer, bytes, HEADER);
    memset(newer + HEADER, 0xee, GROWN - HEADER);
    memcpy(newer + GROWN, bytes + HEADER, payload);
    newer[4] = 9;
    newer[5] = GROWN;
    ramlens_wire_block_close(newer, payload, 0, 0);
    struct ramlens_wire_block header;
    size_t header_bytes;
    assert_int_equal(
            ramlens_wire_block_read(newer, BLOCK, &header, &header_bytes), RAMLENS_WIRE_OK);
    assert_int_equal(header_bytes, GROWN);
    assert_int_equal(header.minor, 9);
    static struct ramlens_wire_decoder d;
    struct ramlens_wire_item item;
    ramlens_wire_decode(&d, newer + header_bytes, header.payload_bytes, header.time, 4, false);
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
    assert_int_equal(item.record, 63);
    assert_int_equal(item.body_bytes, 12);
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
    struct ramlens_wire_reader body = { item.body, item.body + item.body_bytes, true };
    assert_int_equal(item.record, RAMLENS_WIRE_UNLOAD);
    assert_int_equal(ramlens_wire_get_varint(&body), 5);
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
    assert_int_equal(item.address, 32);
    assert_int_equal(item.time, 1024);
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_DONE);
}

static void another_major_version_is_refused(void **state) {
    (void)state;
    static uint8_t closed[BLOCK], open[BLOCK];
    small_block(closed, open);
    closed[3] = 2;
    assert_int_equal(verdict(closed, BLOCK), RAMLENS_WIRE_NEWER);
    closed[3] = 0;
    assert_int_equal(verdict(closed, BLOCK), RAMLENS_WIRE_NEWER);
}

static void reserved_forms_are_damage(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[24];
        size_t size;
    } bad[] = {
        { { 0xc0 }, 1 },                                         // reserved tag
        { { 0x00 }, 1 },                                         // padding inside a closed block
        { { 0x70, 0, 0, 0, 0 }, 5 },                             // request form 3
        { { 0x60, 16, 64, 1, 1 }, 5 },                           // unknown flag
        { { 0x60, 16, 0, 0xff, 0xff, 0xff, 0xff, 0x1f, 1 }, 9 }, // stack beyond 32 bits
        { { 0x60, 16, 8, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x7f }, 10 }, // alignment beyond 32 bits
        { { 0x60, 16, 32, 1, 1 }, 5 },                               // no region
        { { 0x4c, 65, 0, 0 }, 4 }, // address slot beyond the table
        { { 0x4c, 5, 0 }, 3 },     // half an address
        { { 0x80 }, 1 },           // no part of the tick
        { { 0x43, 1, 2, 3 }, 4 },  // three of four time bytes
        { { 0x05, 3, 1, 1 }, 4 },  // record longer than what is left
        { { 0x05, 0 }, 2 },        // record without a time
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        static struct ramlens_wire_decoder d;
        struct ramlens_wire_item item;
        ramlens_wire_decode(&d, bad[i].bytes, bad[i].size, 0, 4, false);
        assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_BROKEN);
        assert_true(d.at == bad[i].bytes);
        assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_BROKEN);
    }
}

static void any_bytes_are_read_without_harm(void **state) {
    (void)state;
    static struct ramlens_wire_decoder d;
    struct ramlens_wire_item item;
    random_state = 99;
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = random_below(120);
        uint8_t *bytes = malloc(size + 1);
        assert_true(bytes != NULL);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(random_below(2) ? random_bits(8) : random_bits(2) << 5);
        ramlens_wire_decode(
                &d, bytes, size, random_bits(64), (uint8_t)random_below(13), random_below(2));
        size_t items = 0;
        while (ramlens_wire_next(&d, &item) == RAMLENS_WIRE_ITEM)
            items++;
        assert_true(items <= size);
        free(bytes);
    }
}

// -------------------------------------------------------------------------------------------------
// The example in FORMAT.md, and the kept bytes

/// Reads the hexadecimal bytes of the fenced block in the page's section 5: up to 16 two-digit
/// words at the beginning of each line.
static size_t read_example(uint8_t *out, size_t room) {
    FILE *f = open_near("../../wire/FORMAT.md", "r");
    char line[512];
    size_t size = 0;
    bool section = false, fence = false;
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "## ", 3) == 0)
            section = strncmp(line, "## 5.", 5) == 0;
        else if (section && strncmp(line, "```", 3) == 0)
            fence = !fence;
        else if (fence)
            for (const char *at = line;
                    isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1]) &&
                    (at[2] == ' ' || at[2] == '\n');
                    at += 3) {
                assert_true(size < room);
                out[size++] = (uint8_t)strtoul(at, NULL, 16);
            }
    }
    fclose(f);
    return size;
}

/// What the page says that the example says.
static const struct event example[] = {
    { 0x4640a, 0x5000, { .kind = RAMLENS_WIRE_MALLOC, .size = 24, .stack = 7 }, false },
    { 0x4640a, 0x5020, { .kind = RAMLENS_WIRE_MALLOC, .size = 24, .stack = 7 }, false },
    { 0x46505, 0x5000, { .kind = RAMLENS_WIRE_FREE, .stack = 8 }, false },
    { 0x465c8, 0x5000, { .kind = RAMLENS_WIRE_NEW, .size = 24, .stack = 9 }, true },
};
static const uint8_t example_checkpoint[] = "\0\5ready";

static size_t encode_example(uint8_t *out) {
    static struct ramlens_wire_encoder e;
    struct ramlens_wire_block header = {
        .stream = 1, .thread = 1, .image = 0xa1b2c3d4, .time = 0x46400, .granularity = 4
    };
    memset(out, 0, BLOCK);
    ramlens_wire_begin(&e, out, BLOCK, &header);
    for (size_t i = 0; i < 4; i++) {
        const struct event *x = &example[i];
        assert_true(ramlens_wire_event(&e, x->time, x->address, &x->request, x->exact));
    }
    assert_true(ramlens_wire_record(&e, 0x46900, RAMLENS_WIRE_CHECKPOINT, example_checkpoint,
            sizeof example_checkpoint - 1));
    return ramlens_wire_end(&e, 0, 0);
}

static void the_example_in_the_format_is_true(void **state) {
    (void)state;
    static uint8_t printed[BLOCK], made[BLOCK];
    size_t size = read_example(printed, sizeof printed);
    assert_int_equal(size, encode_example(made));
    assert_memory_equal(printed, made, size);
    struct ramlens_wire_block header;
    size_t header_bytes;
    assert_int_equal(
            ramlens_wire_block_read(printed, size, &header, &header_bytes), RAMLENS_WIRE_OK);
    static struct ramlens_wire_decoder d;
    struct ramlens_wire_item item;
    ramlens_wire_decode(&d, printed + header_bytes, header.payload_bytes, header.time,
            header.granularity, false);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
        assert_int_equal(item.address, example[i].address);
        assert_request(&item.request, &example[i].request);
        assert_int_equal(
                item.time, example[i].exact ? example[i].time : example[i].time & ~UINT64_C(255));
    }
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
    assert_int_equal(item.record, RAMLENS_WIRE_CHECKPOINT);
    assert_int_equal(item.time, 0x46900);
    assert_memory_equal(item.body, example_checkpoint, sizeof example_checkpoint - 1);
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_DONE);
}

enum { GOLDEN_EVENTS = 1200, GOLDEN_SEED = 2024 };

static size_t encode_golden(void) {
    random_events(events, GOLDEN_EVENTS, GOLDEN_SEED);
    return encode_all(events, GOLDEN_EVENTS, blocks, BLOCK);
}

/// Kept bytes of this version: they must decode to the same events for ever, and both word sizes
/// must write them.
static void kept_bytes_stay_readable_and_are_written_alike(void **state) {
    (void)state;
    size_t count = encode_golden();
    FILE *f = open_near("../golden/events.rlt", "rb");
    for (size_t i = 0; i < count; i++) {
        struct block kept = blocks[i];
        memset(kept.bytes, 0, sizeof kept.bytes);
        assert_int_equal(fread(kept.bytes, 1, kept.size, f), kept.size);
        check_block(&kept);
        // Kept from version 1.0: only the minor version, and with it the checksum, is another today.
        memcpy(kept.bytes + 4, blocks[i].bytes + 4, 1);
        memcpy(kept.bytes + 44, blocks[i].bytes + 44, 4);
        assert_memory_equal(kept.bytes, blocks[i].bytes, kept.size);
    }
    assert_int_equal(fgetc(f), EOF);
    fclose(f);
}

static int write_golden(void) {
    FILE *f = fopen("tests/golden/events.rlt", "wb");
    if (f == NULL)
        return 2;
    size_t count = encode_golden();
    for (size_t i = 0; i < count; i++)
        fwrite(blocks[i].bytes, 1, blocks[i].size, f);
    return fclose(f) == 0 ? 0 : 2;
}

static int print_example(void) {
    static uint8_t made[BLOCK];
    size_t size = encode_example(made);
    for (size_t i = 0; i < size; i++)
        printf("%02x%c", made[i], i % 16 == 15 || i == size - 1 ? '\n' : ' ');
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_golden();
    if (argc > 1 && strcmp(argv[1], "--example") == 0)
        return print_example();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back_as_they_were),
        cmocka_unit_test(a_time_that_does_not_fit_asks_for_a_new_block),
        cmocka_unit_test(a_block_is_filled_but_never_overrun),
        cmocka_unit_test(numbers_have_limits),
        cmocka_unit_test(lengths_are_checked_against_what_is_there),
        cmocka_unit_test(checksums_are_those_of_rfc_3720),
        cmocka_unit_test(both_checksums_agree_on_any_piece),
        cmocka_unit_test(a_header_comes_back),
        cmocka_unit_test(every_flipped_bit_of_a_closed_block_is_seen),
        cmocka_unit_test(the_header_of_an_open_block_is_guarded),
        cmocka_unit_test(a_block_cut_off_while_it_is_closed_reads_as_open),
        cmocka_unit_test(an_open_block_cut_anywhere_gives_whole_items_only),
        cmocka_unit_test(what_a_newer_minor_version_adds_is_skipped),
        cmocka_unit_test(another_major_version_is_refused),
        cmocka_unit_test(reserved_forms_are_damage),
        cmocka_unit_test(any_bytes_are_read_without_harm),
        cmocka_unit_test(the_example_in_the_format_is_true),
        cmocka_unit_test(kept_bytes_stay_readable_and_are_written_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
