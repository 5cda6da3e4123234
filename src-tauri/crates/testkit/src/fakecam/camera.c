/* The cameras that this process has open, their buffers and their clock. */
#define _GNU_SOURCE
#include "fakecam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/videodev2.h>

static struct camera cameras[MAX_CAMERAS];
static int used_slots;

struct camera *camera_find(int fd) {
    if (fd < 0) return NULL;
    for (int slot = 0; slot < used_slots; slot++) {
        if (cameras[slot].fd == fd) return &cameras[slot];
    }
    return NULL;
}

static struct camera *free_slot(void) {
    for (int slot = 0; slot < used_slots; slot++) {
        if (cameras[slot].fd < 0) return &cameras[slot];
    }
    return used_slots < MAX_CAMERAS ? &cameras[used_slots++] : NULL;
}

static void open_clips(struct camera *camera) {
    if (*camera->config.source) raw_clip_open(&camera->raw, camera->config.source);
    if (*camera->config.mjpeg) jpeg_clip_open(&camera->jpeg, camera->config.mjpeg);
    uint32_t fourcc = camera->raw.frame_count ? V4L2_PIX_FMT_YUYV : V4L2_PIX_FMT_MJPEG;
    uint32_t width = camera->raw.width ? camera->raw.width : 1280;
    uint32_t height = camera->raw.height ? camera->raw.height : 720;
    camera_set_format(camera, fourcc, width, height);
}

static int refuse(int config_fd, int error) {
    real_close(config_fd);
    errno = error;
    return -1;
}

int camera_open(const char *path) {
    int config_fd = real_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (config_fd < 0) return NOT_A_FAKE;
    struct camera_config config;
    if (!config_parse(config_fd, &config)) {
        real_close(config_fd);
        return NOT_A_FAKE;
    }
    if (config.state == STATE_FORBIDDEN) return refuse(config_fd, EACCES);

    struct camera *camera = free_slot();
    if (!camera) return refuse(config_fd, EMFILE);
    memset(camera, 0, sizeof *camera);
    snprintf(camera->node, NODE_LEN, "%s", strrchr(path, '/') + 1);
    camera->config = config;
    camera->config_fd = config_fd;
    camera->memory_fd = -1;
    camera->fps = config.max_fps;
    open_clips(camera);
    camera->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (camera->fd < 0) return refuse(config_fd, EMFILE);
    return camera->fd;
}

/* Everything but the descriptor itself, which the caller closes. */
void camera_close(struct camera *camera) {
    camera_free_buffers(camera);
    raw_clip_close(&camera->raw);
    jpeg_clip_close(&camera->jpeg);
    real_close(camera->config_fd); /* drops the lock as well */
    camera->fd = -1;
}

/* A file that was removed and made again is another camera: count the links. */
bool camera_unplugged(const struct camera *camera) {
    struct stat status;
    return fstat(camera->config_fd, &status) != 0 || status.st_nlink == 0;
}

/* True if somebody else streams; if not, the camera is ours from now on. */
bool camera_taken(const struct camera *camera) {
    return config_state(camera->config_fd) == STATE_BUSY ||
           flock(camera->config_fd, LOCK_EX | LOCK_NB) != 0;
}

void camera_release(struct camera *camera) { flock(camera->config_fd, LOCK_UN); }

void camera_set_format(struct camera *camera, uint32_t fourcc, uint32_t width, uint32_t height) {
    uint32_t pixels = width * height;
    camera->format = (struct format){
        .fourcc = fourcc,
        .width = width,
        .height = height,
        .size_bytes = fourcc == V4L2_PIX_FMT_NV12 ? pixels * 3 / 2 : pixels * 2,
    };
}

size_t camera_buffer_stride(const struct camera *camera) {
    size_t page = 4096;
    return (camera->format.size_bytes + page - 1) / page * page;
}

bool camera_allocate(struct camera *camera, uint32_t count) {
    size_t length = camera_buffer_stride(camera) * count;
    camera->memory_fd = memfd_create("fakecam", MFD_CLOEXEC);
    if (camera->memory_fd < 0 || ftruncate(camera->memory_fd, (off_t)length) != 0) return false;
    void *memory =
        real_mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, camera->memory_fd, 0);
    if (memory == MAP_FAILED) return false;
    camera->buffers = memory;
    camera->buffer_count = count;
    return true;
}

/* The application's own mappings keep the memory until it unmaps them. */
void camera_free_buffers(struct camera *camera) {
    if (camera->buffers) {
        munmap(camera->buffers, camera_buffer_stride(camera) * camera->buffer_count);
    }
    if (camera->memory_fd >= 0) real_close(camera->memory_fd);
    camera->buffers = NULL;
    camera->memory_fd = -1;
    camera->buffer_count = 0;
    camera->queue = (struct buffer_queue){0};
}

void camera_start(struct camera *camera) {
    long interval_ns = 1000000000L / (long)camera->fps;
    struct timespec interval = {interval_ns / 1000000000L, interval_ns % 1000000000L};
    struct itimerspec timer = {.it_interval = interval, .it_value = interval};
    timerfd_settime(camera->fd, 0, &timer, NULL);
    camera->streaming = true;
}

void camera_stop(struct camera *camera) {
    struct itimerspec never = {0};
    timerfd_settime(camera->fd, 0, &never, NULL);
    camera->streaming = false;
    camera->queue = (struct buffer_queue){0};
}
