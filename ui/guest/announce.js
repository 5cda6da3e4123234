/** What the polite live region says when the call changes: the application's words. Pure. */
import { t } from './words.js';

/**
 * @typedef {object} Moment
 * @property {import('./call-types.js').Kind | null} kind null before the call
 * @property {string} name of the other
 * @property {import('./call-types.js').AudioState | null} peerAudio
 * @property {boolean} microphoneOn
 * @property {boolean} cameraOn
 */

/**
 * @param {Moment} before
 * @param {Moment} after
 * @returns {string[]}
 */
export function announcements(before, after) {
  const said = [];
  const name = after.name || before.name || t('common.someone');
  if (before.kind !== after.kind) {
    if (after.kind === 'connected') said.push(before.kind === 'reconnecting' ? t('live.connected') : t('live.joined', { name }));
    else if (after.kind === 'reconnecting') said.push(t('live.reconnecting'));
    else if (after.kind === 'peerLeft') said.push(t('live.left', { name }));
  }
  if (before.microphoneOn !== after.microphoneOn) said.push(t(after.microphoneOn ? 'live.unmuted' : 'live.muted'));
  if (before.cameraOn !== after.cameraOn) said.push(t(after.cameraOn ? 'live.cameraOn' : 'live.cameraOff'));
  if (before.peerAudio !== null && before.peerAudio !== after.peerAudio) {
    if (after.peerAudio === 'muted') said.push(t('live.peerMuted', { name }));
    if (after.peerAudio === 'on') said.push(t('live.peerUnmuted', { name }));
  }
  return said;
}
