// A zone that is drawn and saved is watched at once: an alert with its name arrives.
import { assert, until } from '../visit.mjs';

const NEXT_ALERT_MS = 150_000;

export async function zones(visit) {
  const camera = await busiest(visit);
  const path = `/streams/api/v1/zones/${camera.id}`;
  const before = await visit.api(path);
  const name = `Drawn ${new Date().toISOString().slice(11, 19)}`;
  try {
    await draw(visit, camera, name);
    const stored = await visit.api(path);
    const zone = stored.forbidden_rois.find((one) => one.name === name);
    assert(zone !== undefined && stored.forbidden_rois.length === 1, `the stored zones are ${JSON.stringify(stored.forbidden_rois.map((one) => one.name))}`);
    const xs = zone.points.map(([x]) => x);
    const ys = zone.points.map(([, y]) => y);
    const span = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    assert(span.every((at, i) => Math.abs(at - [0.02, 0.98, 0.02, 0.98][i]) < 0.02), `the zone was stored elsewhere than drawn: ${span}`);

    await visit.go(`#/alerts?zone=${encodeURIComponent(name)}`);
    const row = visit.page.locator('[data-alert]').filter({ hasText: name }).first();
    await row.waitFor({ timeout: NEXT_ALERT_MS });
    const id = await row.getAttribute('data-alert');
    const alert = await until('the record of the alert', 15_000, () => visit.api(`/alerts/api/v1/alerts/${id}`).catch(() => null));
    assert(alert.roi_name === name && alert.camera_id === camera.id, `the alert names ${alert.roi_name} of ${alert.camera_id}`);
    await visit.picture('zone-alert');
    return `zone “${name}” drawn on ${camera.id}, saved, and named by alert ${id}`;
  } finally {
    await visit.api(path, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(before) });
  }
}

async function draw(visit, camera, name) {
  const { page } = visit;
  await visit.go(`#/zones/${encodeURIComponent(camera.id)}`);
  await page.locator('[data-draw]').waitFor();
  await until('the live picture in the editor', 20_000, () => page.locator('canvas').evaluate((canvas) => Number(canvas.dataset.frames ?? 0) > 2));
  // The first zone that is hit counts, so the others must not stand in the way.
  for (;;) {
    const entries = page.locator('[data-zone-entry]');
    if ((await entries.count()) === 0) break;
    if ((await entries.first().getAttribute('aria-expanded')) !== 'true') await entries.first().click();
    await page.getByRole('button', { name: 'Delete this zone' }).click();
  }
  await page.locator('[data-draw]').click();
  const frame = await page.locator('svg.drawing').boundingBox();
  assert(frame !== null, 'there is nothing to draw on');
  const at = (x, y) => [frame.x + x * frame.width, frame.y + y * frame.height];
  await page.mouse.move(...at(0.02, 0.02));
  await page.mouse.down();
  await page.mouse.move(...at(0.5, 0.5), { steps: 4 });
  await page.mouse.move(...at(0.98, 0.98), { steps: 4 });
  await page.mouse.up();
  await page.locator('[data-zone-name]').fill(name);
  await page.getByRole('radio', { name: /Nothing but the list/ }).check();
  for (const chip of await page.getByRole('group', { name: 'Things that may be in the zones' }).getByRole('button', { name: /^Remove / }).all()) await chip.click();
  await visit.picture('zone-editor');
  await page.locator('[data-save]').click();
  await page.getByText('Everything is saved').waitFor();
  await page.getByText(/^Saved\./).waitFor();
}

/** Returns the camera that has raised most alerts lately, because there something is to be seen. */
async function busiest(visit) {
  const cameras = (await visit.cameras()).filter((camera) => camera.state === 'streaming');
  assert(cameras.length > 0, 'no camera streams');
  const { alerts } = await visit.api('/alerts/api/v1/alerts?limit=200');
  const count = (camera) => alerts.filter((alert) => alert.camera_id === camera.id).length;
  return cameras.reduce((best, camera) => (count(camera) > count(best) ? camera : best));
}
