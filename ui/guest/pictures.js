/** What of the other there is to see and hear: one sound, one camera, perhaps a shared screen. */

/** The stream of a shared screen is called so by the application. */
const SCREEN_STREAM = 'duet-screen';

/** @typedef {{ audio: MediaStreamTrack | null, camera: MediaStreamTrack | null, screen: MediaStreamTrack | null }} Pictures */
/** The part of a transceiver that counts. @typedef {{ currentDirection: RTCRtpTransceiverDirection | null, receiver: { track: MediaStreamTrack } }} Received */

/**
 * @template {Received} T
 * @param {readonly T[]} transceivers
 * @param {ReadonlyMap<T, string>} streams the id of the stream that each came in
 * @returns {Pictures}
 */
export function remotePictures(transceivers, streams) {
  /** @type {Pictures} */
  const found = { audio: null, camera: null, screen: null };
  for (const transceiver of transceivers) {
    const { currentDirection, receiver } = transceiver;
    if (currentDirection !== 'sendrecv' && currentDirection !== 'recvonly') continue;
    const isScreen = streams.get(transceiver)?.startsWith(SCREEN_STREAM) === true;
    if (receiver.track.kind === 'audio') found.audio ??= receiver.track;
    else if (isScreen) found.screen ??= receiver.track;
    else found.camera ??= receiver.track;
  }
  return found;
}
