// A robot is driven by hand: it moves while a key is held and stands when it is let go, goes where it is sent, and obeys one operator at a time.
import { freePlaces, onScreen } from '../places.mjs';
import { assert, until } from '../visit.mjs';

const ROBOT = 'robot-b';
const FAR_METRES = 0.08;
const STILL_METRES = 0.02;

export async function drive(visit) {
  const { page } = visit;
  const state = () => visit.api(`/api/${ROBOT}/v1/state`);
  const away = (a, b) => Math.hypot(a.pose.x - b.pose.x, a.pose.y - b.pose.y);
  await until('the robot is there and free', 120_000, async () => {
    const now = await state().catch(() => null);
    return now?.link.state === 'connected' && (now.run === null || now.run.state === 'finished') && now.pose !== null;
  });
  await visit.go(`#/robots/${ROBOT}`);
  await page.locator('canvas[data-map="shown"]').waitFor();
  await page.locator('[data-robot]').waitFor();
  await until('moving pictures', 20_000, () => page.locator('[data-camera-picture] canvas').evaluate((canvas) => Number(canvas.dataset.frames) > 5));

  // Somewhere with room around it; nothing moves before it is confirmed.
  const [place] = await freePlaces(visit, ROBOT, 1);
  assert(place !== undefined, 'no place on the map can be reached');
  await page.locator('[data-aim]').click();
  const [x, y] = await onScreen(visit, ROBOT, place);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y - 50, { steps: 4 });
  await page.mouse.up();
  const start = await state();
  await page.locator('[data-ghost]').waitFor();
  await visit.picture('drive-confirm');
  assert(!(await state()).moving && away(await state(), start) < STILL_METRES, 'the robot moves before it was confirmed');
  await page.locator('[data-go]').click();
  await page.locator('[data-control="ours"]').waitFor();
  await until('the robot is where it was sent', 90_000, async () => {
    const now = await state();
    return Math.hypot(now.pose.x - place.x, now.pose.y - place.y) < 0.3 && !now.moving;
  });

  const stick = page.locator('[data-stick]');
  await stick.focus();
  const before = await state();
  await page.keyboard.down('ArrowRight');
  await until('the robot turns while a key is held', 10_000, async () => Math.abs((await state()).pose.theta - before.pose.theta) > 0.15);
  await page.keyboard.up('ArrowRight');
  await stands(state, 'when the key is let go');

  const standing = await state();
  await page.keyboard.down('KeyW');
  await until('the robot drives while a key is held', 10_000, async () => away(await state(), standing) > FAR_METRES);
  // The key is still down: the page can only know that it no longer sees it.
  await page.evaluate(() => dispatchEvent(new Event('blur')));
  await stands(state, 'when the page loses the focus');
  await page.keyboard.up('KeyW');

  // Somebody else takes control: we are told, and asked before we take it back.
  const headers = { 'content-type': 'application/json' };
  await visit.api(`/api/${ROBOT}/v1/control`, { method: 'POST', headers, body: JSON.stringify({ holder: 'Ana', take_over: true }) });
  await page.getByText('Ana has control').waitFor();
  await visit.picture('drive-taken');
  // The refusal is what is looked for, and the browser notes it in its console.
  await page.locator('[data-take]').click();
  await page.getByRole('dialog').waitFor();
  visit.forgive();
  await page.locator('[data-confirm]').click();
  await page.locator('[data-control="ours"]').waitFor();
  await page.getByRole('button', { name: 'Send home' }).click();
  await until('the robot is on its way home', 15_000, async () => (await state()).moving);
  return `${ROBOT} was sent, turned, driven, stopped by letting go, and sent home`;
}

async function stands(state, when) {
  await new Promise((resolve) => setTimeout(resolve, 700));
  const first = await state();
  await new Promise((resolve) => setTimeout(resolve, 700));
  const second = await state();
  const moved = Math.hypot(first.pose.x - second.pose.x, first.pose.y - second.pose.y);
  assert(moved < STILL_METRES && Math.abs(first.pose.theta - second.pose.theta) < 0.03, `the robot does not stand ${when}: ${moved.toFixed(3)} m`);
}
