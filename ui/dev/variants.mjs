/**
 * In which looks every screen is seen, and what is opened by hand besides the fixtures. The first look gets every rule of axe;
 * the others those that colours, sizes and languages can break, because a whole run takes a second a screen.
 */
const look = (name, width, height, theme, language, textPercent, rules) => ({
  name, rules, size: { width, height }, options: { theme, language, textPercent, renderer: 'canvas2d' },
});

export const variants = [
  look('light-1200', 1200, 800, 'light', 'en', 100, null),
  look('dark-900', 900, 600, 'dark', 'en', 100, ['color-contrast', 'scrollable-region-focusable']),
  look('light-900-zh-140', 900, 600, 'light', 'zh-CN', 140, ['scrollable-region-focusable', 'html-has-lang']),
  look('dark-900-140', 900, 600, 'dark', 'en', 140, ['scrollable-region-focusable']),
];

const click = (testid) => (page) => page.getByTestId(testid).click();

export const extras = [
  { name: 'call-microphone-menu', fixture: 'call', act: click('microphone-menu') },
  { name: 'call-camera-menu', fixture: 'call', act: click('camera-menu') },
  { name: 'call-swapped', fixture: 'call', act: (page) => page.getByTestId('self-tile').getByRole('button').nth(1).click({ force: true }) },
  { name: 'call-peer-camera-large', fixture: 'call-peer-screen-tile', act: (page) => page.getByTestId('swap-peer').click() },
  {
    name: 'call-statistics-later', fixture: 'call-statistics',
    act: (page) => page.evaluate(() => {
      for (const [second, receiveBps] of [600, 900, 1400, 1900, 2300, 2200, 2500].entries()) {
        setTimeout(() => window.duet.push({ statistics: { ...window.duet.statistics, receiveBps: receiveBps * 1000, sendBps: receiveBps * 800, roundTripMs: 40 + (second % 3), lossRatio: second === 3 ? 0.02 : 0 } }), second * 20);
      }
    }),
  },
  { name: 'home-me-menu', fixture: 'home', act: click('me') },
  { name: 'home-find', fixture: 'home', act: (page) => page.getByTestId('people-find').fill('nobody here') },
  {
    name: 'chat-near-limit', fixture: 'call-chat',
    act: (page) => page.getByTestId('chat-field').fill('很长的消息 '.repeat(240)),
  },
  {
    name: 'chat-too-long', fixture: 'home-chat',
    act: (page) => page.getByTestId('chat-field').fill('A long text. '.repeat(320)),
  },
  { name: 'call-self-hidden', fixture: 'call', act: (page) => page.getByTestId('hide-self').click({ force: true }) },
  { name: 'call-focus', fixture: 'call', act: (page) => page.keyboard.press('Tab') },
  { name: 'waiting-qr', fixture: 'waiting', act: (page) => page.locator('.btns .btn').nth(1).click() },
  { name: 'lobby-speaker-menu', fixture: 'lobby-errors', act: (page) => page.getByTestId('pick-speaker').click({ position: { x: 60, y: 20 } }) },
  { name: 'settings-ice-editor', fixture: 'settings-network', act: click('ice-add') },
  {
    name: 'settings-server-bad', fixture: 'settings-network',
    act: async (page) => {
      await page.getByTestId('setting-server').fill('not a server');
      await page.getByTestId('setting-server-use').click();
    },
  },
  { name: 'home-me-menu-off', fixture: 'home-first', act: click('me') },
  { name: 'going-online', fixture: 'we-are-offline', act: click('unanswered-online') },
  {
    name: 'going-online-silent', fixture: 'we-are-offline',
    act: async (page) => {
      await page.getByTestId('unanswered-online').click();
      await page.evaluate(() => window.duet.push({ people: { presence: { kind: 'connecting' }, list: [] }, server: { ...window.duet.view().server, reach: { kind: 'unreachable', retryAtMs: null } } }));
    },
  },
  {
    name: 'going-online-refused', fixture: 'we-are-offline',
    act: async (page) => {
      await page.getByTestId('unanswered-online').click();
      await page.evaluate(() => window.duet.push({ people: { presence: { kind: 'refused', problem: 'nameTaken' }, list: [] } }));
    },
  },
  {
    name: 'chat-refused', fixture: 'home-chat',
    act: async (page) => {
      await page.evaluate(() => window.duet.refuse('sendText'));
      await page.getByTestId('chat-field').fill('This one is not taken.');
      await page.getByTestId('chat-send').click();
    },
  },
  {
    name: 'home-broke', fixture: 'home',
    act: async (page) => {
      await page.evaluate(() => window.duet.refuse('openLobby'));
      await page.getByTestId('room-field').fill('amber-river');
      await page.getByTestId('room-join').click();
    },
  },
  { name: 'settings-language-menu', fixture: 'settings-appearance', act: click('setting-language') },
];
