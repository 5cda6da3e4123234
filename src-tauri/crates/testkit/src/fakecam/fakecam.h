/*
 * A V4L2 camera for one process, without a kernel module.
 *
 * The library is preloaded. A "device node" is a regular text file /dev/videoN
 * whose first line is "#fakecam"; the lines after it are key=value:
 *
 *     source=/clip.y4m     4:2:0 clip, offered as YUYV and NV12, looped
 *     mjpeg=/clip.mjpeg    JPEG pictures one after the other, offered as MJPG
 *     name=Front camera    what the system calls it
 *     fps=30               the highest rate
 *     state=ok             or busy, forbidden, hang; may change at any time
 *
 * Removing the file unplugs the camera: ioctls fail with ENODEV and poll
 * reports POLLERR | POLLHUP. A camera that streams in one process is busy for
 * all others (a lock on the file), as a real one is.
 *
 * Not emulated: read(), user pointers, DMA buffers, controls, select, epoll.
 */
#ifndef FAKECAM_H
#define FAKECAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MAX_CAMERAS = 16, MAX_BUFFERS = 8, NODE_LEN = 12, TEXT_LEN = 256, CONFIG_LEN = 2048 };

enum camera_state { STATE_OK, STATE_BUSY, STATE_FORBIDDEN, STATE_HANG };

struct camera_config {
    char name[TEXT_LEN];
    char source[TEXT_LEN];
    char mjpeg[TEXT_LEN];
    uint32_t max_fps;
    enum camera_state state;
};

/* A file mapped for reading. */
struct mapping {
    const uint8_t *bytes;
    size_t length;
};

/* A YUV4MPEG2 clip. */
struct raw_clip {
    struct mapping file;
    size_t header_len;
    uint32_t width, height;
    uint32_t frame_count;
};

/* JPEG pictures; picture k lies from starts[k] to starts[k + 1]. */
struct jpeg_clip {
    struct mapping file;
    size_t *starts;
    uint32_t frame_count;
};

struct format {
    uint32_t fourcc;
    uint32_t width, height;
    uint32_t size_bytes;
};

/* Buffer indexes in the order in which they were queued. */
struct buffer_queue {
    uint32_t indexes[MAX_BUFFERS];
    uint32_t head, length;
};

/* One open file descriptor of one camera. */
struct camera {
    int fd;        /* what the application holds: a timer that ticks per frame */
    int config_fd; /* the text file, for its state and for the lock */
    int memory_fd; /* the capture buffers, or -1 */
    char node[NODE_LEN]; /* videoN */
    struct camera_config config;
    struct raw_clip raw;
    struct jpeg_clip jpeg;
    struct format format;
    uint32_t fps;
    uint8_t *buffers;
    uint32_t buffer_count;
    struct buffer_queue queue;
    bool streaming;
    uint32_t sequence;
};

/* config.c */
bool config_parse(int fd, struct camera_config *config);
enum camera_state config_state(int fd);

/* clip.c */
bool raw_clip_open(struct raw_clip *clip, const char *path);
void raw_clip_close(struct raw_clip *clip);
bool jpeg_clip_open(struct jpeg_clip *clip, const char *path);
void jpeg_clip_close(struct jpeg_clip *clip);
uint32_t jpeg_clip_copy(const struct jpeg_clip *clip, uint32_t index, uint8_t *out, uint32_t room);
void raw_clip_draw(const struct raw_clip *clip, uint32_t index, const struct format *format,
                   uint8_t *out);

/* camera.c; the caller holds the lock of interpose.c */
struct camera *camera_find(int fd);
/* Returns the descriptor, -1 with errno, or NOT_A_FAKE for the real open. */
enum { NOT_A_FAKE = -2 };
int camera_open(const char *path);
void camera_close(struct camera *camera);
bool camera_unplugged(const struct camera *camera);
bool camera_taken(const struct camera *camera);
void camera_release(struct camera *camera);
bool camera_allocate(struct camera *camera, uint32_t count);
void camera_free_buffers(struct camera *camera);
size_t camera_buffer_stride(const struct camera *camera);
void camera_set_format(struct camera *camera, uint32_t fourcc, uint32_t width, uint32_t height);
void camera_start(struct camera *camera);
void camera_stop(struct camera *camera);

/* ioctls.c */
int camera_ioctl(struct camera *camera, unsigned long request, void *argument);

/* interpose.c: the C library's own functions behind ours */
int real_open(const char *path, int flags, mode_t mode);
int real_close(int fd);
void *real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);

#endif
