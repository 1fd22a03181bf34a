// Everything can be done without a mouse.
import { assert, until } from '../visit.mjs';

export async function keyboard(visit) {
  // A fresh page: the focus begins at its top.
  await visit.open({});
  const { page } = visit;
  const [camera] = await visit.cameras();
  await visit.go('#/');
  await page.locator('[data-tile]').first().waitFor();

  await page.keyboard.press('Tab');
  assert((await focused(page)).text === 'Skip to content', 'the first stop is not the way past the menu');
  await page.keyboard.press('Enter');
  await reach(page, (at) => at.tile !== null);
  const tile = (await focused(page)).tile;
  assert((await focused(page)).outlined, 'the focus on a tile cannot be seen');
  await page.keyboard.press('Enter');
  await until('the camera opens', 5_000, () => page.url().includes(`#/cameras/${encodeURIComponent(tile)}`));
  await page.getByRole('link', { name: 'Back to the wall' }).waitFor();
  await page.keyboard.press('Escape');
  await until('Escape leads back to the wall', 5_000, () => page.url().endsWith('#/'));

  await visit.go(`#/zones/${encodeURIComponent(camera.id)}`);
  const add = page.getByRole('button', { name: 'Add a rectangle' });
  await add.focus();
  await page.keyboard.press('Enter');
  const corners = page.locator('[data-corner]');
  await corners.first().waitFor();
  assert((await corners.count()) === 4, 'a rectangle has four corners');
  const place = () => corners.first().getAttribute('aria-label');
  const start = await place();
  await corners.first().focus();
  await page.keyboard.press('Shift+ArrowRight');
  await until('an arrow key moves the corner', 5_000, async () => (await place()) !== start);
  await page.keyboard.press('Enter');
  await until('Enter adds a corner', 5_000, async () => (await corners.count()) === 5);
  await page.keyboard.press('Delete');
  await until('Delete removes a corner', 5_000, async () => (await corners.count()) === 4);
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('Control+z');
  await until('undo brings the corner back', 5_000, async () => (await place()) === start);

  await page.getByRole('link', { name: 'System' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await visit.picture('unsaved');
  await page.getByRole('button', { name: 'Stay here' }).click();
  assert(page.url().includes('#/zones/'), 'staying leaves the page');
  await page.getByRole('link', { name: 'System' }).press('Enter');
  await page.getByRole('button', { name: 'Leave without saving' }).click();
  await until('leaving leads on', 5_000, () => page.url().endsWith('#/system'));
  return 'wall, camera, zone editor and the unsaved-changes question';
}

function focused(page) {
  return page.evaluate(() => {
    const at = document.activeElement;
    const style = at === null ? null : getComputedStyle(at);
    return { text: at?.textContent?.trim() ?? '', tile: at?.getAttribute('data-tile') ?? null, outlined: style !== null && style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2 };
  });
}

async function reach(page, wanted) {
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press('Tab');
    if (wanted(await focused(page))) return;
  }
  throw new Error('the Tab key does not lead to a tile');
}
