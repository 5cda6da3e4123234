/** The window's title: who, whether they hear me, and whether they see my screen. */
import type { View } from './generated/view';
import { t } from './i18n.svelte';
import { screenOf } from './screen';

export function windowTitle(view: View): string {
  const title = callTitle(view);
  return view.share === null ? title : t('title.sharing', { title });
}

function callTitle(view: View): string {
  const { call } = view;
  if (call.kind === 'calling') return t('title.calling', { name: call.name });
  if (screenOf(view) !== 'call') {
    return view.lobby !== null && call.kind === 'idle' ? t('title.room', { room: view.lobby.roomId }) : t('app.name');
  }
  const title =
    'peer' in call
      ? t('title.call', { name: call.peer.name ?? t('common.someone') })
      : t('title.room', { room: 'roomId' in call ? call.roomId : '' });
  return view.microphone.on ? title : t('title.muted', { title });
}
