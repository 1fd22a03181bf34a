// History, reports, costs, schedules, settings and links: each page shows what the service knows, and what is changed there is stored.
import { assert, until } from '../visit.mjs';

const ROBOT = 'robot-a';

export async function records(visit) {
  const { page } = visit;
  const schedule = await schedules(visit);
  const changed = await settings(visit);

  const { runs } = await visit.api('/api/v1/runs?limit=1');
  await visit.go('#/patrols');
  let shared = 'nothing to share';
  if (runs.length > 0) {
    await page.locator(`[data-run-row="${runs[0].id}"]`).click();
    await page.locator('[data-run-status]').waitFor();
    shared = await share(visit, runs[0].id);
  }
  await visit.go('#/reports');
  await visit.picture('reports');
  await visit.go('#/costs');
  await page.locator('[data-total-cost]').waitFor();
  await page.locator('[data-controls] h2').waitFor();
  await visit.picture('costs');
  return `${schedule}; ${changed}; ${shared}`;
}

async function schedules(visit) {
  const { page } = visit;
  await visit.go(`#/schedule/${ROBOT}`);
  await page.locator('[data-add-schedule]:enabled').click();
  await page.getByLabel('Time 1').fill('03:07');
  await page.locator('[data-save-schedule]').click();
  await page.getByText('The schedule is saved.').waitFor();
  const all = await visit.api(`/api/${ROBOT}/v1/schedules`);
  const made = (all.schedules ?? all).find((one) => one.time === '03:07');
  assert(made !== undefined, 'the schedule is not stored');
  await until('the schedule in the week', 10_000, async () => (await page.locator('[data-start="planned"]').filter({ hasText: '03:07' }).count()) > 0);
  await visit.picture('schedule');
  await page.locator(`[data-schedule="${made.id}"]`).getByRole('button', { name: /^Delete/ }).click();
  await page.getByText('The schedule is deleted.').waitFor();
  return 'a schedule made, seen in the week, and deleted';
}

async function settings(visit) {
  const { page } = visit;
  const before = (await visit.api('/api/v1/settings')).video_prompt;
  await visit.go('#/settings');
  const field = page.locator('[data-setting="video_prompt"] textarea');
  await field.fill(`${before} Also look for puddles.`);
  await page.locator('[data-save]').click();
  await page.getByText('Everything is saved').waitFor();
  const stored = (await visit.api('/api/v1/settings')).video_prompt;
  assert(stored === `${before} Also look for puddles.`, `the setting is ${stored}`);
  await visit.picture('settings');
  const area = page.locator('[data-setting="allowed_area"]');
  await area.locator('textarea').fill('0, 0\n5, 0');
  await area.locator('textarea').blur();
  await area.getByText('An area has at least three corners.').waitFor();
  await visit.picture('settings-area');
  await area.locator('textarea').fill('');
  await area.locator('textarea').blur();
  await visit.api('/api/v1/settings', { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ video_prompt: before }) });
  return 'a setting changed and stored';
}

async function share(visit, run) {
  const { page } = visit;
  await page.locator('[data-share]').click();
  await page.getByLabel(/^Password/).fill('browser check');
  await page.getByRole('button', { name: 'Make the link' }).click();
  const address = new URL(await page.getByLabel('The link', { exact: true }).inputValue());
  const { shares } = await visit.api('/api/v1/shares');
  await page.goto(`${visit.base}${address.pathname}`);
  await page.getByLabel('Password').waitFor();
  // A locked link answers 401, which the browser notes in its console.
  visit.forgive();
  await page.getByLabel('Password').fill('browser check');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.locator('[data-run-status]').waitFor();
  assert((await page.getByRole('navigation', { name: 'Main' }).count()) === 0, 'a shared page leads into the console');
  await visit.picture('shared');
  const id = shares.find((one) => address.pathname.endsWith(one.token)).id;
  await fetch(`${visit.base}/api/v1/shares/${id}`, { method: 'DELETE' });
  await page.reload();
  await page.getByText('This link shows nothing').waitFor();
  visit.forgive();
  return `patrol ${run} shared with a password, read, and ended`;
}
