/** The words of the recent calls and rooms. Pure. */
import { roughDuration } from './format';
import type { Recent } from './generated/view';
import { t } from './i18n.svelte';
import type { IconName } from './lib/icons';

export function recentIcon({ kind }: Recent): IconName {
  switch (kind) {
    case 'room':
      return 'clock';
    case 'called':
      return 'out';
    case 'calledYou':
    case 'missed':
      return 'in';
  }
}

export function recentTitle(recent: Recent): string {
  return recent.kind === 'room' ? recent.roomId : (recent.peerName ?? t('common.someone'));
}

export function recentText({ kind, peerName: name, durationMs }: Recent): string {
  const duration = durationMs === null ? null : roughDuration(durationMs);
  switch (kind) {
    case 'room':
      if (name === null) return duration === null ? t('home.nobody') : t('home.with', { name: t('common.someone'), duration });
      return duration === null ? t('home.withName', { name }) : t('home.with', { name, duration });
    case 'called':
      return duration === null ? t('recent.calledNobody') : t('recent.called', { duration });
    case 'calledYou':
      return duration === null ? t('recent.calledYouShort') : t('recent.calledYou', { duration });
    case 'missed':
      return t('recent.missed');
  }
}

/** What the row offers: a word, and the whole sentence for readers. */
export function recentAction(recent: Recent): { text: string; name: string } {
  const name = recentTitle(recent);
  switch (recent.kind) {
    case 'room':
      return { text: t('home.rejoin'), name: t('home.rejoinNamed', { room: name }) };
    case 'called':
      return { text: t('unanswered.again'), name: t('recent.callAgainNamed', { name }) };
    case 'calledYou':
    case 'missed':
      return { text: t('recent.callBack'), name: t('recent.callBackNamed', { name }) };
  }
}
