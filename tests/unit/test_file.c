/// Files: mapping, reading, writing beside and renaming, standard output, the progress line.
#include "file.h"
#include "out.h"
#include "progress.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[64];
    struct arena arena;
    struct err err;
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    if (!f) {
        return -1;
    }
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test_file.XXXXXX");
    return mkdtemp(f->folder) ? 0 : -1;
}

/// Removes the folder with what is in it, one level deep; gives the number of files there were.
static int empty(const char *folder) {
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
            count++;
        }
    }
    (void)closedir(dir);
    return count;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    (void)empty(f->folder);
    (void)rmdir(f->folder);
    arena_clear(&f->arena);
    free(f);
    return 0;
}

static const char *in_folder(struct fixture *f, const char *name) {
    return arena_printf(&f->arena, "%s/%s", f->folder, name);
}

static void assert_content(struct fixture *f, const char *path, const char *expected) {
    struct str text;
    assert_true(file_read(&f->arena, path, 1 << 20, &text, &f->err));
    assert_string_equal(text.at, expected);
    assert_int_equal(text.len, strlen(expected));
}

static void assert_message(struct fixture *f, const char *path, const char *part) {
    assert_string_equal(f->err.file, path);
    if (!strstr(f->err.text, part)) {
        print_error("message is: %s\n", f->err.text);
    }
    assert_non_null(strstr(f->err.text, part));
}

static void written_and_mapped(void **state) {
    struct fixture *f = *state;
    struct file_map map;
    const char *path = in_folder(f, "a");
    assert_true(file_write(path, STR("abc"), false, &f->err));
    assert_true(file_map(path, &map, &f->err));
    assert_int_equal(map.size_bytes, 3);
    assert_memory_equal(map.bytes, "abc", 3);
    file_unmap(&map);
    assert_null(map.bytes);
    file_unmap(&map);
    assert_true(file_write(path, STR(""), true, &f->err));
    assert_true(file_map(path, &map, &f->err));
    assert_int_equal(map.size_bytes, 0);
    assert_non_null(map.bytes);
    file_unmap(&map);
    assert_content(f, path, "");
    assert_int_equal(empty(f->folder), 1); // Nothing temporary stays.
}

static void what_cannot_be_mapped(void **state) {
    struct fixture *f = *state;
    struct file_map map;
    const char *fifo = in_folder(f, "fifo");
    const char *missing = in_folder(f, "missing");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(file_map(fifo, &map, &f->err)); // Must not wait for a writer.
    assert_message(f, fifo, "is a pipe; a regular file is needed");
    assert_false(file_map(f->folder, &map, &f->err));
    assert_message(f, f->folder, "is a directory");
    assert_false(file_map("/dev/null", &map, &f->err));
    assert_message(f, "/dev/null", "is a device");
    assert_false(file_map(missing, &map, &f->err));
    assert_message(f, missing, "cannot be opened: No such file");
    assert_null(map.bytes);
}

static void reading_has_a_limit(void **state) {
    struct fixture *f = *state;
    static char big[100001];
    struct str text;
    const char *path = in_folder(f, "big");
    memset(big, 'x', sizeof(big) - 1);
    assert_true(file_write(path, str_from(big), false, &f->err));
    assert_content(f, path, big);
    assert_true(file_read(&f->arena, path, sizeof(big) - 1, &text, &f->err));
    assert_false(file_read(&f->arena, path, sizeof(big) - 2, &text, &f->err));
    assert_message(f, path, "is larger than 99999 bytes");
    assert_false(file_read(&f->arena, "/dev/zero", 5000, &text, &f->err)); // Has no end.
    assert_false(file_read(&f->arena, f->folder, 5000, &text, &f->err));
    assert_message(f, f->folder, "is a directory");
    assert_false(file_read(&f->arena, in_folder(f, "none"), 5000, &text, &f->err));
    assert_message(f, in_folder(f, "none"), "No such file");
}

static void existing_files_are_kept_unless_told(void **state) {
    struct fixture *f = *state;
    struct file_writer w;
    const char *path = in_folder(f, "a");
    assert_true(file_write(path, STR("old"), false, &f->err));
    assert_false(file_write(path, STR("new"), false, &f->err));
    assert_message(f, path, "exists already");
    assert_content(f, path, "old");
    assert_int_equal(unlink(path), 0);
    assert_true(file_create(&w, path, false, &f->err)); // One that appears meanwhile, too.
    file_put(&w, STR("new"));
    assert_true(file_write(path, STR("rival"), false, &f->err));
    assert_false(file_commit(&w, &f->err));
    assert_message(f, path, "File exists");
    assert_content(f, path, "rival");
    assert_int_equal(empty(f->folder), 1);
}

