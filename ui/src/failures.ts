/** The last screen of a call that failed: its words, and what helps, the best first. Pure. */
import type { CastView, Failure, ServerView } from './generated/view';
import { t } from './i18n.svelte';
import { refusalKey } from './refusals.js';
import { noAnswer } from './serverWords';

/** What a person can do: `network` and `server` lead to the settings, `other-code` to the code of a display. */
export type Step = 'retry' | 'token' | 'other-code' | 'network' | 'server' | 'home';

type Server = Pick<ServerView, 'host' | 'embedded'>;

export function failureTitle(failure: Failure, cast: CastView | null): string {
  if (failure.code === 'untrustedCertificate') return t('trust.title');
  if (cast === null) return t('failed.title');
  return t(cast.role === 'presenter' ? 'failed.titlePresenter' : 'failed.titleDisplay');
}

export function failureText(failure: Failure, server: Server): string {
  switch (failure.code) {
    case 'serverUnreachable':
      return failure.host === server.host && server.embedded ? noAnswer(server) : t('failed.serverUnreachable', { host: failure.host });
    case 'untrustedCertificate':
      return t('trust.text', { host: failure.host });
    case 'refused':
      return refusedText(failure.serverCode, failure.host, server);
    case 'connectionFailed':
    case 'wrongCertificate':
    case 'noRelay':
    case 'reconnectTimedOut':
    case 'replaced':
    case 'internal':
      return t(`failed.${failure.code}`);
  }
}

/** The protocol's codes; one that is not known is shown as it is, for whoever looks for it. */
function refusedText(code: string, host: string, server: Server): string {
  switch (code) {
    case 'cast-refused':
      return t('failed.castRefused');
    case 'rate-limited':
      return t('failed.rateLimited');
    case 'not-allowed':
      return t(host === server.host ? 'failed.notAllowed' : 'failed.notAllowedElsewhere', { host });
    default:
      return t(refusalKey(code), { code });
  }
}

/** The first is the main one. The certificate of a server is trusted or not on its own. */
export function failureSteps(failure: Failure, server: Server, cast: CastView | null): Step[] {
  const again = cast?.role === 'presenter' ? 'other-code' : 'retry';
  switch (failure.code) {
    case 'noRelay':
      return ['network', again];
    case 'wrongCertificate':
      return ['server', again];
    case 'serverUnreachable':
      return [again, 'server'];
    case 'refused':
      if (failure.serverCode === 'cast-refused') return [again, 'server'];
      if (failure.serverCode !== 'not-allowed') return [again];
      if (failure.host !== server.host) return ['home'];
      // A display's code has run out until the token is typed.
      return cast?.role === 'presenter' ? ['token'] : ['token', 'retry'];
    case 'untrustedCertificate':
    case 'connectionFailed':
    case 'reconnectTimedOut':
    case 'replaced':
    case 'internal':
      return [again];
  }
}
