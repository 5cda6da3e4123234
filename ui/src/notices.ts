/** The words of a notice: cause, then what Duet did. Pure. */
import type { CallMedia, Notice, NoticeData, Recent } from './generated/view';
import { sentences, t } from './i18n.svelte';
import type { IconName } from './lib/icons';

export interface NoticeText {
  icon: IconName;
  title: string;
  text: string;
}

export function noticeText(data: NoticeData, muted: boolean): NoticeText {
  switch (data.code) {
    case 'deviceLost': {
      const using =
        data.fallbackName === null ? t(`notice.deviceLostNone.${data.device}`) : t('notice.deviceLostUsing', { fallback: data.fallbackName });
      const still = data.device === 'microphone' && muted && data.fallbackName !== null ? t('notice.stillMuted') : '';
      return { icon: icons[data.device], title: t('notice.deviceLost', { name: data.name }), text: sentences(using, still) };
    }
    case 'deviceBack':
      return { icon: icons[data.device], title: t('notice.deviceBack', { name: data.name }), text: t('notice.deviceBackText') };
    case 'deviceFailed': {
      if (data.device === 'camera' && data.problem === 'stalled') {
        return { icon: 'cam-off', title: t('notice.cameraStopped'), text: t('notice.cameraStoppedText', { name: data.name }) };
      }
      const problem = t(`device.problem.${data.problem}`);
      return { icon: icons[data.device], title: t(`notice.deviceFailed.${data.device}`), text: t('notice.deviceFailedText', { name: data.name, problem }) };
    }
    case 'signalingLost':
      return { icon: 'server-off', title: t('notice.signalingLost'), text: t('notice.signalingLostText') };
    case 'signalingBack':
      return { icon: 'server', title: t('notice.signalingBack'), text: '' };
    case 'settingsReset':
      return { icon: 'warn', title: t('notice.settingsReset'), text: t('notice.settingsResetText', { file: data.keptAs }) };
    case 'shareEnded':
      return { icon: 'share', title: t('notice.shareEnded'), text: t(`screens.problem.${data.problem}`) };
    case 'castEnded':
      return { icon: 'cast', title: t('notice.castEnded'), text: '' };
    case 'missedCall':
      return { icon: 'in', title: t('notice.missedCall'), text: t('notice.missedCallText', { name: data.name }) };
    case 'textArrived':
      return { icon: 'chat', title: t('notice.textArrived'), text: t('notice.textArrivedText', { name: data.name }) };
    case 'linkFailed':
      return { icon: 'warn', title: t('notice.linkFailed'), text: t('notice.linkFailedText') };
    case 'peerJoined':
      return { icon: 'user', title: t('notice.peerJoined', { name: data.name ?? t('common.someone') }), text: '' };
  }
}

/** As they called: the newest missed call of this name knows it. */
export function callBackMedia(recents: readonly Recent[], name: string): CallMedia {
  return recents.find(({ kind, peerName }) => kind === 'missed' && peerName === name)?.media ?? 'video';
}

const icons = { camera: 'cam', microphone: 'mic', speaker: 'speaker', ringer: 'bell' } as const satisfies Record<string, IconName>;

/** The two newest; errors first lose nothing: an error is never pushed out by a plain note. */
export function shownNotices(notices: readonly Notice[], limit = 2): Notice[] {
  const newest = [...notices].reverse();
  const kept = [...newest.filter((n) => n.level === 'error'), ...newest.filter((n) => n.level !== 'error')].slice(0, limit);
  return notices.filter((notice) => kept.includes(notice));
}
