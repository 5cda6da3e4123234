/** What must not be lost, and where a fault leads on: drafts, missed calls, refused commands, failed calls, the picker, narrow windows. */
import { variants } from './variants.mjs';

export async function checkWaysOn({ openPage, fault }) {
  const page = await openPage(variants[0]);
  const show = (name) => page.evaluate(([fixture, options]) => window.duet.show(fixture, options), [name, variants[0].options]);
  const push = (patch) => page.evaluate((given) => window.duet.push(given), patch);
  const calls = () => page.evaluate(() => window.duet.calls.splice(0));
  const id = (testid) => page.getByTestId(testid);
  const expect = (what, got, wanted) => {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) fault(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  };
  const look = { show, push, calls, id, expect, page };
  // What is waited for comes at once or never; one fault hides no other.
  page.setDefaultTimeout(5000);
  for (const check of [drafts, missedCalls, failedCalls, displays, settings, narrow]) {
    await check(look).catch((error) => fault(`${check.name}: ${error.message}`));
  }
  await page.close();
}

async function drafts({ show, push, calls, id, expect, page }) {
  const written = () => id('chat-field').inputValue();
  await show('home-chat');
  const chat = await page.evaluate(() => window.duet.view().chat);
  await id('chat-field').fill('half a sentence');
  await push({ chat: { ...chat, uid: '9', name: '陈雨', messages: [] } });
  expect('another conversation has a text of its own', await written(), '');
  await id('chat-field').fill('for 陈雨');
  await push({ chat });
  expect('a draft after another conversation', await written(), 'half a sentence');
  await push({ chat: null });
  await push({ chat });
  expect('a draft after the chat was closed', await written(), 'half a sentence');
  await id('open-settings').click();
  await id('settings-back').click();
  expect('a draft after the settings', await written(), 'half a sentence');
  await push({ call: { kind: 'connected', roomId: 'r', peer: { name: 'Jonas Weber', audio: 'on', video: 'on', tile: false }, sinceMs: 0, path: 'direct', quality: 'good' } });
  expect('a draft after a call was taken', await written(), 'half a sentence');
  await calls();
  await page.evaluate(() => window.duet.refuse('sendText'));
  await id('chat-field').press('Enter');
  await id('chat-refused').waitFor();
  expect('a refused text stays', [await calls(), await written()], [['sendText("half a sentence")'], 'half a sentence']);
  await page.evaluate(() => window.duet.obey());
  await id('chat-field').press('Enter');
  await id('chat-refused').waitFor({ state: 'detached' });
  expect('a text that was taken goes', [await calls(), await written()], [['sendText("half a sentence")'], '']);
}

async function missedCalls({ show, calls, id, expect, page }) {
  const seen = (focus) => page.evaluate((has) => {
    document.hasFocus = () => has;
    window.dispatchEvent(new Event(has ? 'focus' : 'blur'));
  }, focus);
  const dismissed = async () => (await calls()).filter((call) => call.startsWith('dismissNotice'));
  await page.clock.install();
  await seen(false);
  await show('home-missed');
  await calls();
  expect('what was not looked at is counted', await page.title(), '(3) Duet');
  await page.clock.runFor(60_000);
  expect('a missed call waits for somebody', await dismissed(), []);
  await seen(true);
  await page.clock.runFor(5000);
  expect('and gets its whole time then', await dismissed(), []);
  await page.clock.runFor(1500);
  expect('and goes', await dismissed(), ['dismissNotice(1)', 'dismissNotice(2)']);
  await page.clock.resume();
  await id('toast-callBack').click();
  expect('calling back', await calls(), ['dismissNotice(1)', 'callName("Priya Raman", "audio")']);

  await show('we-are-offline');
  await calls();
  await id('unanswered-online').click();
  expect('going online', [await calls(), await id('unanswered-online').isDisabled()], [['updateSettings({"online":true})'], true]);
  await page.evaluate(() => window.duet.push({ people: { ...window.duet.view().people, presence: { kind: 'connecting' } } }));
  expect('not before it is so', await calls(), []);
  const reach = (kind) => page.evaluate((kind) => window.duet.push({ server: { ...window.duet.view().server, reach: { kind, retryAtMs: null } } }), kind);
  await reach('unreachable');
  expect('a server that does not answer is named', await id('unanswered-silent').textContent(), 'This computer’s own server does not answer.');
  await reach('checking');
  expect('while it is so', await id('unanswered-silent').count(), 0);
  await page.evaluate(() => window.duet.push({ people: { ...window.duet.view().people, presence: { kind: 'online' } } }));
  await page.evaluate(() => window.duet.push({ recents: [] }));
  expect('and then the call, once', await calls(), ['callAgain()']);
}

