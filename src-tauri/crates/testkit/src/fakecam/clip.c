/* The clips that a camera shows: mapped files, read in place. */
#define _GNU_SOURCE
#include "fakecam.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <linux/videodev2.h>

enum { FRAME_MARK_LEN = 6 /* "FRAME\n" */ };

static bool mapping_open(struct mapping *mapping, const char *path) {
    int fd = real_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return false;
    struct stat status;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &status) == 0 && status.st_size > 0) {
        bytes = real_mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    real_close(fd);
    if (bytes == MAP_FAILED) return false;
    mapping->bytes = bytes;
    mapping->length = (size_t)status.st_size;
    return true;
}

static void mapping_close(struct mapping *mapping) {
    if (mapping->bytes) munmap((void *)mapping->bytes, mapping->length);
    mapping->bytes = NULL;
    mapping->length = 0;
}

/* Takes width and height from "YUV4MPEG2 W1280 H720 F30:1 …". */
static bool read_y4m_header(struct raw_clip *clip) {
    const uint8_t *end = memchr(clip->file.bytes, '\n', clip->file.length);
    if (!end || end - clip->file.bytes >= TEXT_LEN) return false;
    clip->header_len = (size_t)(end - clip->file.bytes) + 1;

    char header[TEXT_LEN];
    memcpy(header, clip->file.bytes, clip->header_len);
    header[clip->header_len - 1] = '\0';
    char *rest = NULL;
    for (char *word = strtok_r(header, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (*word == 'W') clip->width = (uint32_t)atoi(word + 1);
        if (*word == 'H') clip->height = (uint32_t)atoi(word + 1);
    }
    return clip->width >= 2 && clip->height >= 2 && clip->width <= 4096 && clip->height <= 4096;
}

static size_t picture_len(const struct raw_clip *clip) {
    return (size_t)clip->width * clip->height * 3 / 2;
}

bool raw_clip_open(struct raw_clip *clip, const char *path) {
    if (!mapping_open(&clip->file, path)) return false;
    if (read_y4m_header(clip)) {
        size_t body = clip->file.length - clip->header_len;
        clip->frame_count = (uint32_t)(body / (picture_len(clip) + FRAME_MARK_LEN));
    }
    if (clip->frame_count == 0) raw_clip_close(clip);
    return clip->frame_count > 0;
}

void raw_clip_close(struct raw_clip *clip) {
    mapping_close(&clip->file);
    memset(clip, 0, sizeof *clip);
}

/* Finds the end of each picture (the marker EOI, FF D9). */
bool jpeg_clip_open(struct jpeg_clip *clip, const char *path) {
    if (!mapping_open(&clip->file, path)) return false;
    size_t room = 64;
    clip->starts = malloc(room * sizeof *clip->starts);
    if (!clip->starts) return false;
    clip->starts[0] = 0;
    for (size_t at = 0; at + 1 < clip->file.length; at++) {
        if (clip->file.bytes[at] != 0xff || clip->file.bytes[at + 1] != 0xd9) continue;
        clip->frame_count++;
        if (clip->frame_count + 1 >= room) {
            room *= 2;
            clip->starts = realloc(clip->starts, room * sizeof *clip->starts);
            if (!clip->starts) abort();
        }
        clip->starts[clip->frame_count] = at + 2;
    }
    if (clip->frame_count == 0) jpeg_clip_close(clip);
    return clip->frame_count > 0;
}

void jpeg_clip_close(struct jpeg_clip *clip) {
    free(clip->starts);
    mapping_close(&clip->file);
    memset(clip, 0, sizeof *clip);
}

/* Returns the picture's length; it is cut if there is not room for it. */
uint32_t jpeg_clip_copy(const struct jpeg_clip *clip, uint32_t index, uint8_t *out, uint32_t room) {
    uint32_t picture = index % clip->frame_count;
    size_t length = clip->starts[picture + 1] - clip->starts[picture];
    if (length > room) length = room;
    memcpy(out, clip->file.bytes + clip->starts[picture], length);
    return (uint32_t)length;
}

struct planes {
    const uint8_t *y, *u, *v;
    uint32_t width, height;
};

static struct planes picture(const struct raw_clip *clip, uint32_t index) {
    size_t stride = picture_len(clip) + FRAME_MARK_LEN;
    size_t luma = (size_t)clip->width * clip->height;
    const uint8_t *y =
        clip->file.bytes + clip->header_len + stride * (index % clip->frame_count) + FRAME_MARK_LEN;
    return (struct planes){y, y + luma, y + luma + luma / 4, clip->width, clip->height};
}

static void draw_yuyv(const struct planes *from, const struct format *to, uint8_t *out) {
    for (uint32_t y = 0; y < to->height; y++) {
        uint32_t row = y * from->height / to->height;
        const uint8_t *luma = from->y + (size_t)row * from->width;
        const uint8_t *u = from->u + (size_t)(row / 2) * (from->width / 2);
        const uint8_t *v = from->v + (size_t)(row / 2) * (from->width / 2);
        for (uint32_t x = 0; x < to->width; x += 2) {
            uint32_t left = x * from->width / to->width;
            uint32_t right = (x + 1) * from->width / to->width;
            *out++ = luma[left];
            *out++ = u[left / 2];
            *out++ = luma[right];
            *out++ = v[left / 2];
        }
    }
}

static void draw_nv12(const struct planes *from, const struct format *to, uint8_t *out) {
    uint8_t *chroma = out + (size_t)to->width * to->height;
    for (uint32_t y = 0; y < to->height; y++) {
        uint32_t row = y * from->height / to->height;
        const uint8_t *luma = from->y + (size_t)row * from->width;
        for (uint32_t x = 0; x < to->width; x++) *out++ = luma[x * from->width / to->width];
        if (y % 2 == 1) continue;
        const uint8_t *u = from->u + (size_t)(row / 2) * (from->width / 2);
        const uint8_t *v = from->v + (size_t)(row / 2) * (from->width / 2);
        for (uint32_t x = 0; x < to->width; x += 2) {
            uint32_t column = x * from->width / to->width / 2;
            *chroma++ = u[column];
            *chroma++ = v[column];
        }
    }
}

/* Scales to the nearest pixel: a camera's own scaler is not what is tested. */
void raw_clip_draw(const struct raw_clip *clip, uint32_t index, const struct format *format,
                   uint8_t *out) {
    struct planes from = picture(clip, index);
    if (format->fourcc == V4L2_PIX_FMT_YUYV) {
        draw_yuyv(&from, format, out);
    } else {
        draw_nv12(&from, format, out);
    }
}
