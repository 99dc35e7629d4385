/// Files as wholes. Every message names what the user can look at: the path as given, the reason in
/// the system's words, and what it is instead of a file where that is the trouble.
#include "file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_name(mode_t mode) {
    switch (mode & (mode_t)S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFBLK:
    case S_IFCHR:
        return "a device";
    default:
        return "no regular file";
    }
}

static bool fail_open(struct err *err, const char *path) {
    return fail(err, path, ERR_NO_OFFSET, "cannot be opened: %s", strerror(errno));
}

/// Opens without waiting: a pipe that no one writes to must become a message, not a hang.
static int open_regular(const char *path, struct stat *status, struct err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, status) != 0) {
        fail_open(err, path);
    } else if (!S_ISREG(status->st_mode)) {
        fail(err, path, ERR_NO_OFFSET, "is %s; a regular file is needed",
                kind_name(status->st_mode));
    } else {
        return fd;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

static bool map_all(int fd, uintmax_t size_bytes, struct file_map *out) {
    if (size_bytes > PTRDIFF_MAX) {
        errno = EFBIG;
        return false;
    }
    void *at = mmap(NULL, (size_t)size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        return false;
    }
    *out = (struct file_map){ .bytes = at, .size_bytes = (size_t)size_bytes, .mapping = at };
    return true;
}

bool file_map(const char *path, struct file_map *out, struct err *err) {
    struct stat status;
    *out = (struct file_map){ 0 };
    int fd = open_regular(path, &status, err);
    if (fd < 0) {
        return false;
    }
    out->bytes = (const uint8_t *)"";
    if (status.st_size > 0 && !map_all(fd, (uintmax_t)status.st_size, out)) {
        fail(err, path, ERR_NO_OFFSET, "cannot be mapped: %s", strerror(errno));
        (void)close(fd);
        *out = (struct file_map){ 0 };
        return false;
    }
    (void)close(fd);
    return true;
}

void file_unmap(struct file_map *map) {
    if (map->mapping) {
        (void)munmap(map->mapping, map->size_bytes);
    }
    *map = (struct file_map){ 0 };
}

/// Reads `stream` to its end, which is expected behind `guess` bytes. Where it is not, the room doubles in the arena; the old copies stay there.
static bool read_stream(struct arena *a, FILE *stream, const char *path, size_t guess,
        size_t most_bytes, struct str *out, struct err *err) {
    size_t room = (guess < most_bytes ? guess : most_bytes) + 4096;
    size_t len = 0;
    char *text = arena_take(a, room, 1, 1);
    for (;;) {
        len += fread(text + len, 1, room - 1 - len, stream);
        if (ferror(stream)) {
            return fail(err, path, ERR_NO_OFFSET, "cannot be read: %s", strerror(errno));
        }
        if (len > most_bytes) {
            return fail(err, path, ERR_NO_OFFSET, "is larger than %zu bytes", most_bytes);
        }
        if (len < room - 1) {
            break;
        }
        char *wider = arena_take(a, room * 2, 1, 1);
        memcpy(wider, text, len);
        text = wider;
        room *= 2;
    }
    *out = (struct str){ text, len };
    return true;
}

bool file_read(
        struct arena *a, const char *path, size_t most_bytes, struct str *out, struct err *err) {
    struct stat status = { .st_mode = 0 };
    *out = (struct str){ 0 };
    FILE *stream = fopen(path, "rbe");
    if (!stream) {
        return fail_open(err, path);
    }
    if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        (void)fclose(stream);
        return fail(err, path, ERR_NO_OFFSET, "is a directory; a file is needed");
    }
    size_t guess = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 0;
    bool ok = read_stream(a, stream, path, guess, most_bytes, out, err);
    (void)fclose(stream);
    return ok;
}

static void writer_clear(struct file_writer *w) {
    free(w->path);
    free(w->temporary);
    *w = (struct file_writer){ 0 };
}

static bool fail_create(struct err *err, const char *path) {
    return fail(err, path, ERR_NO_OFFSET, "cannot be written: %s", strerror(errno));
}

