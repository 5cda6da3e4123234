/* The V4L2 ioctls of a capture device that streams through mapped buffers. */
#define _GNU_SOURCE
#include "fakecam.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

static const uint32_t SIZES[][2] = {{640, 360}, {640, 480}, {1280, 720}, {1920, 1080}};
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES, MAX_FOURCCS = 3 };

static int fail(int error) {
    errno = error;
    return -1;
}

/* A camera has one input; VIDIOC_G_INPUT and VIDIOC_S_INPUT are about its index. */
static int enumerate_inputs(struct v4l2_input *out) {
    if (out->index != 0) return fail(EINVAL);
    memset(out, 0, sizeof *out);
    snprintf((char *)out->name, sizeof out->name, "Camera");
    out->type = V4L2_INPUT_TYPE_CAMERA;
    return 0;
}

static int get_input(int *index) {
    *index = 0;
    return 0;
}

static int set_input(const int *index) { return *index == 0 ? 0 : fail(EINVAL); }

static uint32_t offered(const struct camera *camera, uint32_t fourccs[MAX_FOURCCS]) {
    uint32_t count = 0;
    if (camera->raw.frame_count) {
        fourccs[count++] = V4L2_PIX_FMT_YUYV;
        fourccs[count++] = V4L2_PIX_FMT_NV12;
    }
    if (camera->jpeg.frame_count) fourccs[count++] = V4L2_PIX_FMT_MJPEG;
    return count;
}

