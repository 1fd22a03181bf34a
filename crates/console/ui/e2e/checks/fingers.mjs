// The robots' pages without a mouse: waypoints are edited with keys alone, and on a phone the map follows two fingers.
import { assert, until } from '../visit.mjs';

const ROBOT = 'robot-a';
const PHONE = { width: 390, height: 844 };

export async function fingers(visit) {
  await keys(visit);
  await touch(visit);
  await visit.open({});
  return 'waypoints added, moved, turned, sorted and deleted with keys; the map pinched and pushed with fingers';
}

async function keys(visit) {
  await visit.open({});
  const { page } = visit;
  await visit.go(`#/robots/${ROBOT}/route`);
  await page.locator('[data-robot]').waitFor();
  const entries = page.locator('[data-point-entry]');
  await page.locator('[data-save]').waitFor();
  const count = await entries.count();
  for (const name of ['Alpha', 'Beta']) {
    await page.locator('[data-add-here]').press('Enter');
    await page.locator('[data-point-name]').fill(name);
  }
  assert((await entries.count()) === count + 2, 'no waypoints were added where the robot is');
  const names = () => entries.evaluateAll((all) => all.slice(-2).map((entry) => entry.dataset.pointEntry).join());

  const beta = page.locator('[data-waypoint]').last();
  const place = () => beta.getAttribute('transform');
  const before = await place();
  await beta.focus();
  await page.keyboard.press('Shift+ArrowRight');
  await until('an arrow key moves a waypoint', 5_000, async () => (await place()) !== before);
  const heading = () => beta.locator('path').first().getAttribute('transform');
  const turned = await heading();
  await page.keyboard.press('Comma');
  await until('a comma turns it', 5_000, async () => (await heading()) !== turned);

  await page.locator('[data-grip]').last().focus();
  await page.keyboard.press('ArrowUp');
  await until('an arrow key moves it in the list', 5_000, async () => (await names()) === 'Beta,Alpha');
  await page.locator('[data-waypoint]').last().focus();
  await page.keyboard.press('Delete');
  await until('Delete removes it', 5_000, async () => (await entries.count()) === count + 1);
  await page.keyboard.press('Control+z');
  await until('undo brings it back', 5_000, async () => (await names()) === 'Beta,Alpha');
  await page.getByRole('button', { name: 'Discard' }).press('Enter');
  await page.getByText('Everything is saved').waitFor();
}

async function touch(visit) {
  await visit.open({ viewport: PHONE, touch: true });
  const { page } = visit;
  await visit.go(`#/robots/${ROBOT}`);
  const floor = page.locator('canvas[data-map="shown"]');
  await floor.waitFor();
  const view = async () => {
    const [x, y, scale] = (await floor.evaluate((canvas) => canvas.style.transform)).match(/-?[\d.]+(?:e-?\d+)?/g).map(Number);
    return { x, y, scale };
  };
  const box = await page.locator('.stage .map').boundingBox();
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const fingers = await page.context().newCDPSession(page);
  const send = (type, points) => fingers.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([dx, dy], id) => ({ x: middle.x + dx, y: middle.y + dy, id })) });

  const start = await view();
  await send('touchStart', [[-30, 0], [30, 0]]);
  for (const apart of [40, 55, 70, 90]) await send('touchMove', [[-apart, 0], [apart, 0]]);
  await send('touchEnd', []);
  await until('two fingers make the map larger', 5_000, async () => (await view()).scale > start.scale * 2);

  const near = await view();
  await send('touchStart', [[0, 0]]);
  for (const moved of [10, 25, 40]) await send('touchMove', [[moved, 0]]);
  await send('touchEnd', []);
  await until('one finger moves the map', 5_000, async () => (await view()).x > near.x + 20);
  assert(Math.abs((await view()).scale - near.scale) < 1e-6, 'one finger changes the size of the map');
  await visit.picture('phone-pinched');
}
