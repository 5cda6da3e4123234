/* Reads the text file that stands for a camera. */
#define _GNU_SOURCE
#include "fakecam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char MAGIC[] = "#fakecam";

static enum camera_state parse_state(const char *word) {
    if (strncmp(word, "busy", 4) == 0) return STATE_BUSY;
    if (strncmp(word, "forbidden", 9) == 0) return STATE_FORBIDDEN;
    if (strncmp(word, "hang", 4) == 0) return STATE_HANG;
    return STATE_OK;
}

static void apply(struct camera_config *config, const char *key, const char *value) {
    if (strcmp(key, "source") == 0) {
        snprintf(config->source, TEXT_LEN, "%s", value);
    } else if (strcmp(key, "mjpeg") == 0) {
        snprintf(config->mjpeg, TEXT_LEN, "%s", value);
    } else if (strcmp(key, "name") == 0) {
        snprintf(config->name, TEXT_LEN, "%s", value);
    } else if (strcmp(key, "fps") == 0) {
        int fps = atoi(value);
        if (fps > 0 && fps <= 240) config->max_fps = (uint32_t)fps;
    } else if (strcmp(key, "state") == 0) {
        config->state = parse_state(value);
    }
}

/* False if the file is not one of ours. */
bool config_parse(int fd, struct camera_config *config) {
    char text[CONFIG_LEN];
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    if (length < (ssize_t)sizeof MAGIC - 1 || strncmp(text, MAGIC, sizeof MAGIC - 1) != 0) {
        return false;
    }
    text[length] = '\0';

    memset(config, 0, sizeof *config);
    snprintf(config->name, TEXT_LEN, "Fake camera");
    config->max_fps = 30;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        if (!equals) continue;
        *equals = '\0';
        apply(config, line, equals + 1);
    }
    return true;
}

enum camera_state config_state(int fd) {
    struct camera_config config;
    return config_parse(fd, &config) ? config.state : STATE_OK;
}
