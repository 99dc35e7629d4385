// See dhat.h.
#include "dhat.h"

#include <jansson.h>
#include <string.h>

static struct str copy_of(struct arena *a, const char *at, const char *end) {
    return arena_copy(a, (struct str){ at, (size_t)(end - at) });
}

/// "0x1091D7: rtc::f(int) (f.cpp:3)"; "(in /lib/x.so)" where there are no lines, "???" where there is no name.
static struct dhat_frame parse_frame(struct arena *a, const char *text) {
    struct dhat_frame f = { .function = STR("") };
    f.file = STR("");
    const char *name = strstr(text, ": ");
    if (name == NULL)
        return f;
    name += 2;
    const char *end = name + strlen(name), *place = end;
    while (place > name && strncmp(place, " (", 2) != 0)
        place--;
    if (place == name || end[-1] != ')') {
        f.function = strcmp(name, "???") == 0 ? STR("") : copy_of(a, name, end);
        return f;
    }
    f.function = strncmp(name, "??? ", 4) == 0 ? STR("") : copy_of(a, name, place);
    place += 2;
    const char *colon = strrchr(place, ':');
    if (strncmp(place, "in ", 3) == 0 || colon == NULL)
        return f;
    const char *slash = colon;
    while (slash > place && slash[-1] != '/')
        slash--;
    f.file = copy_of(a, slash, colon);
    for (const char *digit = colon + 1; *digit >= '0' && *digit <= '9'; digit++)
        f.line = f.line * 10 + (uint32_t)(*digit - '0');
    return f;
}

static uint64_t number(const json_t *object, const char *key) {
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static void read_frames(struct arena *a, const json_t *list, struct dhat *out) {
    out->frame_count = (uint32_t)json_array_size(list);
    out->frames = NEW_ARRAY(a, struct dhat_frame, out->frame_count + 1);
    for (uint32_t i = 0; i < out->frame_count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        out->frames[i] = parse_frame(a, text != NULL ? text : "");
    }
}

static void read_places(struct arena *a, const json_t *list, struct dhat *out) {
    out->place_count = (uint32_t)json_array_size(list);
    out->places = NEW_ARRAY(a, struct dhat_place, out->place_count + 1);
    for (uint32_t i = 0; i < out->place_count; i++) {
        const json_t *o = json_array_get(list, i), *frames = json_object_get(o, "fs");
        struct dhat_place *p = &out->places[i];
        *p = (struct dhat_place){ .bytes = number(o, "tb"),
            .blocks = number(o, "tbk"),
            .accesses = number(o, "rb") + number(o, "wb") };
        p->frames = NEW_ARRAY(a, uint32_t, json_array_size(frames) + 1);
        for (uint32_t k = 0; k < json_array_size(frames); k++) {
            json_int_t index = json_integer_value(json_array_get(frames, k));
            if (index >= 0 && index < (json_int_t)out->frame_count)
                p->frames[p->frame_count++] = (uint32_t)index;
        }
    }
}

static bool check(const json_t *root, const char *path, struct err *err) {
    const json_t *version = json_object_get(root, "dhatFileVersion");
    if (!json_is_integer(version) || !json_is_array(json_object_get(root, "pps")) ||
            !json_is_array(json_object_get(root, "ftbl")))
        return fail(err, path, ERR_NO_OFFSET,
                "no file of DHAT's; 'valgrind --tool=dhat --dhat-out-file=FILE PROGRAM' makes one");
    if (json_integer_value(version) != 2)
        return fail(err, path, ERR_NO_OFFSET, "a DHAT file of version %d; known is version 2",
                (int)json_integer_value(version));
    if (!json_is_true(json_object_get(root, "bkacc")))
        return fail(err, path, ERR_NO_OFFSET,
                "this DHAT run did not count accesses; leave its option --mode out");
    return true;
}

bool dhat_read(struct arena *a, const char *path, struct dhat *out, struct err *err) {
    json_error_t problem;
    json_t *root = json_load_file(path, JSON_DECODE_ANY, &problem);
    *out = (struct dhat){ .command = STR("") };
    if (root == NULL)
        return fail(err, path, ERR_NO_OFFSET, "no file of DHAT's: %s", problem.text);
    bool good = check(root, path, err);
    if (good) {
        const char *command = json_string_value(json_object_get(root, "cmd"));
        out->command = arena_copy(a, str_from(command));
        read_frames(a, json_object_get(root, "ftbl"), out);
        read_places(a, json_object_get(root, "pps"), out);
    }
    json_decref(root);
    return good;
}
