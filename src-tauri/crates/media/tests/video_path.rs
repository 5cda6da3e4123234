//! What the video path promises: codecs, payloads, jitter buffer and pipelines together.

#[path = "video_path/bitrate.rs"]
mod bitrate;
#[path = "video_path/camera_off.rs"]
mod camera_off;
#[path = "video_path/hostile.rs"]
mod hostile;
#[path = "video_path/jitter.rs"]
mod jitter;
#[path = "video_path/key_frames.rs"]
mod key_frames;
#[path = "video_path/loss.rs"]
mod loss;
#[path = "video_path/moving_picture.rs"]
mod moving_picture;
#[path = "video_path/order.rs"]
mod order;
#[path = "video_path/padding.rs"]
mod padding;
#[path = "video_path/picture_quality.rs"]
mod picture_quality;
#[path = "video_path/pipeline.rs"]
mod pipeline;
#[path = "video_path/stream.rs"]
mod stream;
