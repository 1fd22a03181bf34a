// A patrol over single waypoints: chosen in a list with three clicks, or on the map with two.
import { freePlaces, onScreen } from '../places.mjs';
import { assert, until } from '../visit.mjs';

const ROBOT = 'robot-a';
const RUN_MS = 240_000;
const JSON_BODY = { 'content-type': 'application/json' };

export async function choose(visit) {
  const { page } = visit;
  const api = (path, request) => visit.api(`/api/${ROBOT}/v1/${path}`, request);
  await visit.go(`#/robots/${ROBOT}`);
  await page.locator('canvas[data-map="shown"]').waitFor();
  await idle(api);
  const before = await api('points');
  const places = await freePlaces(visit, ROBOT, 3);
  assert(places.length === 3, `only ${places.length} places on the map can be reached`);
  const points = places.map((place, i) => ({ id: `check-${i}`, name: `Place ${i + 1}`, ...place, theta: 0, prompt: 'Is everything normal?', enabled: true }));
  await api('points', { method: 'PUT', headers: JSON_BODY, body: JSON.stringify(points) });
  try {
    await visit.go(`#/robots/${ROBOT}`);
    await page.locator('[data-start]:enabled').waitFor();
    let clicks = 0;
    for (const what of ['[data-choose]', '[data-pick="check-1"]', '[data-start]']) {
      await page.locator(what).click();
      clicks += 1;
      if (clicks === 2) await visit.picture('choose-waypoints');
    }
    await visited(visit, api, ['check-1']);

    // On the map: the waypoint, and what to do there.
    await visit.go(`#/robots/${ROBOT}`);
    await page.locator('canvas[data-map="shown"]').waitFor();
    await page.locator('[data-start]').waitFor();
    const [x, y] = await onScreen(visit, ROBOT, points[2]);
    await page.mouse.click(x, y);
    await page.locator('[data-visit]').waitFor();
    await visit.picture('choose-on-map');
    await page.locator('[data-visit]').click();
    await visited(visit, api, ['check-2']);
    return `one of three waypoints visited with ${clicks} clicks in the list, another with 2 on the map`;
  } finally {
    await api('points', { method: 'PUT', headers: JSON_BODY, body: JSON.stringify(before) });
  }
}

async function idle(api) {
  await until('the robot has no patrol', RUN_MS, async () => {
    const { run } = await api('state');
    return run === null || run.state === 'finished';
  });
}

/** Waits until a patrol over exactly these waypoints has ended well. */
async function visited(visit, api, ids) {
  const { page } = visit;
  await page.locator('[data-run]').waitFor({ timeout: 30_000 });
  const shown = await page.locator('[data-run-point]').evaluateAll((rows) => rows.map((row) => row.dataset.runPoint));
  assert(JSON.stringify(shown) === JSON.stringify(ids), `the patrol visits ${shown.join(', ')}`);
  await until('the end of the patrol', RUN_MS, async () => (await page.locator('[data-run-state]').getAttribute('data-run-state')) === 'finished');
  const outcome = await page.locator('[data-run-outcome]').getAttribute('data-run-outcome');
  assert(outcome === 'completed', `the patrol ended as ${outcome}`);
  await idle(api);
}
