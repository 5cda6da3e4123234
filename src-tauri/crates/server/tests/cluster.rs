//! Several servers on one Redis, with a real `redis-server` on a free port.

mod calls;
mod cast_rooms;
mod casts;
mod closed;
mod ear;
mod forged;
mod forger;
mod hostile;
mod keys;
mod lives;
mod lossy;
mod newer;
#[cfg(target_os = "linux")]
mod nginx;
mod node_loss;
mod operators;
mod outage;
mod outage_times;
mod partition;
mod processes;
mod races;
mod redis_rig;
mod resume;
mod rooms;
mod takeover;
mod texts;
mod valve;
mod way;
