/*
 * The functions of the C library that are replaced in the process. Each passes
 * on what is not about a fake camera.
 *
 * v4l calls ioctl through syscall(), so that is replaced too. One lock guards
 * all cameras; it is never held while waiting.
 */
#define _GNU_SOURCE
#include "fakecam.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static const char DEVICE_PREFIX[] = "/dev/video";
static const char SYSFS_PREFIX[] = "/sys/class/video4linux/video";

static struct {
    int (*open)(const char *, int, ...);
    int (*openat)(int, const char *, int, ...);
    int (*close)(int);
    int (*ioctl)(int, unsigned long, ...);
    int (*poll)(struct pollfd *, nfds_t, int);
    long (*syscall)(long, ...);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
} libc;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Libraries that start before ours may call us first: every entry asks. */
static void find_libc(void) {
    if (libc.mmap) return;
    libc.open = dlsym(RTLD_NEXT, "open");
    libc.openat = dlsym(RTLD_NEXT, "openat");
    libc.close = dlsym(RTLD_NEXT, "close");
    libc.ioctl = dlsym(RTLD_NEXT, "ioctl");
    libc.poll = dlsym(RTLD_NEXT, "poll");
    libc.syscall = dlsym(RTLD_NEXT, "syscall");
    libc.mmap = dlsym(RTLD_NEXT, "mmap");
}

static void take_lock(void) { pthread_mutex_lock(&lock); }

static void drop_lock(void) { pthread_mutex_unlock(&lock); }

/* A child that is forked while another thread holds the lock must not inherit it. */
__attribute__((constructor)) static void start(void) {
    find_libc();
    pthread_atfork(take_lock, drop_lock, drop_lock);
}

int real_open(const char *path, int flags, mode_t mode) {
    find_libc();
    return libc.open(path, flags, mode);
}

int real_close(int fd) {
    find_libc();
    return libc.close(fd);
}

void *real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    find_libc();
    return libc.mmap(address, length, protection, flags, fd, offset);
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The file under /sys that holds a camera's name, as a file in memory. */
static int open_sysfs_name(const char *path) {
    char device[32];
    snprintf(device, sizeof device, "%s%d", DEVICE_PREFIX, atoi(path + sizeof SYSFS_PREFIX - 1));
    int config_fd = real_open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (config_fd < 0) return NOT_A_FAKE;
    struct camera_config config;
    bool ours = config_parse(config_fd, &config);
    real_close(config_fd);
    if (!ours) return NOT_A_FAKE;
    int fd = memfd_create("fakecam-name", MFD_CLOEXEC);
    if (fd >= 0) {
        dprintf(fd, "%s\n", config.name);
        lseek(fd, 0, SEEK_SET);
    }
    return fd;
}

static int try_open(const char *path) {
    if (!path) return NOT_A_FAKE;
    if (starts_with(path, SYSFS_PREFIX)) return open_sysfs_name(path);
    if (!starts_with(path, DEVICE_PREFIX)) return NOT_A_FAKE;
    take_lock();
    int fd = camera_open(path);
    drop_lock();
    return fd;
}

/* The mode is there only if a file may be made. */
#define TAKE_MODE(flags, mode)                                                                     \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                       \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode = va_arg(arguments, mode_t);                                                          \
        va_end(arguments);                                                                         \
    }

EXPORTED int open(const char *path, int flags, ...) {
    TAKE_MODE(flags, mode)
    int fd = try_open(path);
    return fd == NOT_A_FAKE ? real_open(path, flags, mode) : fd;
}

EXPORTED int open64(const char *path, int flags, ...) {
    TAKE_MODE(flags, mode)
    return open(path, flags | O_LARGEFILE, mode);
}

EXPORTED int openat(int directory, const char *path, int flags, ...) {
    TAKE_MODE(flags, mode)
    find_libc();
    int fd = try_open(path);
    return fd == NOT_A_FAKE ? libc.openat(directory, path, flags, mode) : fd;
}

EXPORTED int openat64(int directory, const char *path, int flags, ...) {
    TAKE_MODE(flags, mode)
    return openat(directory, path, flags | O_LARGEFILE, mode);
}

EXPORTED int close(int fd) {
    take_lock();
    struct camera *camera = camera_find(fd);
    if (camera) camera_close(camera);
    drop_lock();
    return real_close(fd);
}

EXPORTED int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    find_libc();
    take_lock();
    struct camera *camera = camera_find(fd);
    int result = camera ? camera_ioctl(camera, request, argument) : 0;
    drop_lock();
    return camera ? result : libc.ioctl(fd, request, argument);
}

EXPORTED long syscall(long number, ...) {
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
    va_end(arguments);
    find_libc();
    if (number == SYS_ioctl) return ioctl((int)a[0], (unsigned long)a[1], (void *)a[2]);
    return libc.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

EXPORTED void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0) {
        take_lock();
        struct camera *camera = camera_find(fd);
        if (camera) fd = camera->memory_fd;
        drop_lock();
    }
    return real_mmap(address, length, protection, flags, fd, offset);
}

EXPORTED void *mmap64(void *address, size_t length, int protection, int flags, int fd,
                      off_t offset) {
    return mmap(address, length, protection, flags, fd, offset);
}

enum watch { NOT_FAKE, UNPLUGGED, HANGING, ALIVE };

static enum watch watch(int fd) {
    enum watch result = NOT_FAKE;
    take_lock();
    struct camera *camera = camera_find(fd);
    if (camera) {
        if (camera_unplugged(camera)) {
            result = UNPLUGGED;
        } else {
            result = config_state(camera->config_fd) == STATE_HANG ? HANGING : ALIVE;
        }
    }
    drop_lock();
    return result;
}

/* Waits in slices, so that unplugging and hanging are seen while it waits. */
EXPORTED int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    enum { SLICE_MS = 50 };
    find_libc();
    int left_ms = timeout_ms;
    for (;;) {
        enum watch state = count == 1 ? watch(fds[0].fd) : NOT_FAKE;
        if (state == NOT_FAKE) return libc.poll(fds, count, left_ms);
        if (state == UNPLUGGED) {
            fds[0].revents = POLLERR | POLLHUP;
            return 1;
        }
        int slice_ms = left_ms < 0 || left_ms > SLICE_MS ? SLICE_MS : left_ms;
        int ready = state == HANGING ? libc.poll(NULL, 0, slice_ms)
                                     : libc.poll(fds, count, slice_ms);
        if (ready != 0) return ready;
        if (left_ms < 0) continue;
        left_ms -= slice_ms;
        if (left_ms <= 0) return 0;
    }
}