async function failedCalls({ show, calls, id, expect, page }) {
  for (const [fixture, button] of [['failed-no-relay', 'failed-network'], ['failed-certificate', 'failed-server']]) {
    await show(fixture);
    await id(button).click();
    expect(`${fixture} leads to the network settings`, await id('screen-settings').getAttribute('data-page'), 'network');
    await id('settings-back').click();
    expect('and back', await id('failed-retry').count(), 1);
  }
  await show('failed-elsewhere');
  await calls();
  await id('failed-home').click();
  expect('no retry where none helps', [await calls(), await id('failed-retry').count()], [['dismiss()'], 0]);
  await show('failed-cast');
  expect('a display is no call', await id('failure').locator('h1').textContent(), 'Could not connect to the display');
  await show('home');
  await page.evaluate(() => window.duet.refuse('openLobby'));
  await id('room-field').fill('amber');
  await id('room-join').click();
  expect('a lobby that did not open says so', await id('room-hint').textContent(), 'Something in Duet went wrong. Try again.');
  expect('and can be tried again', await id('room-join').isDisabled(), false);
}

async function displays({ show, calls, id, expect, page }) {
  await show('display-code');
  await calls();
  expect('a code of this computer alone', [await id('display-where').textContent(), await id('display-server').textContent()].map((text) => /only this computer|127\.0\.0\.1/i.exec(text)?.[0] ?? ''), ['Only this computer', '']);
  await id('network-open').click();
  expect('opened from there', await calls(), ['openToNetwork()']);
  await show('display-code-open');
  expect('where the other finds it', /192\.168\.178\.42:7440/.test(await id('display-where').textContent()), true);
  await show('cast-entry');
  expect('where the code is looked for', await id('cast-server').textContent(), 'The code is looked for on this computer’s own server.');
  await id('cast-other-server').click();
  expect('and the way to another server', await id('screen-settings').getAttribute('data-page'), 'network');
  await id('settings-back').click();
  expect('and back to the code', await id('cast-entry').count(), 1);

  for (const [fixture, answer] of [['share-wayland', 'share-picked'], ['share-forbidden', 'share-picker']]) {
    await show(fixture);
    await calls();
    expect(`${fixture}: nothing that cannot be`, [await id('share-confirm').count(), await id('share-screens').count()], [0, 0]);
    await page.evaluate((name) => window.duet.finds(name), answer);
    await id('share-again').click();
    await id('share-confirm').waitFor();
    expect('asked once more, and found', [await calls(), await id('share-confirm').isDisabled()], [['listScreens()'], false]);
  }
}

async function settings({ show, calls, id, expect }) {
  await show('settings-network');
  await calls();
  await id('setting-server').fill('https://duet.example.org/r/amber');
  await id('setting-server-use').click();
  expect('a link becomes an address', [await calls(), await id('setting-server').inputValue()], [['updateSettings({"serverUrl":"wss://duet.example.org/ws"})'], 'wss://duet.example.org/ws']);
  await id('setting-server').fill('ftp://x');
  await id('setting-server-use').click();
  expect('and what is none is not used', [await calls(), await id('setting-server').getAttribute('aria-invalid')], [[], 'true']);
  expect('a relay of our own or another', await id('no-relay').count(), 0);
  await show('settings-no-relay');
  expect('no relay here', await id('no-relay').count(), 1);
  await show('settings-untrusted');
  await calls();
  await id('trust-accept').click();
  expect('a certificate is trusted in the settings too', (await calls()).map((call) => call.slice(0, 22)), ['trustCertificate("7A:1']);
}

async function narrow({ show, push, calls, id, expect, page }) {
  await page.setViewportSize({ width: 900, height: 600 });
  await show('call-statistics');
  await calls();
  const [chat, statistics] = await page.evaluate(() => [window.duet.view().chat, window.duet.statistics]);
  const talk = chat ?? { uid: '3', name: 'Jonas Weber', inCall: true, messages: [] };
  const panels = async () => [await id('chat').count(), await id('statistics').count()];
  await push({ chat: talk });
  expect('the chat takes the place of the statistics', [await calls(), await panels()], [['setStatisticsOpen(false)'], [1, 0]]);
  await push({ statistics: null });
  await push({ statistics });
  await push({ statistics: { ...statistics, roundTripMs: 43 } });
  expect('and the other way round, asked once', [await calls(), await panels()], [['closeChat()'], [0, 1]]);
  await page.setViewportSize({ width: 1200, height: 800 });
  // The page hears of its new size a moment later; whether the panel comes is judged below.
  await id('chat').waitFor({ timeout: 5000 }).catch(() => undefined);
  expect('both where there is room', await panels(), [1, 1]);
}
