/** The window's title: what was not looked at yet, who, whether they hear me, and whether they see my screen. */
import type { View } from './generated/view';
import { t } from './i18n.svelte';
import { screenOf } from './screen';

export function windowTitle(view: View): string {
  const call = callTitle(view);
  const title = view.share === null ? call : t('title.sharing', { title: call });
  const count = unseen(view);
  return count === 0 ? title : t('title.unseen', { count, title });
}

/** Missed calls whose notice still waits, and texts that were not read. Whoever wrote is among the people, also during a call. */
function unseen({ notices, people, callUnread }: View): number {
  const missed = notices.filter(({ data }) => data.code === 'missedCall').length;
  return missed + Math.max(callUnread, people.list.reduce((sum, { unread }) => sum + unread, 0));
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
