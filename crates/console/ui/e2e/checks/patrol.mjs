// A route is drawn on the map, the robot walks it, verdicts arrive while it does, and the report can be read and printed.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePlaces, onScreen } from '../places.mjs';
import { assert, until } from '../visit.mjs';

const ROBOT = 'robot-a';
const ROUTE = 'browser-check';
const NAMES = ['First place', 'Second place', 'Third place'];
const RUN_MS = 240_000;

export async function patrol(visit) {
  const { page } = visit;
  const api = (path, request) => visit.api(`/api/${ROBOT}/v1/${path}`, request);
  await ready(visit);
  const before = await api('points');
  try {
    await draw(visit);
    const stored = await api('points');
    assert(JSON.stringify(stored.map((point) => point.name)) === JSON.stringify(NAMES), `the stored waypoints are ${stored.map((point) => point.name).join(', ')}`);
    await keep(visit);

    const run = await start(visit);
    await until('a verdict while the robot is under way', RUN_MS, async () => (await page.locator('[data-run-point][data-verdict]').count()) > 0);
    await visit.picture('patrol-running');
    await until('the end of the patrol', RUN_MS, async () => (await page.locator('[data-run-state]').getAttribute('data-run-state')) === 'finished');
    const outcome = await page.locator('[data-run-outcome]').getAttribute('data-run-outcome');
    assert(outcome === 'completed', `the patrol ended as ${outcome}`);
    const verdicts = await page.locator('[data-run-point]').evaluateAll((rows) => rows.map((row) => row.dataset.verdict ?? 'none'));
    assert(verdicts.length === NAMES.length && verdicts.every((verdict) => verdict === 'OK' || verdict === 'NG'), `the verdicts are ${verdicts.join(', ')}`);
    await visit.picture('patrol-finished');

    const pages = await report(visit, run);
    return `patrol ${run} over ${NAMES.length} drawn waypoints: ${verdicts.join(', ')}; a report of ${pages} pages`;
  } finally {
    await api('points', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(before) });
    await fetch(`${visit.base}/api/${ROBOT}/v1/routes/${ROUTE}`, { method: 'DELETE' });
  }
}

/** Waits until the robot is there and free. */
async function ready(visit) {
  await visit.go('#/robots');
  const card = visit.page.locator(`[data-robot-card="${ROBOT}"][data-online="true"]`);
  await card.waitFor({ timeout: 60_000 });
  await until('the robot has no patrol', RUN_MS, async () => {
    const { run } = await visit.api(`/api/${ROBOT}/v1/state`);
    return run === null || run.state === 'finished';
  });
  await until('what the robot sees', 20_000, () => card.locator('canvas').evaluate((canvas) => Number(canvas.dataset.frames) > 0).catch(() => false));
  await visit.picture('robots');
}

async function draw(visit) {
  const { page } = visit;
  await visit.go(`#/robots/${ROBOT}/route`);
  await page.locator('canvas[data-map="shown"]').waitFor();
  await page.locator('[data-save]').waitFor();
  const places = await freePlaces(visit, ROBOT, NAMES.length);
  assert(places.length === NAMES.length, `only ${places.length} places on the map can be reached`);

  for (const entry of await page.locator('[data-point-entry]').all()) {
    void entry;
    const first = page.locator('[data-point-entry]').first();
    if ((await first.getAttribute('aria-expanded')) !== 'true') await first.click();
    await page.locator('[data-delete-point]').click();
  }
  for (const [i, place] of places.entries()) {
    await page.locator('[data-add-on-map]').click();
    const [x, y] = await onScreen(visit, ROBOT, place);
    // Pressed where the waypoint is, and dragged to the right: there it looks.
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 50, y, { steps: 4 });
    await page.mouse.up();
    await page.locator('[data-point-name]').fill(NAMES[i]);
    await page.locator('[data-point-prompt]').fill('Is everything normal?');
  }
  // Deletions can be undone, and what was undone can be done again.
  await page.locator('[data-delete-point]').click();
  assert((await page.locator('[data-point-entry]').count()) === NAMES.length - 1, 'a waypoint was not deleted');
  await page.locator('[data-undo]').click();
  assert((await page.locator('[data-point-entry]').count()) === NAMES.length, 'the deleted waypoint did not come back');
  await visit.picture('route-editor');
  await page.locator('[data-save]').click();
  await page.getByText('Everything is saved').waitFor();
}

async function keep(visit) {
  const { page } = visit;
  await page.locator('[data-routes]').click();
  await page.getByLabel(/^Keep the waypoints/).fill(ROUTE);
  await page.getByRole('button', { name: 'Keep', exact: true }).click();
  await page.getByRole('dialog').getByText(ROUTE, { exact: true }).waitFor();
  await page.keyboard.press('Escape');
}

async function start(visit) {
  const { page } = visit;
  await visit.go(`#/robots/${ROBOT}`);
  await page.locator('[data-start]').waitFor();
  await page.locator('[data-route]').selectOption(ROUTE);
  await page.locator('[data-start]').click();
  await page.locator('[data-run]').waitFor({ timeout: 30_000 });
  return Number(await page.locator('[data-run]').getAttribute('data-run'));
}

async function report(visit, run) {
  const { page } = visit;
  await page.locator('[data-see-report]').click();
  await page.locator('[data-inspection]').first().waitFor();
  const looks = page.locator('[data-inspection]');
  assert((await looks.count()) === NAMES.length, `the record has ${await looks.count()} looks`);
  await until('every photo', 20_000, () => looks.locator('img').evaluateAll((all, count) => all.length === count && all.every((img) => img.naturalWidth > 0), NAMES.length));
  await visit.picture('patrol-record');
  await looks.first().click();
  await page.getByRole('dialog').locator('img').first().waitFor();
  await visit.picture('patrol-evidence');
  await page.keyboard.press('Escape');

  const link = await page.locator('[data-pdf]').getAttribute('href');
  const answer = await fetch(`${visit.base}${link}`);
  assert(answer.ok && (answer.headers.get('content-type') ?? '').startsWith('application/pdf'), `the PDF was answered with ${answer.status}`);
  const file = join(visit.folder, `patrol-${run}.pdf`);
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  const text = execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
  for (const name of NAMES) assert(text.includes(name), `the PDF does not mention “${name}”`);
  execFileSync('pdftoppm', ['-png', '-r', '60', file, join(visit.folder, `patrol-${run}`)]);
  return Number(/^Pages:\s+(\d+)/m.exec(execFileSync('pdfinfo', [file], { encoding: 'utf8' }))?.[1]);
}