static int query_capabilities(struct camera *camera, struct v4l2_capability *out) {
    memset(out, 0, sizeof *out);
    snprintf((char *)out->driver, sizeof out->driver, "fakecam");
    snprintf((char *)out->card, sizeof out->card, "%.31s", camera->config.name);
    /* Browsers tell cameras apart by their places. */
    snprintf((char *)out->bus_info, sizeof out->bus_info, "platform:fakecam-%s", camera->node);
    out->version = 0x60000;
    out->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    out->capabilities = out->device_caps | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static int enumerate_formats(struct camera *camera, struct v4l2_fmtdesc *out) {
    uint32_t fourccs[MAX_FOURCCS];
    if (out->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
    if (out->index >= offered(camera, fourccs)) return fail(EINVAL);
    out->pixelformat = fourccs[out->index];
    out->flags = out->pixelformat == V4L2_PIX_FMT_MJPEG ? V4L2_FMT_FLAG_COMPRESSED : 0;
    snprintf((char *)out->description, sizeof out->description, "%.4s",
             (const char *)&out->pixelformat);
    return 0;
}

/* Pictures that are already compressed come in their own size alone. */
static int enumerate_sizes(struct camera *camera, struct v4l2_frmsizeenum *out) {
    bool compressed = out->pixel_format == V4L2_PIX_FMT_MJPEG;
    if (out->index >= (compressed ? 1 : SIZE_COUNT)) return fail(EINVAL);
    out->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    if (compressed) {
        out->discrete.width = camera->raw.width ? camera->raw.width : 1280;
        out->discrete.height = camera->raw.height ? camera->raw.height : 720;
    } else {
        out->discrete.width = SIZES[out->index][0];
        out->discrete.height = SIZES[out->index][1];
    }
    return 0;
}

static int enumerate_intervals(struct camera *camera, struct v4l2_frmivalenum *out) {
    const uint32_t rates[] = {camera->config.max_fps, 24, 15};
    if (out->index >= 3) return fail(EINVAL);
    out->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    out->discrete.numerator = 1;
    out->discrete.denominator = rates[out->index];
    return 0;
}

static void describe_format(const struct camera *camera, struct v4l2_pix_format *out) {
    const struct format *format = &camera->format;
    memset(out, 0, sizeof *out);
    out->width = format->width;
    out->height = format->height;
    out->pixelformat = format->fourcc;
    out->field = V4L2_FIELD_NONE;
    out->sizeimage = format->size_bytes;
    out->colorspace = V4L2_COLORSPACE_SRGB;
    if (format->fourcc == V4L2_PIX_FMT_YUYV) out->bytesperline = format->width * 2;
    if (format->fourcc == V4L2_PIX_FMT_NV12) out->bytesperline = format->width;
}

static int get_format(struct camera *camera, struct v4l2_format *out) {
    if (out->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
    describe_format(camera, &out->fmt.pix);
    return 0;
}

/* What is not offered becomes what is nearest to it, as drivers do. */
static int set_format(struct camera *camera, struct v4l2_format *wanted, bool try_only) {
    if (wanted->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
    if (!try_only && camera->buffer_count) return fail(EBUSY);
    if (!try_only && camera_taken(camera)) return fail(EBUSY);

    uint32_t fourccs[MAX_FOURCCS];
    uint32_t count = offered(camera, fourccs);
    uint32_t fourcc = count ? fourccs[0] : V4L2_PIX_FMT_YUYV;
    for (uint32_t i = 0; i < count; i++) {
        if (fourccs[i] == wanted->fmt.pix.pixelformat) fourcc = fourccs[i];
    }
    uint32_t width = camera->format.width, height = camera->format.height;
    for (uint32_t i = 0; i < SIZE_COUNT; i++) {
        if (SIZES[i][0] != wanted->fmt.pix.width || SIZES[i][1] != wanted->fmt.pix.height) continue;
        width = SIZES[i][0];
        height = SIZES[i][1];
    }
    struct format before = camera->format;
    camera_set_format(camera, fourcc, width, height);
    describe_format(camera, &wanted->fmt.pix);
    if (try_only) camera->format = before;
    return 0;
}

static int frame_rate(struct camera *camera, struct v4l2_streamparm *parameters, bool set) {
    if (parameters->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
    struct v4l2_fract wanted = parameters->parm.capture.timeperframe;
    if (set && wanted.numerator && wanted.denominator >= wanted.numerator) {
        uint32_t fps = wanted.denominator / wanted.numerator;
        camera->fps = fps < camera->config.max_fps ? fps : camera->config.max_fps;
    }
    memset(&parameters->parm, 0, sizeof parameters->parm);
    parameters->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    parameters->parm.capture.timeperframe = (struct v4l2_fract){1, camera->fps};
    parameters->parm.capture.readbuffers = 4;
    return 0;
}

static int request_buffers(struct camera *camera, struct v4l2_requestbuffers *request) {
    if (request->memory != V4L2_MEMORY_MMAP) return fail(EINVAL);
    if (request->count > MAX_BUFFERS) request->count = MAX_BUFFERS;
    request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
    camera_free_buffers(camera);
    if (request->count == 0) {
        camera_release(camera);
        return 0;
    }
    if (camera_taken(camera)) return fail(EBUSY);
    return camera_allocate(camera, request->count) ? 0 : fail(ENOMEM);
}

static int query_buffer(struct camera *camera, struct v4l2_buffer *buffer) {
    if (buffer->index >= camera->buffer_count) return fail(EINVAL);
    buffer->length = camera->format.size_bytes;
    buffer->m.offset = (uint32_t)(buffer->index * camera_buffer_stride(camera));
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    return 0;
}

static int queue_buffer(struct camera *camera, const struct v4l2_buffer *buffer) {
    struct buffer_queue *queue = &camera->queue;
    if (buffer->index >= camera->buffer_count || queue->length >= MAX_BUFFERS) return fail(EINVAL);
    queue->indexes[(queue->head + queue->length) % MAX_BUFFERS] = buffer->index;
    queue->length++;
    return 0;
}

static uint32_t draw(struct camera *camera, uint32_t index) {
    uint8_t *out = camera->buffers + camera_buffer_stride(camera) * index;
    if (camera->format.fourcc == V4L2_PIX_FMT_MJPEG) {
        return jpeg_clip_copy(&camera->jpeg, camera->sequence, out, camera->format.size_bytes);
    }
    raw_clip_draw(&camera->raw, camera->sequence, &camera->format, out);
    return camera->format.size_bytes;
}

/* Each tick of the timer is one picture; ticks that nobody took are lost ones. */
static int dequeue_buffer(struct camera *camera, struct v4l2_buffer *buffer) {
    if (!camera->streaming) return fail(EINVAL);
    if (config_state(camera->config_fd) == STATE_HANG) return fail(EAGAIN);
    struct buffer_queue *queue = &camera->queue;
    uint64_t ticks = 0;
    if (queue->length == 0) return fail(EAGAIN);
    if (read(camera->fd, &ticks, sizeof ticks) != sizeof ticks) return fail(EAGAIN);
    camera->sequence += (uint32_t)ticks - 1;

    buffer->index = queue->indexes[queue->head];
    queue->head = (queue->head + 1) % MAX_BUFFERS;
    queue->length--;
    buffer->bytesused = draw(camera, buffer->index);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    buffer->sequence = camera->sequence++;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_DONE;
    buffer->field = V4L2_FIELD_NONE;
    buffer->length = camera->format.size_bytes;
    return 0;
}

static int stream_on(struct camera *camera) {
    if (camera_taken(camera)) return fail(EBUSY);
    if (camera->buffer_count == 0) return fail(EINVAL);
    camera_start(camera);
    return 0;
}

static int stream_off(struct camera *camera) {
    camera_stop(camera);
    return 0;
}

int camera_ioctl(struct camera *camera, unsigned long request, void *argument) {
    if (camera_unplugged(camera)) return fail(ENODEV);
    switch ((uint32_t)request) {
    case VIDIOC_QUERYCAP: return query_capabilities(camera, argument);
    case VIDIOC_ENUMINPUT: return enumerate_inputs(argument);
    case VIDIOC_G_INPUT: return get_input(argument);
    case VIDIOC_S_INPUT: return set_input(argument);
    case VIDIOC_ENUM_FMT: return enumerate_formats(camera, argument);
    case VIDIOC_ENUM_FRAMESIZES: return enumerate_sizes(camera, argument);
    case VIDIOC_ENUM_FRAMEINTERVALS: return enumerate_intervals(camera, argument);
    case VIDIOC_G_FMT: return get_format(camera, argument);
    case VIDIOC_S_FMT: return set_format(camera, argument, false);
    case VIDIOC_TRY_FMT: return set_format(camera, argument, true);
    case VIDIOC_G_PARM: return frame_rate(camera, argument, false);
    case VIDIOC_S_PARM: return frame_rate(camera, argument, true);
    case VIDIOC_REQBUFS: return request_buffers(camera, argument);
    case VIDIOC_QUERYBUF: return query_buffer(camera, argument);
    case VIDIOC_QBUF: return queue_buffer(camera, argument);
    case VIDIOC_DQBUF: return dequeue_buffer(camera, argument);
    case VIDIOC_STREAMON: return stream_on(camera);
    case VIDIOC_STREAMOFF: return stream_off(camera);
    case VIDIOC_QUERYCTRL:
    case VIDIOC_QUERY_EXT_CTRL: return fail(EINVAL); /* no controls */
    default: return fail(ENOTTY);
    }
}