static void nobody_sees_half_a_file(void **state) {
    struct fixture *f = *state;
    struct file_writer w;
    const char *path = in_folder(f, "a");
    assert_true(file_write(path, STR("old"), false, &f->err));
    assert_int_equal(chmod(path, 0640), 0);
    assert_true(file_create(&w, path, true, &f->err));
    (void)fprintf(w.stream, "%d", 42);
    file_put(&w, STR(" new"));
    assert_int_equal(fflush(w.stream), 0);
    assert_content(f, path, "old");
    assert_true(file_commit(&w, &f->err));
    assert_null(w.stream);
    assert_content(f, path, "42 new");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_true(file_create(&w, path, true, &f->err));
    file_put(&w, STR("never"));
    file_abandon(&w);
    file_abandon(&w);
    assert_content(f, path, "42 new");
    assert_int_equal(empty(f->folder), 1);
}

static void links_are_followed(void **state) {
    struct fixture *f = *state;
    const char *path = in_folder(f, "a");
    const char *link_path = in_folder(f, "l");
    struct stat status;
    assert_true(file_write(path, STR("old"), false, &f->err));
    assert_int_equal(symlink("a", link_path), 0);
    assert_true(file_write(link_path, STR("new"), true, &f->err));
    assert_content(f, path, "new");
    assert_int_equal(lstat(link_path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void a_name_without_folder(void **state) {
    struct fixture *f = *state;
    char *before = getcwd(NULL, 0);
    assert_non_null(before);
    assert_int_equal(chdir(f->folder), 0);
    assert_true(file_write("plain", STR("x"), false, &f->err));
    assert_content(f, in_folder(f, "plain"), "x");
    assert_int_equal(chdir(before), 0);
    free(before);
}

static void what_cannot_be_written(void **state) {
    struct fixture *f = *state;
    static char big[1 << 20];
    const char *path = in_folder(f, "none/a");
    assert_false(file_write(path, STR("x"), true, &f->err));
    assert_message(f, path, "cannot be written: No such file");
    assert_false(file_write(f->folder, STR("x"), true, &f->err));
    assert_message(f, f->folder, "is a directory");
    assert_false(file_write("/proc/a", STR("x"), true, &f->err)); // Unwritable even for root.
    assert_message(f, "/proc/a", "cannot be written: ");
    assert_false(file_write("/dev/full", STR("x"), true, &f->err));
    assert_message(f, "/dev/full", "cannot be written: No space left");
    memset(big, 'x', sizeof(big));
    assert_false(file_write("/dev/full", (struct str){ big, sizeof(big) }, true, &f->err));
    assert_message(f, "/dev/full", "cannot be written: No space left");
    assert_true(file_write("/dev/null", STR("x"), false, &f->err)); // Nothing to overwrite.
    struct stat status;
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

/// A file system of 64 KiB, mounted where the test may do that.
static void full_disk_leaves_the_old_file(void **state) {
    struct fixture *f = *state;
    static char big[1 << 20];
    char path[100];
    if (mount("none", f->folder, "tmpfs", 0, "size=64k") != 0) {
        skip();
    }
    memset(big, 'x', sizeof(big));
    (void)snprintf(path, sizeof(path), "%s/a", f->folder);
    bool first = file_write(path, STR("old"), false, &f->err);
    bool second = file_write(path, (struct str){ big, sizeof(big) }, true, &f->err);
    struct str text = { 0 };
    bool third = file_read(&f->arena, path, 100, &text, &f->err);
    int files = empty(f->folder);
    assert_int_equal(umount(f->folder), 0);
    assert_true(first && !second && third);
    assert_true(str_equal(text, STR("old")));
    assert_int_equal(files, 1);
}

static void output_arrives(void **state) {
    struct fixture *f = *state;
    static struct out out;
    static char big[100000];
    const char *path = in_folder(f, "out");
    struct text expected = { .arena = &f->arena };
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    memset(big, 'y', sizeof(big));
    out_open(&out, fd);
    for (int i = 0; i < 3000; i++) {
        struct str piece = { big, (size_t)(i % 40) };
        if (i % 1000 == 7) {
            piece.len = sizeof(big);
        }
        out_add(&out, piece);
        text_add(&expected, piece);
        out_add(&out, STR("\n"));
        text_add(&expected, STR("\n"));
    }
    assert_true(out_close(&out, &f->err));
    (void)close(fd);
    assert_content(f, path, expected.at);
}

static void output_that_fails(void **state) {
    struct fixture *f = *state;
    static struct out out;
    int ends[2];
    int fd = open("/dev/full", O_WRONLY);
    out_open(&out, fd);
    out_add(&out, STR("x"));
    assert_false(out_close(&out, &f->err));
    assert_string_equal(f->err.text, "standard output cannot be written: No space left on device");
    (void)close(fd);
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    out_open(&out, ends[1]);
    out_add(&out, STR("x"));
    assert_true(out_close(&out, &f->err)); // The reader has seen enough.
    (void)signal(SIGPIPE, SIG_DFL);
    (void)close(ends[1]);
}

/// A pipe that does not block and is read late: every byte arrives all the same.
static void output_waits_for_a_slow_reader(void **state) {
    struct fixture *f = *state;
    static struct out out;
    static char big[300000];
    static char got[sizeof(big)];
    int ends[2];
    size_t len = 0;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        memset(big, 'z', sizeof(big));
        out_open(&out, ends[1]);
        out_add(&out, (struct str){ big, sizeof(big) });
        _exit(out_close(&out, &f->err) ? 0 : 1);
    }
    (void)close(ends[1]);
    (void)usleep(50000);
    for (;;) {
        ssize_t part = read(ends[0], got + len, sizeof(got) - len);
        if (part > 0) {
            len += (size_t)part;
        } else if (part == 0) {
            break;
        } else {
            assert_int_equal(errno, EAGAIN);
            (void)usleep(1000);
        }
    }
    (void)close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(len, sizeof(big));
}

/// What a progress line leaves in a file.
static const char *progress_output(struct fixture *f, enum term_when when, uint64_t total) {
    struct progress p;
    struct str text;
    const char *path = in_folder(f, "progress");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    progress_start(&p, fd, when, "reading app.rlt", total);
    p.next_us = 0; // As if a second had passed.
    progress_update(&p, 262144);
    progress_finish(&p);
    progress_finish(&p);
    progress_update(&p, 1); // Over: nothing more.
    (void)close(fd);
    assert_true(file_read(&f->arena, path, 1000, &text, &f->err));
    return text.at;
}

static void progress_is_drawn_and_erased(void **state) {
    struct fixture *f = *state;
    const char *text = progress_output(f, TERM_ALWAYS, 1 << 20);
    assert_true(str_starts_with(str_from(text), STR("\rreading app.rlt: 25.0 % of 1.00 MiB, ")));
    assert_non_null(strstr(text, "/s, "));
    assert_non_null(strstr(text, " left\033[K"));
    assert_true(str_ends_with(str_from(text), STR("\r\033[K")));
    text = progress_output(f, TERM_ALWAYS, 0); // Total not known.
    assert_true(str_starts_with(str_from(text), STR("\rreading app.rlt: 256 KiB, ")));
    assert_null(strstr(text, "left"));
}

static void progress_is_silent_elsewhere(void **state) {
    struct fixture *f = *state;
    struct progress none = { 0 };
    assert_string_equal(progress_output(f, TERM_AUTO, 1 << 20), "");
    assert_string_equal(progress_output(f, TERM_NEVER, 1 << 20), "");
    progress_update(&none, 5);
    progress_finish(&none);
}

static void progress_waits_a_second(void **state) {
    struct progress p;
    int outer;
    int inner;
    char got[200];
    (void)state;
    if (openpty(&outer, &inner, NULL, NULL, NULL) != 0) {
        skip();
    }
    assert_int_equal(fcntl(outer, F_SETFL, O_NONBLOCK), 0);
    progress_start(&p, inner, TERM_AUTO, "reading", 100);
    progress_update(&p, 50);
    progress_finish(&p);
    assert_int_equal(read(outer, got, sizeof(got)), -1); // Over in time: nothing was drawn.
    progress_start(&p, inner, TERM_AUTO, "reading", 100);
    assert_true(p.next_us == p.start_us + PROGRESS_DELAY_US);
    p.next_us = 0;
    progress_update(&p, 50);
    assert_true(p.next_us >= p.start_us + PROGRESS_STEP_US);
    assert_true(read(outer, got, sizeof(got)) > 20);
    progress_update(&p, 51); // Too soon for the next.
    assert_int_equal(read(outer, got, sizeof(got)), -1);
    progress_finish(&p);
    assert_int_equal(read(outer, got, sizeof(got)), 4);
    assert_memory_equal(got, "\r\033[K", 4);
    (void)close(outer);
    (void)close(inner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_and_mapped, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_mapped, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_has_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(existing_files_are_kept_unless_told, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_sees_half_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_without_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(full_disk_leaves_the_old_file, setup, teardown),
        cmocka_unit_test_setup_teardown(output_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(output_that_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(output_waits_for_a_slow_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(progress_is_drawn_and_erased, setup, teardown),
        cmocka_unit_test_setup_teardown(progress_is_silent_elsewhere, setup, teardown),
        cmocka_unit_test(progress_waits_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
