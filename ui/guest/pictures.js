/** What of the other there is to see and hear: one sound, one picture, and beside a shared screen perhaps the camera. */

/** The stream of the camera beside a screen is called so by the application. */
const TILE_STREAM = 'duet-tile';

/** @typedef {{ audio: MediaStreamTrack | null, main: MediaStreamTrack | null, tile: MediaStreamTrack | null }} Pictures */
/** The part of a transceiver that counts. @typedef {{ currentDirection: RTCRtpTransceiverDirection | null, receiver: { track: MediaStreamTrack } }} Received */

/**
 * @template {Received} T
 * @param {readonly T[]} transceivers
 * @param {ReadonlyMap<T, string>} streams the id of the stream that each came in
 * @returns {Pictures}
 */
export function remotePictures(transceivers, streams) {
  /** @type {Pictures} */
  const found = { audio: null, main: null, tile: null };
  for (const transceiver of transceivers) {
    const { currentDirection, receiver } = transceiver;
    if (currentDirection !== 'sendrecv' && currentDirection !== 'recvonly') continue;
    const isTile = streams.get(transceiver)?.startsWith(TILE_STREAM) === true;
    if (receiver.track.kind === 'audio') found.audio ??= receiver.track;
    else if (isTile) found.tile ??= receiver.track;
    else found.main ??= receiver.track;
  }
  return found;
}
