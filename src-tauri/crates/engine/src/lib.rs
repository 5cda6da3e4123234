//! One endpoint of a call: call, signaling, peer and media joined.