/// Opens a file of a name nobody has, `.NAME.PID-N.part` in the folder of `w->path`.
static int open_beside(struct file_writer *w) {
    const char *slash = strrchr(w->path, '/');
    int folder_len = slash ? (int)(slash + 1 - w->path) : 0;
    for (int i = 0; i < 100; i++) {
        char *name = NULL;
        if (asprintf(&name, "%.*s.%s.%ld-%d.part", folder_len, w->path, w->path + folder_len,
                    (long)getpid(), i) < 0) {
            return -1;
        }
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            w->temporary = name;
            return fd;
        }
        free(name); // Leaves errno alone (glibc 2.33 and later).
        if (errno != EEXIST) {
            return -1;
        }
    }
    return -1;
}

/// Opens the file to write to, given what (`existing`: whether anything) is at the path now.
static int open_output(struct file_writer *w, bool existing, const struct stat *status) {
    if (existing && !S_ISREG(status->st_mode)) {
        return open(w->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    }
    int fd = open_beside(w);
    if (fd >= 0 && existing) {
        // Best effort: a file of another owner keeps the permissions that we are given.
        (void)!fchmod(fd, status->st_mode & 07777);
    }
    return fd;
}

bool file_create(struct file_writer *w, const char *path, bool replace, struct err *err) {
    struct stat status;
    *w = (struct file_writer){ .replace = replace };
    bool existing = stat(path, &status) == 0;
    if (existing && S_ISDIR(status.st_mode)) {
        return fail(err, path, ERR_NO_OFFSET, "is a directory; name a file to write");
    }
    if (existing && S_ISREG(status.st_mode) && !replace) {
        return fail(err, path, ERR_NO_OFFSET, "exists already; nothing was overwritten");
    }
    w->path = existing ? realpath(path, NULL) : strdup(path);
    int fd = w->path ? open_output(w, existing, &status) : -1;
    w->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (w->stream) {
        return true;
    }
    fail_create(err, path);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (w->temporary) {
        (void)unlink(w->temporary);
    }
    writer_clear(w);
    return false;
}

/// Gives the finished file its name. A link, unlike a rename, never takes an existing file's place;
/// file systems without links get the rename.
static bool take_name(const struct file_writer *w) {
    if (!w->replace) {
        if (link(w->temporary, w->path) == 0) {
            (void)unlink(w->temporary);
            return true;
        }
        if (errno == EEXIST) {
            return false;
        }
    }
    return rename(w->temporary, w->path) == 0;
}

void file_put(struct file_writer *w, struct str bytes) {
    assert(w->stream);
    if (bytes.len != 0 && fwrite(bytes.at, 1, bytes.len, w->stream) != bytes.len && !w->reason) {
        w->reason = errno;
    }
}

/// Everything down to the disk. Pipes and terminals cannot be synced (EINVAL), which is no error.
static bool flush_all(FILE *stream) {
    if (fflush(stream) != 0 || ferror(stream)) {
        return false;
    }
    return fsync(fileno(stream)) == 0 || errno == EINVAL || errno == EROFS;
}

bool file_commit(struct file_writer *w, struct err *err) {
    assert(w->stream);
    errno = 0;
    bool ok = flush_all(w->stream);
    int reason = w->reason ? w->reason : errno; // Before fclose() changes it.
    if (fclose(w->stream) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    w->stream = NULL;
    if (ok && w->temporary && !take_name(w)) {
        ok = false;
        reason = errno;
    }
    if (!ok) {
        fail(err, w->path, ERR_NO_OFFSET, "cannot be written: %s",
                reason ? strerror(reason) : "an earlier write failed");
        if (w->temporary) {
            (void)unlink(w->temporary);
        }
    }
    writer_clear(w);
    return ok;
}

void file_abandon(struct file_writer *w) {
    if (w->stream) {
        (void)fclose(w->stream);
    }
    if (w->temporary) {
        (void)unlink(w->temporary);
    }
    writer_clear(w);
}

bool file_write(const char *path, struct str content, bool replace, struct err *err) {
    struct file_writer w;
    if (!file_create(&w, path, replace, err)) {
        return false;
    }
    file_put(&w, content);
    return file_commit(&w, err);
}
