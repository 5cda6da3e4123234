/** What a call is made of: for the screens and for the call itself. Types alone. */

/** @typedef {'joining' | 'waiting' | 'connecting' | 'connected' | 'reconnecting' | 'peerLeft' | 'full' | 'failed' | 'left'} Kind */
/** @typedef {'serverUnreachable' | 'notAllowed' | 'rateLimited' | 'refused' | 'replaced' | 'reconnectTimedOut' | 'connectionFailed' | 'internal'} Failure */
/** @typedef {'on' | 'muted' | 'none'} AudioState */
/** @typedef {'on' | 'off' | 'lost' | 'screen'} VideoState */
/** @typedef {{ uid: string, name: string, audio: AudioState, video: VideoState }} Peer */
/** @typedef {import('./signaling.js').Message} Message */
/** @typedef {{ audio: AudioState, video: VideoState }} MediaState */
/**
 * @typedef {object} CallOptions
 * @property {string} url of the server's WebSocket
 * @property {string} room
 * @property {string} name may be empty
 * @property {string | null} token for a closed server
 * @property {boolean} maySend
 * @property {() => import('./link.js').Tracks} tracks
 * @property {() => MediaState} mediaState what we tell the other of our media
 * @property {() => boolean} chatSeen the texts are on the screen
 * @property {() => void} onchange
 */

export {};
