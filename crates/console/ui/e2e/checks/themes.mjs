// Both themes on every page, and the one that was chosen stays.
import { assert, until } from '../visit.mjs';

const PAGES = {
  wall: '#/',
  alerts: '#/alerts',
  zones: '#/zones',
  system: '#/system',
  robots: '#/robots',
  robot: '#/robots/robot-a',
  waypoints: '#/robots/robot-a/route',
  schedule: '#/schedule',
  settings: '#/settings',
  patrols: '#/patrols',
  reports: '#/reports',
  costs: '#/costs',
  links: '#/links',
};

export async function themes(visit) {
  const backgrounds = new Set();
  for (const theme of ['dark', 'light']) {
    await visit.open({ theme });
    for (const [name, hash] of Object.entries(PAGES)) {
      await visit.go(hash);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const shown = await visit.page.evaluate(() => document.documentElement.dataset.theme);
      assert(shown === theme, `${name} is ${shown}, not ${theme}`);
      await visit.picture(`${name}-${theme}`);
    }
    backgrounds.add(await visit.page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  assert(backgrounds.size === 2, 'both themes look the same');

  await visit.open({});
  await visit.go('#/system');
  assert((await visit.page.evaluate(() => document.documentElement.dataset.theme)) === 'dark', 'the theme is not dark at first');
  await visit.page.getByRole('button', { name: 'Light', exact: true }).click();
  await until('the light theme', 5_000, () => visit.page.evaluate(() => document.documentElement.dataset.theme === 'light'));
  await visit.page.reload();
  assert((await visit.page.evaluate(() => document.documentElement.dataset.theme)) === 'light', 'the choice was forgotten');
  await visit.open({});
  return `${Object.keys(PAGES).length} pages in both themes`;
}
