// The alert list receives alerts as they happen, with their pictures, facts and deliveries.
import { assert, until } from '../visit.mjs';

const NEXT_ALERT_MS = 120_000;

export async function alerts(visit) {
  await visit.go('#/alerts');
  const rows = visit.page.locator('[data-alert]');
  const ids = () => rows.evaluateAll((all) => all.map((row) => row.dataset.alert));
  await until('the list is loaded', 15_000, async () => (await visit.page.locator('.bone').count()) === 0);
  const before = new Set(await ids());
  const fresh = await until('a live alert', NEXT_ALERT_MS, async () => (await ids()).find((id) => !before.has(id)));

  const row = visit.page.locator(`[data-alert="${fresh}"]`);
  await row.click();
  await until('the picture of the alert', 15_000, () =>
    visit.page.locator('.detail img').evaluateAll((all) => all.some((img) => img.complete && img.naturalWidth > 200)),
  );
  await visit.page.getByText('Certainty').waitFor();
  const recorded = await until('the record of the alert', 15_000, () => visit.api(`/alerts/api/v1/alerts/${fresh}`).catch(() => null));
  await until('the delivery is shown', 20_000, async () => {
    const text = await visit.page.locator('.detail').innerText();
    return /Delivered|Trying again|Not delivered|Nobody/.test(text);
  });
  await visit.picture('alert');

  await visit.page.getByLabel('Camera', { exact: true }).selectOption(recorded.camera_id);
  await until('the filter is in the address', 5_000, () => visit.page.url().includes('camera='));
  await until('only alerts of that camera', 15_000, async () => {
    const shown = await ids();
    if (shown.length === 0) return false;
    const page = await visit.api(`/alerts/api/v1/alerts?camera=${recorded.camera_id}&limit=500`);
    const known = new Set(page.alerts.map((alert) => alert.alert_id));
    return shown.every((id) => known.has(id));
  });
  const link = visit.page.url();
  await visit.page.reload();
  await until('the same list under the same link', 15_000, async () => (await rows.count()) > 0);
  assert(visit.page.url() === link, 'the link changed by itself');

  await visit.go('#/system');
  await visit.page.locator('.toast a').first().waitFor({ timeout: NEXT_ALERT_MS });
  assert(/^\(\d+\+?\) /.test(await visit.page.title()), `the title does not count new alerts: ${await visit.page.title()}`);
  await visit.picture('toast');
  return `live alert ${fresh} with picture, ${recorded.deliveries.length} deliveries, filter and toast`;
}
