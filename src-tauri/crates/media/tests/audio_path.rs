//! What the audio path promises: Opus, the jitter buffer and the pipelines together.

#[path = "audio_path/adaptation.rs"]
mod adaptation;
#[path = "audio_path/concealment.rs"]
mod concealment;
#[path = "audio_path/faults.rs"]
mod faults;
#[path = "audio_path/hostile.rs"]
mod hostile;
#[path = "audio_path/pauses.rs"]
mod pauses;
#[path = "audio_path/pipeline.rs"]
mod pipeline;
#[path = "audio_path/speech.rs"]
mod speech;
#[path = "audio_path/trace.rs"]
mod trace;
