/** What the polite live region says when the view changes: join, leave, mute, reconnect, a text. Timers and meters stay silent. Pure. */
import { arrived } from './chat';
import type { View } from './generated/view';
import { t } from './i18n.svelte';

export function announcements(before: View, after: View): string[] {
  const said: string[] = [];
  const peerBefore = 'peer' in before.call ? before.call.peer : null;
  const peerAfter = 'peer' in after.call ? after.call.peer : null;
  const name = peerAfter?.name ?? peerBefore?.name ?? t('common.someone');

  if (before.call.kind !== after.call.kind) {
    if (after.call.kind === 'connected') {
      said.push(before.call.kind === 'reconnecting' ? t('live.connected') : t('live.joined', { name }));
    } else if (after.call.kind === 'reconnecting') said.push(t('live.reconnecting'));
    else if (after.call.kind === 'peerLeft') said.push(t('live.left', { name }));
  }
  if (before.microphone.on !== after.microphone.on) said.push(t(after.microphone.on ? 'live.unmuted' : 'live.muted'));
  if (before.camera.on !== after.camera.on) said.push(t(after.camera.on ? 'live.cameraOn' : 'live.cameraOff'));
  if (peerBefore && peerAfter && peerBefore.audio !== peerAfter.audio) {
    if (peerAfter.audio === 'muted') said.push(t('live.peerMuted', { name }));
    if (peerAfter.audio === 'on') said.push(t('live.peerUnmuted', { name }));
  }
  const text = arrived(before.chat, after.chat);
  if (text !== null) said.push(t('live.message', { name: after.chat?.name ?? t('common.someone'), text }));
  return said;
}
