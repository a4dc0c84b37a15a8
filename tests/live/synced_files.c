/* Simulates a disk that loses at a power failure what was not synced.

   Preloaded into a worker (LD_PRELOAD). At each fsync or fdatasync of a file whose name begins with
   SYNCED_FILE, it copies the content of the file to the folder SYNCED_FOLDER, and appends the name
   to the file `syncs` there. The folder then has what the disk would have after a power failure. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    abort(); /* a test that goes on would not test anything */
}

/* Reads by the same descriptor: to close another one would release the locks of the process. */
static void copy(int fd, const char *to) {
    char piece[65536];
    ssize_t n;
    off_t at = 0;
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0) fail(to);
    for (; (n = pread(fd, piece, sizeof piece, at)) > 0; at += n)
        if (write(out, piece, n) != n) fail(to);
    if (n < 0 || close(out)) fail(to);
}

static void keep(int fd) {
    char link[64], path[PATH_MAX], new[PATH_MAX * 2], final[PATH_MAX * 2], list[PATH_MAX * 2];
    const char *folder = getenv("SYNCED_FOLDER"), *begin = getenv("SYNCED_FILE");
    if (!folder || !begin) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (!name || strncmp(++name, begin, strlen(begin))) return;
    snprintf(new, sizeof new, "%s/.%s", folder, name);
    snprintf(final, sizeof final, "%s/%s", folder, name);
    snprintf(list, sizeof list, "%s/syncs", folder);
    copy(fd, new);
    if (rename(new, final)) fail(final);
    FILE *syncs = fopen(list, "a");
    if (!syncs || fprintf(syncs, "%s\n", name) < 0 || fclose(syncs)) fail(list);
}

static int synced(int fd, const char *call) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}

int fsync(int fd) { return synced(fd, "fsync"); }

int fdatasync(int fd) { return synced(fd, "fdatasync"); }
