/**
 * The server in words. The one inside Duet has an address of the loopback, which tells nobody anything: it is this computer's own,
 * and serves this network as soon as the person lets it. Pure.
 */
import type { LoginProblem, ServerView } from './generated/view';
import { t } from './i18n.svelte';

export type Named = Pick<ServerView, 'host' | 'embedded'>;

/** Inside a sentence: "on …". */
export function serverName({ host, embedded }: Named): string {
  if (embedded) return t('server.own');
  return isLoopback(host) ? t('server.loopback', { host }) : host;
}

/** Standing alone, as on a chip. */
export function serverTitle(server: Named): string {
  return server.embedded ? t('server.ownTitle') : serverName(server);
}

/** What being online shows, and to whom: before it is turned on. */
export function offText(server: Named): string {
  return server.embedded ? t('people.offTextHere') : t('people.offText', { host: serverName(server) });
}

/** The same beside the switch. */
export function onlineHint(server: Named): string {
  return server.embedded ? t('settings.onlineHintHere') : t('settings.onlineHint', { host: serverName(server) });
}

export function noneText(server: Named): string {
  return server.embedded ? t('people.noneTextHere') : t('people.noneText', { host: serverName(server) });
}

export function noAnswer(server: Named): string {
  return server.embedded ? t('server.noAnswerHere') : t('server.noAnswer', { host: serverName(server) });
}

/** Why the server does not list us, and what to do. Nobody else runs the server of this computer. */
export function refusedText(problem: LoginProblem, server: Named, name: string): string {
  if (problem === 'refused' && server.embedded) return t('people.refused.refused.textHere');
  return t(`people.refused.${problem}.text`, { name, host: serverName(server) });
}

/** `HOST` or `HOST:PORT` of this computer. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}
